"""Folds the events of a build into a BuildTrace.

The same fold serves a running build, a replayed one, a screen, a pipe and a report. It knows no clock: whoever wants
the state of this moment says what time it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wizard.build import failure
from wizard.build.critical import critical_path
from wizard.build.events import BuildEnd, BuildEvent, BuildStart, BuildWarning, Log, Status, Vertex
from wizard.build.lines import LineTable
from wizard.build.logs import plain
from wizard.build.records import VertexRecord, combined, depths, inferred_cached, new_record
from wizard.build.steps import SINGLE_STAGE, Kind, StepName
from wizard.build.values import BuildError, BuildTrace, Segment, StageTrace, StepTrace, TaskTrace, length, union

TEXT_LINES = 2000
"""Plain lines of the builder that are kept."""

SCHEMA = "dockwiz.trace/1"

_StepKey = tuple[str | None, str, int]
"""Platform, stage, number."""


class Reducer:
    """The accumulator: `feed` it every event, ask it for a `snapshot` at any time, `finish` it at the end."""

    def __init__(self) -> None:
        self._records: dict[str, VertexRecord] = {}
        self._warnings: dict[BuildWarning, None] = {}
        self._text: list[str] = []
        self._orphans: dict[str, list[Log | Status]] = {}
        self._start: BuildStart | None = None
        self._end: BuildEnd | None = None
        self._ended = False
        self._latest: float | None = None
        self._offset: float | None = None
        self._table: LineTable | None = None

    def feed(self, event: BuildEvent | str, received: float | None = None) -> None:
        """Takes one event or plain line.

        `received`: the local time of its arrival, from which the distance to the engine's clock is learned.
        """
        match event:
            case str():
                self.text(event)
            case Vertex():
                self._vertex(event)
                self._moment(max(filter(None, (event.started, event.completed)), default=None), received)
            case Status():
                self._on(event)
                self._moment(event.timestamp, received)
            case Log():
                self._on(event)
                self._moment(event.timestamp, received)
            case BuildWarning():
                self._warnings.setdefault(event)
                if event.source and self._table is None:
                    self._table = _line_table(event.source)
            case BuildStart():
                self._start = event
                if event.source:
                    self._table = _line_table(event.source)
            case BuildEnd():
                self._end = event
                self._ended = True

    def text(self, line: str) -> None:
        """Takes a plain line of the builder."""
        if len(self._text) < TEXT_LINES:
            self._text.append(line)

    def snapshot(self, now: float | None = None) -> BuildTrace:
        """The state at `now` (local clock, seconds since the epoch), or at the last moment that an event names."""
        latest = self._latest or 0.0
        if now is None or self._ended:
            return self._trace(latest)
        return self._trace(max(latest, now - (self._offset or 0.0)))

    def place(self, digest: str) -> str:
        """The step that a vertex belongs to, as `stage index/total`; `build` where it belongs to none."""
        record = self._records.get(digest)
        if record is None or record.step is None:
            return "build"
        step = record.step
        return " ".join(filter(None, (step.platform, self._stage_name(step), f"{step.index}/{step.total}")))

    def finish(self) -> BuildTrace:
        """The final state: the stream has ended, whether or not it says how."""
        self._ended = True
        return self._trace(self._latest or 0.0)

    def _moment(self, time: float | None, received: float | None) -> None:
        if time is None:
            return
        self._latest = time if self._latest is None else max(self._latest, time)
        if received is not None:
            # The quickest message tells the clocks' distance best: the others waited longer on their way.
            distance = received - time
            self._offset = distance if self._offset is None else min(self._offset, distance)

    def _vertex(self, vertex: Vertex) -> None:
        record = self._records.get(vertex.digest)
        if record is not None:
            record.update(vertex)
            return
        self._records[vertex.digest] = new_record(vertex)
        for event in self._orphans.pop(vertex.digest, ()):
            self._on(event)

    def _on(self, event: Log | Status) -> None:
        record = self._records.get(event.vertex)
        if record is None:
            self._orphans.setdefault(event.vertex, []).append(event)
        elif isinstance(event, Log):
            record.log.feed(event.stream, event.data)
        else:
            record.statuses[event.id] = event

    def _stage_name(self, step: StepName) -> str:
        return self._table.names[0] if self._table and step.only_stage and self._table.names else step.stage

    def _trace(self, now: float) -> BuildTrace:
        records = tuple(self._records.values())
        inferred = inferred_cached(self._records)
        steps = self._steps(now, inferred)
        outcome = self._outcome(records, steps)
        critical = critical_path(self._records, now, failure.root_cause(records))
        started = min((r.started for r in records if r.started is not None), default=None)
        tasks = tuple(self._task(r, now, inferred) for r in records if r.kind is not Kind.STEP)
        return BuildTrace(
            outcome=outcome,
            started=started,
            seconds=0.0 if started is None else max(0.0, now - started),
            stages=self._stages(steps, critical, now),
            tasks=tasks,
            context_bytes=sum(task.current for task in tasks if task.kind is Kind.CONTEXT),
            export_seconds=length(i for task in tasks if task.kind is Kind.EXPORT for i in task.intervals),
            critical=self._segments(critical, now),
            warnings=tuple(self._warnings),
            error=self._error(records, steps) if outcome == "failed" else None,
            text=tuple(self._text),
            command=self._start.command if self._start else (),
        )

    def _outcome(self, records: tuple[VertexRecord, ...], steps: Mapping[_StepKey, StepTrace]) -> str:
        if self._end is not None:
            return self._end.outcome
        if not self._ended:
            return "running"
        return failure.outcome(records, self._text, any(step.state == "not-run" for step in steps.values()))

    def _steps(self, now: float, inferred: frozenset[str]) -> dict[_StepKey, StepTrace]:
        groups: dict[_StepKey, list[VertexRecord]] = {}
        for record in self._records.values():
            if record.step is not None and record.kind is Kind.STEP:
                key = (record.step.platform, self._stage_name(record.step), record.step.index)
                groups.setdefault(key, []).append(record)
        lines = self._lines(groups)
        return {key: self._step(key, group, lines.get(key), now, inferred) for key, group in groups.items()}

    def _lines(self, groups: Mapping[_StepKey, list[VertexRecord]]) -> dict[_StepKey, int]:
        found: dict[_StepKey, int] = {}
        if self._table is not None:
            for platform, stage in {(platform, stage) for platform, stage, _ in groups}:
                names = [r.step for key, group in groups.items() if key[:2] == (platform, stage) for r in group]
                lines = self._table.lines(stage, filter(None, names))
                found.update({(platform, stage, index): line for index, line in lines.items()})
        exact = self._end.lines if self._end else {}
        for key, group in groups.items():
            found.update((key, exact[record.digest]) for record in group if record.digest in exact)
        return found

    def _step(
        self, key: _StepKey, group: list[VertexRecord], line: int | None, now: float, inferred: frozenset[str]
    ) -> StepTrace:
        intervals = union(interval for record in group for interval in record.intervals(now))
        # The copying vertex carries the plain command, the merging one "LINK".
        shown = next((r for r in group if r.step and not r.step.link), group[0])
        assert shown.step is not None
        return StepTrace(
            stage=key[1],
            platform=key[0],
            index=key[2],
            total=shown.step.total,
            command=shown.step.command,
            line=line,
            state=combined({record.state(self._ended, inferred) for record in group}),
            seconds=length(intervals),
            intervals=intervals,
            log=tuple(text for record in group for text in record.log.tail()),
            log_lines=sum(record.log.total for record in group),
            clipped=any(record.log.clipped for record in group),
            error=next((record.error for record in group if record.error), ""),
        )

    def _stages(
        self, steps: Mapping[_StepKey, StepTrace], critical: tuple[VertexRecord, ...], now: float
    ) -> tuple[StageTrace, ...]:
        stages = []
        for platform, name in self._stage_order():
            own = sorted((s for k, s in steps.items() if k[:2] == (platform, name)), key=lambda s: s.index)
            intervals = union(interval for step in own for interval in step.intervals)
            waited = [
                interval
                for record in critical
                if record.kind is Kind.STEP and record.step is not None
                if (record.step.platform, self._stage_name(record.step)) == (platform, name)
                for interval in record.intervals(now)
            ]
            stages.append(StageTrace(name, platform, tuple(own), length(intervals), length(waited), intervals))
        return tuple(stages)

    def _stage_order(self) -> list[tuple[str | None, str]]:
        """Platform and name of each stage: in file order, or those that others need first where the file is not known.

        A stage that is only a FROM is a stage too.
        """
        depth = depths(self._records)
        position = {name: number for number, name in enumerate(self._table.names)} if self._table else {}
        keys: dict[tuple[str | None, str], tuple[int, int]] = {}
        for record in self._records.values():
            if record.step is not None:
                name = self._stage_name(record.step)
                # A base image may be printed with one of several stages that share it: it says nothing of their order.
                own = depth[record.digest] if record.kind is Kind.STEP else len(depth)
                rank = (position.get(name, len(position)), own)
                key = (record.step.platform, name)
                keys[key] = min(rank, keys.get(key, rank))
        return sorted(keys, key=keys.__getitem__)

    def _task(self, record: VertexRecord, now: float, inferred: frozenset[str]) -> TaskTrace:
        intervals = record.intervals(now)
        statuses = record.statuses.values()
        transfers = [s for s in statuses if s.id.startswith(("transferring ", "sha256:"))]
        active = [s for s in statuses if s.completed is None and not s.id.startswith("sha256:")]
        return TaskTrace(
            name=plain(record.name),
            kind=record.kind,
            stage=self._stage_name(record.step) if record.step else None,
            state=record.state(self._ended, inferred),
            seconds=length(intervals),
            intervals=intervals,
            current=sum(status.current for status in transfers),
            total=sum(status.total for status in transfers),
            phase=plain(active[-1].name or active[-1].id) if active else "",
            error=record.error,
        )

    def _segments(self, critical: tuple[VertexRecord, ...], now: float) -> tuple[Segment, ...]:
        """The critical path with the vertexes of one step joined."""
        segments: list[Segment] = []
        for record in critical:
            label = plain(record.name)
            if record.step is not None and record.kind is Kind.STEP:
                stage = self._stage_name(record.step)
                label = " ".join(filter(None, (record.step.platform, stage, str(record.step.index))))
            if segments and segments[-1].label == label:
                segments[-1] = Segment(label, record.kind, segments[-1].seconds + record.seconds(now))
            else:
                segments.append(Segment(label, record.kind, record.seconds(now)))
        return tuple(segments)

    def _error(self, records: tuple[VertexRecord, ...], steps: Mapping[_StepKey, StepTrace]) -> BuildError:
        cause = failure.root_cause(records)
        said = failure.error_text(self._text)
        own = self._end.message if self._end else ""
        if cause is None:
            cut = "the recorded stream ends in the middle of the build"
            return BuildError(
                message=plain(own or said or cut),
                line=failure.place(self._text),
                excerpt=failure.excerpt(self._text),
            )
        step = None
        if cause.step is not None:
            step = steps.get((cause.step.platform, self._stage_name(cause.step), cause.step.index))
        line = failure.place(self._text) or (step.line if step else None)
        if line is None and cause.step is not None and self._table is not None:
            line = self._table.stage_line(self._stage_name(cause.step))
        return BuildError(
            message=plain(own or cause.error),
            stage=self._stage_name(cause.step) if cause.step else None,
            label=step.label if step else plain(cause.name),
            line=line,
            exit_code=failure.exit_code(cause.error),
            log=step.log if step else cause.log.tail(),
            excerpt=failure.excerpt(self._text),
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


def _line_table(source: bytes) -> LineTable | None:
    from wizard.dockerfile.scanner import parse
    from wizard.errors import DockwizError

    try:
        return LineTable(parse(source))
    except DockwizError:
        return None


__all__ = ["SCHEMA", "SINGLE_STAGE", "BuildTrace", "Reducer", "step_json", "trace_json"]
