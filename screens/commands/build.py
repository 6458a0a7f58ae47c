"""`dockwiz build`: one real build with progress for a pipe or a terminal, or a recorded one played back."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace

from screens.commands.prepare import Repo, open_repo, request_of
from wizard.build.buildx import start
from wizard.build.engines import find_engine
from wizard.build.events import BuildEvent
from wizard.build.marks import BUILD_LABELS
from wizard.build.plain import json_lines, plain_lines
from wizard.build.replay import replay
from wizard.build.request import display_command
from wizard.build.stored import new_log
from wizard.build.trace import Reducer
from wizard.dockerfile.directives import detected
from wizard.dockerfile.scanner import parse
from wizard.errors import NoEngine
from wizard.history.measurements import of_build
from wizard.history.store import record
from wizard.inspection.context.measure import read_ignore_file


def run(options: argparse.Namespace) -> int:
    if options.replay is not None:
        return _show(replay(options.replay), options.progress)
    repo = open_repo(options)
    _read_what_is_built(repo)
    engine = find_engine(options.builder)
    request = replace(
        request_of(repo, options),
        tag=options.tag,
        platforms=tuple(options.platform.split(",")) if options.platform else (),
        no_cache=options.no_cache,
        cache_from=tuple(options.cache_from),
        cache_to=tuple(options.cache_to),
        load=options.tag is not None and engine.driver != "docker",
        labels={} if options.tag else BUILD_LABELS,
    )
    if options.progress != "json":
        print(f"$ {' '.join(display_command(request))}", file=sys.stderr)
    with start(request, engine, new_log(repo.state)) as running:
        try:
            code = _show(running.events(), options.progress)
        except KeyboardInterrupt:
            print("dockwiz: cancelling the build", file=sys.stderr)
            running.cancel()
            running.wait()
            return 130
        result = running.wait()
        note = record(repo.state, of_build(result, engine, repo.workspace.root, repo.dockerfile))
        if note is not None:
            print(f"dockwiz: {note}", file=sys.stderr)
        if result.engine_lost:
            raise NoEngine(
                "the build ended in the middle: the Docker engine stopped answering",
                hint="build again once it is back: `dockwiz doctor` says whether it is",
            )
        return code


def _read_what_is_built(repo: Repo) -> None:
    """Raises a DockwizError, before a builder is asked, where BuildKit would refuse the Dockerfile or its ignore file.

    A frontend of one's own (`# syntax=`) may read another language, so it has the say.
    """
    source = repo.workspace.read(repo.dockerfile)
    if detected(source, "syntax") is None:
        parse(source, repo.dockerfile)
    read_ignore_file(repo.workspace, repo.dockerfile)


def _show(events: Iterable[BuildEvent | str], progress: str) -> int:
    reducer = Reducer()
    lines: Iterator[str] = json_lines(events, reducer) if progress == "json" else plain_lines(events, reducer)
    for line in lines:
        print(line, flush=True)
    return reducer.finish().exit_code
