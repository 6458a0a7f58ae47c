"""The critical path: the chain of vertexes that the whole build waited for.

From the last vertex of the graph follow, each time, the input that was ready last. A cached vertex took no time, but
what it was computed from may have: the walk goes on through it. The export has no edge to the graph and follows it.
"""

from __future__ import annotations

from collections.abc import Mapping

from wizard.build.records import VertexRecord
from wizard.build.steps import Kind

NOTICEABLE = 0.0005
"""Seconds below which a vertex is bookkeeping."""


def critical_path(
    records: Mapping[str, VertexRecord], now: float, failed: VertexRecord | None = None
) -> tuple[VertexRecord, ...]:
    """The vertexes on the critical path that took time, first to last; export included.

    The path of a failed build leads to what `failed`.
    """
    graph = {d: r for d, r in records.items() if r.kind in (Kind.STEP, Kind.IMAGE, Kind.CONTEXT)}
    ready = _ready(graph, now)
    used = {source for record in graph.values() for source in record.inputs}
    ends = [digest for digest in graph if digest not in used and digest in ready] or list(ready)
    if failed is not None and failed.digest in ready:
        ends = [failed.digest]
    path: list[VertexRecord] = []
    current = max(ends, key=ready.__getitem__, default=None)
    seen: set[str] = set()
    while current is not None and current not in seen:
        seen.add(current)
        record = graph[current]
        if _took_time(record, now):
            path.append(record)
        current = max((d for d in record.inputs if d in ready), key=ready.__getitem__, default=None)
    exports = [r for r in records.values() if r.kind is Kind.EXPORT and _took_time(r, now)]
    exports.sort(key=lambda record: record.started or 0.0)
    return (*reversed(path), *exports)


def _took_time(record: VertexRecord, now: float) -> bool:
    return not record.cached and record.seconds(now) > NOTICEABLE


def _ready(graph: Mapping[str, VertexRecord], now: float) -> dict[str, float]:
    """When each vertex was really ready: its own end where it ran, else the latest of its inputs.

    A cached vertex is stamped with the start of what needs it, which says nothing.
    """
    ready: dict[str, float] = {}
    visited: set[str] = set()
    for first in graph:
        stack = [(first, False)]
        while stack:
            digest, expanded = stack.pop()
            record = graph.get(digest)
            if record is None:
                continue
            if expanded:
                own = record.intervals(now)[-1:] if not record.cached else ()
                times = [own[0][1]] if own else [ready[source] for source in record.inputs if source in ready]
                if times:
                    ready[digest] = max(times)
            elif digest not in visited:
                visited.add(digest)
                stack.append((digest, True))
                stack.extend((source, False) for source in record.inputs)
    return ready
