"""How long each step took when it last really ran, from the stored logs of builds of one Dockerfile."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.errors import DockwizError
from wizard.inspection.step_times import StepTime, StepTimes, step_key
from wizard.state import StateFolder

if TYPE_CHECKING:
    from wizard.build.events import BuildStart

NEWEST = 5
"""Logs of this Dockerfile that are read: a step that was cached in all of them has no time."""
MOST_BYTES = 4_000_000
"""Of a log. Larger ones are passed over: to read them would take longer than the plan."""


def read_step_times(state: StateFolder, root: Path, context: str, dockerfile: str) -> StepTimes:
    """The times of a Dockerfile's steps; empty where none was built here. `context`, `dockerfile`: relative to root.

    A log that cannot be read tells nothing, and is no error: it is about the past.
    """
    try:
        logs = sorted((state.path / "builds").glob("*.jsonl"), reverse=True)
    except OSError:
        return {}
    found: dict[str, StepTime] = {}
    read = 0
    for log in logs:
        if read == NEWEST:
            break
        times = _times_of(log, (root / context).resolve(), (root / dockerfile).resolve())
        read += times is not None
        found = {**(times or {}), **found}
    return found


def _is_of(start: BuildStart, context: Path, dockerfile: Path) -> bool:
    """Whether a build was one of this Dockerfile with this build context."""
    named = next((word.removeprefix("--file=") for word in start.command if word.startswith("--file=")), "")
    return Path(named).resolve() == dockerfile and Path(start.command[-1]).resolve() == context


def _times_of(log: Path, context: Path, dockerfile: Path) -> dict[str, StepTime] | None:
    """The times that one log tells; None where it is of another build."""
    from wizard.build.events import BuildStart
    from wizard.build.replay import replay
    from wizard.build.trace import Reducer
    from wizard.dockerfile.scanner import parse

    try:
        if log.stat().st_size > MOST_BYTES:
            return None
        events = replay(log)
        start = next(events, None)
        if not isinstance(start, BuildStart) or not start.source or not _is_of(start, context, dockerfile):
            return None
        document = parse(start.source, start.dockerfile)
        reducer = Reducer()
        for event in (start, *events):
            reducer.feed(event)
    except (DockwizError, OSError):
        return None
    date = time.strftime("%Y-%m-%d", time.localtime(start.started)) if start.started else log.name[:8]
    instructions = {one.start_line: one for one in document.instructions}
    found: dict[str, StepTime] = {}
    for step in reducer.finish().steps:
        if step.state == "done" and step.line in instructions:
            key = step_key(document, instructions[step.line])
            # The same words in two stages: the shorter time promises less.
            earlier = found.get(key)
            found[key] = StepTime(step.seconds if earlier is None else min(step.seconds, earlier.seconds), date)
    return found
