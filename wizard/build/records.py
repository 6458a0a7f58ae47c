"""What is known of each vertex so far: the accumulator behind a trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wizard.build.events import Status, Vertex
from wizard.build.logs import LogTail
from wizard.build.steps import Kind, StepName, kind_of, parse_name
from wizard.build.values import Interval, length, union

CANCELLED = "context canceled"
"""How the error ends of a vertex that was stopped, by a person or because another one failed."""


@dataclass(slots=True)
class VertexRecord:
    """The messages about one vertex, folded."""

    digest: str
    name: str
    kind: Kind
    step: StepName | None
    inputs: tuple[str, ...] = ()
    cached: bool = False
    error: str = ""
    spans: dict[float, float | None] = field(default_factory=dict)
    """Start to end. BuildKit reports a short one for the cache key and another for the work."""
    statuses: dict[str, Status] = field(default_factory=dict)
    log: LogTail = field(default_factory=LogTail)

    def update(self, vertex: Vertex) -> None:
        if vertex.name and vertex.name != self.name:
            self.name, self.kind, self.step = vertex.name, kind_of(vertex.name), parse_name(vertex.name)
        self.inputs = vertex.inputs or self.inputs
        self.cached = vertex.cached
        self.error = vertex.error or self.error
        if vertex.started is not None:
            # A puller of the overlay2 store reports ends before starts.
            end = None if vertex.completed is None else max(vertex.started, vertex.completed)
            self.spans[vertex.started] = end

    @property
    def started(self) -> float | None:
        return min(self.spans, default=None)

    @property
    def running(self) -> bool:
        return bool(self.spans) and self.spans[max(self.spans)] is None

    @property
    def completed(self) -> float | None:
        """The last end; None while it runs or has not started."""
        return None if self.running else max((end for end in self.spans.values() if end is not None), default=None)

    @property
    def cancelled(self) -> bool:
        return self.error.rstrip().endswith(CANCELLED)

    def intervals(self, now: float) -> tuple[Interval, ...]:
        """When it ran; an open interval ends at the next start, the last one now."""
        starts = sorted(self.spans)
        found = []
        for start, following in zip(starts, [*starts[1:], now], strict=False):
            end = self.spans[start]
            found.append((start, max(start, following if end is None else end)))
        return union(found)

    def seconds(self, now: float) -> float:
        return length(self.intervals(now))

    def state(self, ended: bool, inferred: frozenset[str]) -> str:
        """One of the states of a StepTrace."""
        if self.error:
            return "cancelled" if self.cancelled else "failed"
        if self.cached or self.digest in inferred:
            return "cached"
        if self.running:
            return "cancelled" if ended else "running"
        if self.spans:
            return "done"
        return "not-run" if ended else "waiting"


def new_record(vertex: Vertex) -> VertexRecord:
    record = VertexRecord(vertex.digest, vertex.name, kind_of(vertex.name), parse_name(vertex.name))
    record.update(vertex)
    return record


def inferred_cached(records: Mapping[str, VertexRecord]) -> frozenset[str]:
    """Vertexes that never started although something that needs them is complete: its result came from the cache."""
    found: set[str] = set()
    waiting = [r for r in records.values() if r.spans and not r.running and not r.error]
    while waiting:
        for digest in waiting.pop().inputs:
            source = records.get(digest)
            if source is not None and not source.spans and not source.error and digest not in found:
                found.add(digest)
                waiting.append(source)
    return frozenset(found)


def depths(records: Mapping[str, VertexRecord]) -> Mapping[str, int]:
    """How many vertexes stand between each vertex and the start of its longest chain of inputs."""
    found: dict[str, int] = {}
    opened: set[str] = set()
    stack = list(records)
    while stack:
        digest = stack[-1]
        inputs = [source for source in records[digest].inputs if source in records]
        missing = [source for source in inputs if source not in found and source not in opened]
        opened.add(digest)
        if missing:
            stack += missing
            continue
        found.setdefault(digest, 1 + max((found.get(source, 0) for source in inputs), default=-1))
        stack.pop()
    return found


def combined(states: set[str]) -> str:
    """The state of a step that several vertexes make up."""
    for state in ("failed", "running", "cancelled"):
        if state in states:
            return state
    if states == {"cached"}:
        return "cached"
    if "waiting" in states:
        return "waiting"
    return "done" if states & {"done", "cached"} else "not-run"
