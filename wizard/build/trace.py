"""Folds the events of a build into a BuildTrace.

The same fold serves a running build, a replayed one, a screen, a pipe and a report. It knows no clock: whoever wants
the state of this moment says what time it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from wizard.build import failure
from wizard.build.critical import critical_path
from wizard.build.events import BuildEnd, BuildEvent, BuildStart, BuildWarning, Log, Status, Vertex
from wizard.build.graph import Graph, StageKey
from wizard.build.logs import plain
from wizard.build.records import VertexRecord, combined, inferred_cached
from wizard.build.steps import Kind
from wizard.build.values import BuildError, BuildTrace, Segment, StageTrace, StepTrace, TaskTrace, length, union
from wizard.dockerfile.document import Document

TEXT_LINES = 2000
"""Plain lines of the builder that are kept."""

SCHEMA = "dockwiz.trace/1"


class Reducer:
    """The accumulator: `feed` it every event, ask it for a `snapshot` at any time, `finish` it at the end."""

    def __init__(self) -> None:
        self._graph = Graph()
        self._warnings: dict[BuildWarning, None] = {}
        self._text: list[str] = []
        self._orphans: dict[str, list[Log | Status]] = {}
        self._command: tuple[str, ...] = ()
        self._end: BuildEnd | None = None
        self._ended = False
        self._latest = 0.0
        self._began: float | None = None
        self._offset: float | None = None

    def feed(self, event: BuildEvent | str, received: float | None = None) -> None:
        """Takes one event or plain line.

        `received`: the local time of its arrival, from which the distance to the engine's clock is learned.
        """
        match event:
            case str():
                self.text(event)
            case Vertex():
                event = self._own_time(event)
                self._graph.update(event)
                for waiting in self._orphans.pop(event.digest, ()):
                    self._on(waiting)
                self._moment(max(filter(None, (event.started, event.completed)), default=None), received)
            case Status():
                self._on(event)
                self._moment(event.timestamp, received)
            case Log():
                self._on(event)
                self._moment(event.timestamp, received)
            case BuildWarning():
                self._warnings.setdefault(event)
                if event.source and not self._graph.has_table:
                    self._graph.use_source(_document(event.source))
            case BuildStart():
                self._command = event.command
                if event.source:
                    self._graph.use_source(_document(event.source))
            case BuildEnd():
                self._end = event
                self._ended = True
                self._graph.use_exact_lines(event.lines)

    def text(self, line: str) -> None:
        """Takes a plain line of the builder."""
        if len(self._text) < TEXT_LINES:
            self._text.append(line)

    def snapshot(self, now: float | None = None) -> BuildTrace:
        """The state at `now` (local clock, seconds since the epoch), or at the last moment that an event names."""
        if now is None or self._ended:
            return self._trace(self._latest)
        return self._trace(max(self._latest, now - (self._offset or 0.0)))

    def part(self, digest: str) -> StepTrace | TaskTrace | None:
        """The step or task that a vertex belongs to, at the last moment that an event names; None for an unknown one.

        Cheaper than a snapshot, and does not know yet which steps another one's cached result makes unnecessary.
        """
        record = self._graph.records.get(digest)
        if record is None:
            return None
        if record.step is None or record.kind is not Kind.STEP:
            return self._task(record, self._latest, frozenset())
        group = self._graph.steps[(record.step.platform, record.step.stage, record.step.index)]
        return self._step(group, self._latest, frozenset())

    def finish(self) -> BuildTrace:
        """The final state: the stream has ended, whether or not it says how."""
        self._ended = True
        return self._trace(self._latest)

    def _own_time(self, vertex: Vertex) -> Vertex:
        """The vertex without the time before this build began.

        A step that another client's build is running already is shared, and reports when that one started it. Every
        build first loads its definition, and never shares that.
        """
        if vertex.started is None:
            return vertex
        if self._began is None and vertex.name.startswith("[internal] load build definition"):
            self._began = vertex.started
        if self._began is None or vertex.started >= self._began:
            return vertex
        completed = None if vertex.completed is None else max(vertex.completed, self._began)
        return replace(vertex, started=self._began, completed=completed)

    def _moment(self, time: float | None, received: float | None) -> None:
        if time is None:
            return
        self._latest = max(self._latest, time)
        if received is not None:
            # The quickest message tells the clocks' distance best: the others waited longer on their way.
            distance = received - time
            self._offset = distance if self._offset is None else min(self._offset, distance)

    def _on(self, event: Log | Status) -> None:
        record = self._graph.records.get(event.vertex)
        if record is None:
            self._orphans.setdefault(event.vertex, []).append(event)
        elif isinstance(event, Log):
            record.log.feed(event.stream, event.data)
        else:
            record.statuses[event.id] = event

    def _trace(self, now: float) -> BuildTrace:
        records = tuple(self._graph.records.values())
        inferred = inferred_cached(self._graph.records)
        cause = failure.root_cause(records)
        critical = critical_path(self._graph.records, now, cause)
        stages = self._stages(critical, now, inferred)
        outcome = self._outcome(records, stages)
        started = min((r.started for r in records if r.started is not None), default=None)
        tasks = tuple(self._task(r, now, inferred) for r in records if r.kind is not Kind.STEP)
        return BuildTrace(
            outcome=outcome,
            started=started,
            seconds=0.0 if started is None else max(0.0, now - started),
            stages=stages,
            tasks=tasks,
            context_bytes=sum(task.current for task in tasks if task.kind is Kind.CONTEXT),
            export_seconds=length(i for task in tasks if task.kind is Kind.EXPORT for i in task.intervals),
            critical=self._segments(critical, now),
            warnings=tuple(self._warnings),
            error=self._error(cause) if outcome == "failed" else None,
            text=tuple(self._text),
            command=self._command,
        )

    def _outcome(self, records: Sequence[VertexRecord], stages: Sequence[StageTrace]) -> str:
        if self._end is not None:
            return self._end.outcome
        if not self._ended:
            return "running"
        not_run = any(step.state == "not-run" for stage in stages for step in stage.steps)
        return failure.outcome(records, self._text, not_run)

    def _step(self, group: Sequence[VertexRecord], now: float, inferred: frozenset[str]) -> StepTrace:
        intervals = union(interval for record in group for interval in record.intervals(now))
        # The copying vertex of a pair carries the plain command, the merging one "LINK".
        names = [record.step for record in group if record.step is not None]
        name = next((name for name in names if not name.link), names[0])
        return StepTrace(
            stage=self._graph.stage_name(name),
            platform=name.platform,
            index=name.index,
            total=name.total,
            command=name.command,
            line=self._graph.line(name),
            state=combined({record.state(self._ended, inferred) for record in group}),
            seconds=length(intervals),
            intervals=intervals,
            log=tuple(text for record in group for text in record.log.tail()),
            log_lines=sum(record.log.total for record in group),
            clipped=any(record.log.clipped for record in group),
            error=next((record.error for record in group if record.error), ""),
        )

    def _stages(self, critical: Sequence[VertexRecord], now: float, inferred: frozenset[str]) -> tuple[StageTrace, ...]:
        steps: dict[StageKey, list[StepTrace]] = {key: [] for key in self._graph.stage_order()}
        for (platform, stage, _), group in self._graph.steps.items():
            steps[platform, stage].append(self._step(group, now, inferred))
        waited: dict[StageKey, list[VertexRecord]] = {key: [] for key in steps}
        names = {}
        for record in self._graph.records.values():
            if record.step is not None:
                names[record.step.platform, record.step.stage] = self._graph.stage_name(record.step)
        for record in critical:
            if record.step is not None and record.kind is Kind.STEP:
                waited[record.step.platform, record.step.stage].append(record)
        stages = []
        for key, own in steps.items():
            intervals = union(interval for step in own for interval in step.intervals)
            stages.append(
                StageTrace(
                    name=names[key],
                    platform=key[0],
                    steps=tuple(sorted(own, key=lambda step: step.index)),
                    seconds=length(intervals),
                    critical_seconds=length(i for record in waited[key] for i in record.intervals(now)),
                    intervals=intervals,
                )
            )
        return tuple(stages)

    def _task(self, record: VertexRecord, now: float, inferred: frozenset[str]) -> TaskTrace:
        intervals = record.intervals(now)
        statuses = record.statuses.values()
        transfers = [s for s in statuses if s.id.startswith(("transferring ", "sha256:"))]
        active = [s for s in statuses if s.completed is None and not s.id.startswith("sha256:")]
        return TaskTrace(
            name=plain(self._graph.name(record)),
            kind=record.kind,
            stage=self._graph.stage_name(record.step) if record.step else None,
            state=record.state(self._ended, inferred),
            seconds=length(intervals),
            intervals=intervals,
            current=sum(status.current for status in transfers),
            total=sum(status.total for status in transfers),
            phase=plain(active[-1].name or active[-1].id) if active else "",
            error=record.error,
        )

    def _segments(self, critical: Sequence[VertexRecord], now: float) -> tuple[Segment, ...]:
        """The critical path with the vertexes of one step joined."""
        segments: list[Segment] = []
        for record in critical:
            numbered = record.step is not None and record.kind is Kind.STEP
            label = (
                self._graph.label(record.step)
                if record.step is not None and numbered
                else plain(self._graph.name(record))
            )
            if segments and segments[-1].label == label:
                segments[-1] = Segment(label, record.kind, segments[-1].seconds + record.seconds(now))
            else:
                segments.append(Segment(label, record.kind, record.seconds(now)))
        return tuple(segments)

    def _error(self, cause: VertexRecord | None) -> BuildError:
        own = self._end.message if self._end else ""
        line = failure.place(self._text)
        excerpt = failure.excerpt(self._text)
        if cause is None:
            said = own or failure.error_text(self._text) or "the recorded stream ends in the middle of the build"
            lost = failure.engine_lost(self._text)
            return BuildError(message=plain(said), line=line, excerpt=excerpt, engine_lost=lost)
        step = cause.step
        if line is None and step is not None:
            line = self._graph.line(step) or self._graph.stage_line(step)
        return BuildError(
            message=plain(own or cause.error),
            stage=self._graph.stage_name(step) if step else None,
            label=self._graph.label(step) if step else plain(cause.name),
            line=line,
            exit_code=failure.exit_code(cause.error),
            log=cause.log.tail(),
            excerpt=excerpt,
        )


def trace_json(trace: BuildTrace) -> dict[str, Any]:
    """The trace in the schema dockwiz.trace/1. Times are rounded to the millisecond."""
    error = trace.error
    return {
        "schema": SCHEMA,
        "outcome": trace.outcome,
        "seconds": round(trace.seconds, 3),
        "steps_total": trace.steps_total,
        "steps_cached": trace.steps_cached,
        "context_bytes": trace.context_bytes,
        "export_seconds": round(trace.export_seconds, 3),
        "stages": [
            {
                "name": stage.name,
                "platform": stage.platform,
                "seconds": round(stage.seconds, 3),
                "critical_seconds": round(stage.critical_seconds, 3),
                "steps": [step_json(step) for step in stage.steps],
            }
            for stage in trace.stages
        ],
        "critical_path": list(trace.critical_path),
        "critical_segments": [
            {"label": segment.label, "kind": segment.kind.value, "seconds": round(segment.seconds, 3)}
            for segment in trace.critical
        ],
        "warnings": [
            {"short": w.short, "detail": w.detail, "url": w.url, "file": w.file, "line": w.line} for w in trace.warnings
        ],
        "error": None
        if error is None
        else {
            "stage": error.stage,
            "line": error.line,
            "exit_code": error.exit_code,
            "message": error.message,
            "log": [plain(line) for line in error.log[-20:]],
        },
    }


def step_json(step: StepTrace) -> dict[str, Any]:
    """One step of the schema."""
    return {
        "index": step.index,
        "command": plain(step.command),
        "line": step.line,
        "state": step.state,
        "seconds": round(step.seconds, 3),
    }


def _document(source: bytes) -> Document | None:
    from wizard.dockerfile.scanner import parse
    from wizard.errors import DockwizError

    try:
        return parse(source)
    except DockwizError:
        return None


__all__ = ["SCHEMA", "BuildTrace", "Reducer", "step_json", "trace_json"]
