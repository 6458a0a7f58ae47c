"""The whole output of every step of a build, beyond the tail that a trace carries."""

from __future__ import annotations

from collections.abc import Sequence

from wizard.build.events import BuildEvent, Log, Vertex
from wizard.build.logs import LogTail, plain
from wizard.build.steps import StepName, parse_name
from wizard.build.values import StepTrace

MOST_LINES = 200_000
"""Of one step; the builder itself clips at 2 MiB a step unless that limit is lifted."""


class LogStore:
    """Filled by the thread that reads the build, read by the interface: lines are only ever appended."""

    def __init__(self) -> None:
        self._names: dict[str, StepName] = {}
        self._tails: dict[str, LogTail] = {}
        self._lines: dict[str, list[str]] = {}

    def feed(self, event: BuildEvent | str) -> None:
        """Take one event of the build."""
        if isinstance(event, Vertex):
            name = parse_name(event.name)
            if name is not None:
                self._names[event.digest] = name
        elif isinstance(event, Log):
            lines = self._lines.setdefault(event.vertex, [])
            ended = self._tails.setdefault(event.vertex, LogTail(1)).feed(event.stream, event.data)
            lines.extend(plain(text) for text in ended[: max(MOST_LINES - len(lines), 0)])

    def lines(self, step: StepTrace) -> Sequence[str]:
        """What the step has printed so far; its tail of the trace where the store knows nothing of it."""
        for digest, name in list(self._names.items()):
            same_stage = name.only_stage or name.stage == step.stage
            if same_stage and name.index == step.index and name.platform == step.platform and digest in self._lines:
                return self._lines[digest]
        return tuple(plain(text) for text in step.log)
