"""`dockwiz compare`: build before and after, measure both, and say whether they do the same job."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from screens.commands.prepare import Repo, open_repo, plan_repo, request_of
from wizard.build.engines import connect, find_engine
from wizard.compare.defaults import as_it_is, since_last_apply, with_plan
from wizard.compare.last import save_last
from wizard.compare.libraries.remembered import remember
from wizard.compare.session import Options, compare, forecast_for
from wizard.compare.sides import Side, parse_side
from wizard.compare.sizes import saved_bytes
from wizard.compare.values import Change, Comparison, Progress
from wizard.errors import BadInput, BuildFailed
from wizard.history.measurements import known, of_comparison
from wizard.history.store import entries, record
from wizard.report.json import comparison_json
from wizard.report.markdown import markdown

INTERRUPTED = 130


def run(options: argparse.Namespace) -> int:
    repo = open_repo(options)
    before, after, change, saved = _sides(repo, options)
    if after.workspace is not None and after.dockerfile is not None and after.workspace.root == repo.workspace.root:
        # Without -f the last apply says which Dockerfile is meant.
        repo = repo._replace(dockerfile=after.dockerfile)
    engine = find_engine(options.builder)
    settings = Options(
        scenarios=options.scenario,
        runs=options.runs,
        like=request_of(repo, options),
        link=options.link,
        change=change,
        known=known(entries(repo.state), repo.dockerfile),
        saved_bytes=saved,
    )
    _say(forecast_for(before, after, engine, connect(), settings).in_words())
    cancel = threading.Event()
    with _cancelled_by_signals(cancel):
        comparison = compare(before, after, engine, connect(), repo.state, settings, _on_progress, cancel=cancel)
    return finish(repo, comparison, as_json=options.json, output=options.output)


def finish(repo: Repo, comparison: Comparison, *, as_json: bool, output: Path | None) -> int:
    """Keep what was found, print the report, and give the exit code."""
    save_last(comparison, repo.state, repo.workspace.context, repo.dockerfile)
    remember(comparison, repo.state, repo.dockerfile)
    note = record(repo.state, of_comparison(comparison, repo.workspace.root, repo.dockerfile))
    if note is not None:
        _say(note)
    text = json.dumps(comparison_json(comparison), indent=2) if as_json else markdown(comparison)
    print(text)
    if output is not None:
        write_report(output, text)
    if comparison.cancelled:
        return INTERRUPTED
    # A new image that alone does not build is not equivalent: the change broke the build, which is what was asked.
    if comparison.verdict == "different":
        return 1
    failed = comparison.after.error is not None or comparison.before.error is not None
    return BuildFailed.exit_code if failed else 0


def write_report(path: Path, text: str) -> None:
    """Write the report to a file. Raises BadInput where that cannot be."""
    try:
        path.write_text(text if text.endswith("\n") else text + "\n", "utf-8")
    except OSError as error:
        raise BadInput(f"cannot be written: {(error.strerror or '').lower()}", path=str(path)) from error


def _sides(repo: Repo, options: argparse.Namespace) -> tuple[Side, Side, Change, int]:
    """What was asked for; by default before the last apply and now, else now and the plan not yet applied. And the
    bytes that the plan says it takes out of the image, 0 where there is no plan.
    """
    saved = 0
    found = since_last_apply(repo.workspace, repo.state, repo.dockerfile if options.file else None)
    if found is None and not (options.before and options.after):
        plan = plan_repo(repo, options)
        found, saved = with_plan(plan), saved_bytes(plan)
    if found is None and not (options.before or options.after):
        raise BadInput(
            "there is nothing to compare: no change was applied, and the plan changes nothing",
            hint="name the two sides with --before and --after",
        )
    here = (repo.workspace, repo.dockerfile)
    before, after, change = found or (as_it_is("before", *here), as_it_is("after", *here), Change())
    if options.before:
        before, change = parse_side("before", options.before, repo.workspace, repo.dockerfile), Change()
    if options.after:
        after, change = parse_side("after", options.after, repo.workspace, repo.dockerfile), Change()
    return before, after, change, saved


def _on_progress(progress: Progress) -> None:
    run = progress.run
    if run is None:
        _say(f"[{progress.done}/{progress.total}] {progress.message}")
    elif run.outcome == "done":
        cached = f", {run.steps_cached} of {run.steps_total} steps cached"
        _say(f"[{progress.done}/{progress.total}] {progress.message}: {run.seconds:.1f} s{cached}")
    else:
        _say(f"[{progress.done}/{progress.total}] {progress.message}: {run.outcome}. {run.error or ''}")


def _say(text: str) -> None:
    """Talk goes to stderr: stdout is the report."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def _cancelled_by_signals(cancel: threading.Event) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the comparison in an orderly way: what was found so far is reported."""

    def on_signal(*_: object) -> None:
        if cancel.is_set():
            raise KeyboardInterrupt
        _say("dockwiz: stopping (once more to stop at once)")
        cancel.set()

    previous = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
