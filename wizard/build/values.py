"""The reduced state of one build: what a screen, a pipe or a report shows of it.

Times are seconds: points in time since the epoch (the engine's clock), durations without origin. Lines are 1-based.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from wizard.build.events import BuildWarning
from wizard.build.steps import Kind
from wizard.errors import BuildFailed, NoEngine

Interval = tuple[float, float]
"""Start and end, the end not before the start."""


def union(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The same points in time without overlaps, in order."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def length(intervals: Iterable[Interval]) -> float:
    """Seconds covered by the intervals, overlaps counted once."""
    return sum((end - start for start, end in union(intervals)), 0.0)


@dataclass(frozen=True, slots=True)
class StepTrace:
    """One numbered instruction of a stage (the two vertexes of a `COPY --link` are one step)."""

    stage: str
    platform: str | None
    index: int
    total: int
    command: str
    """As BuildKit prints it: variables expanded."""
    line: int | None
    """Of the Dockerfile, None where it is not known."""
    state: str
    """`waiting` or `running` in a running build, else `cached`, `done`, `failed`, `cancelled` or `not-run`."""
    seconds: float
    intervals: tuple[Interval, ...]
    log: tuple[str, ...] = ()
    """The last lines of output; colours kept, otherwise harmless to print."""
    log_lines: int = 0
    """How many lines the step has written."""
    clipped: bool = False
    """The builder left out a part of the output."""
    error: str = ""

    @property
    def label(self) -> str:
        return " ".join(part for part in (self.platform, self.stage, str(self.index)) if part)


@dataclass(frozen=True, slots=True)
class TaskTrace:
    """A vertex that is no numbered instruction: base image, build context, export, BuildKit's own work."""

    name: str
    kind: Kind
    stage: str | None
    """The stage that a base image is printed with: one vertex may serve several stages."""
    state: str
    seconds: float
    intervals: tuple[Interval, ...]
    current: int = 0
    """Bytes transferred."""
    total: int = 0
    """Bytes to transfer, 0 where the builder does not say."""
    phase: str = ""
    """What it does now, e.g. `exporting layers`."""
    error: str = ""


@dataclass(frozen=True, slots=True)
class StageTrace:
    """The steps of one stage, in the order of the Dockerfile."""

    name: str
    """As BuildKit calls it: lower case, `stage-N` where it has none."""
    platform: str | None
    steps: tuple[StepTrace, ...]
    seconds: float
    """Time in which at least one of its steps ran. The base image does not count: it may serve several stages."""
    critical_seconds: float
    """The part of it that the whole build waited for."""
    intervals: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class Segment:
    """One piece of the critical path: from the first thing that all later ones waited for, to the export."""

    label: str
    """`stage index` for a step, else the vertex name."""
    kind: Kind
    seconds: float


@dataclass(frozen=True, slots=True)
class BuildError:
    """The root cause of a failure, never a step that was cancelled because of it."""

    message: str
    stage: str | None = None
    label: str | None = None
    line: int | None = None
    exit_code: int | None = None
    """Of the failing command."""
    log: tuple[str, ...] = ()
    """The last lines of the failing step."""
    excerpt: tuple[str, ...] = ()
    """The builder's own words on plain lines: the place in the Dockerfile and its neighbours."""
    engine_lost: bool = False
    """Nothing is known to be wrong with the build: the engine stopped answering."""

    @property
    def place(self) -> str:
        """`web.Dockerfile:6`, the file as the builder names it; empty where no line is known."""
        if self.excerpt:
            return self.excerpt[0]
        return f"Dockerfile:{self.line}" if self.line is not None else ""


@dataclass(frozen=True, slots=True)
class BuildTrace:
    """Everything known of a build at one moment."""

    outcome: str
    """`running`, `done`, `failed` or `cancelled`."""
    started: float | None
    """First moment that any vertex reports; None before."""
    seconds: float
    """Wall clock from there to the last moment reported (to now in a running build)."""
    stages: tuple[StageTrace, ...]
    tasks: tuple[TaskTrace, ...]
    context_bytes: int
    """What this build transferred: a warm builder asks only for what changed. No measure of the context's size."""
    export_seconds: float
    critical: tuple[Segment, ...]
    warnings: tuple[BuildWarning, ...]
    error: BuildError | None
    text: tuple[str, ...]
    """The builder's plain lines."""
    command: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """What the command line exits with."""
        if self.error is not None and self.error.engine_lost:
            return NoEngine.exit_code
        return {"done": 0, "cancelled": 130}.get(self.outcome, BuildFailed.exit_code)

    @property
    def steps(self) -> tuple[StepTrace, ...]:
        return tuple(step for stage in self.stages for step in stage.steps)

    @property
    def steps_total(self) -> int:
        return len(self.steps)

    @property
    def steps_cached(self) -> int:
        return sum(step.state == "cached" for step in self.steps)

    @property
    def steps_finished(self) -> int:
        return sum(step.state in ("cached", "done") for step in self.steps)

    @property
    def critical_path(self) -> tuple[str, ...]:
        """Labels of the steps that the build waited for, first to last."""
        return tuple(segment.label for segment in self.critical if segment.kind is Kind.STEP)
