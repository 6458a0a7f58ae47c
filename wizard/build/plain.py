"""Progress for pipes: lines of text with the step in front, or one line of JSON per change of a step.

Both are generators over the events of a build, running or replayed; they feed the reducer that the caller gives them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from wizard.build.critical import NOTICEABLE
from wizard.build.events import BuildEvent, Log, Vertex
from wizard.build.logs import LogTail, plain
from wizard.build.steps import Kind
from wizard.build.trace import Reducer, step_json, trace_json
from wizard.build.values import BuildError, BuildTrace, StepTrace, TaskTrace

_SHOWN_TASKS = (Kind.IMAGE, Kind.CONTEXT, Kind.EXPORT)


def plain_lines(events: Iterable[BuildEvent | str], reducer: Reducer) -> Iterator[str]:
    """One line per change of a step and per line of its output, then the summary."""
    logs: dict[str, LogTail] = {}
    prefixes: dict[str, str] = {}
    said: dict[str, str] = {}
    for event in events:
        reducer.feed(event)
        match event:
            case Vertex(started=float()):
                yield from _changed_words(reducer.part(event.digest), said, final=False)
            case Log():
                if event.vertex not in prefixes:
                    prefixes[event.vertex] = _prefix(reducer.part(event.vertex))
                for line in logs.setdefault(event.vertex, LogTail(1)).feed(event.stream, event.data):
                    yield f"{prefixes[event.vertex]} | {plain(line)}"
            case str() if event.startswith("WARNING: "):
                yield f"[build] {plain(event)}"
            case _:
                pass
    trace = reducer.finish()
    parts: tuple[StepTrace | TaskTrace, ...] = (*trace.steps, *trace.tasks)
    for part in parts:
        yield from _changed_words(part, said, final=True)
    yield from summary(trace)


def json_lines(events: Iterable[BuildEvent | str], reducer: Reducer) -> Iterator[str]:
    """One JSON object per change of a step (`step`, `stage`, and what the trace says of a step), then the trace."""
    said: dict[str, str] = {}
    for event in events:
        reducer.feed(event)
        if isinstance(event, Vertex) and event.started is not None:
            part = reducer.part(event.digest)
            if isinstance(part, StepTrace):
                yield from _changed_state(part, said)
    trace = reducer.finish()
    for step in trace.steps:
        yield from _changed_state(step, said)
    yield json.dumps(trace_json(trace))


def summary(trace: BuildTrace) -> Iterator[str]:
    """The last lines of a build: how it ended, in how long, what came from the cache, and why it failed."""
    for warning in trace.warnings:
        place = f"{warning.file}:{warning.line}: " if warning.line else ""
        yield f"warning: {place}{plain(warning.short)}"
    if trace.error is not None:
        yield from _failure(trace.error)
    steps = f"{trace.steps_finished} of {trace.steps_total} steps, {trace.steps_cached} cached"
    yield f"{trace.outcome} in {trace.seconds:.1f} s: {steps}, export {trace.export_seconds:.1f} s"
    if trace.critical_path:
        yield f"critical path: {' > '.join(trace.critical_path)}"


def _failure(error: BuildError) -> Iterator[str]:
    where = ", ".join(part for part in (error.label and f"step {error.label}", error.place) if part)
    yield f"error{f' in {where}' if where else ''}: {error.message}"
    yield from error.excerpt
    for line in error.log[-20:]:
        yield f"  | {plain(line)}"


def _changed_words(part: StepTrace | TaskTrace | None, said: dict[str, str], final: bool) -> Iterator[str]:
    """A line for a step or task whose words differ from those said of it last, which `said` remembers."""
    if part is None:
        return
    if isinstance(part, StepTrace):
        key, words = part.label, _step_words(part, final)
    else:
        key, words = part.name, _task_words(part, final)
    if words and said.get(key) != words:
        said[key] = words
        yield f"{_prefix(part)} {words}"


def _prefix(part: StepTrace | TaskTrace | None) -> str:
    return f"[{part.label}/{part.total}]" if isinstance(part, StepTrace) else "[build]"


def _step_words(step: StepTrace, final: bool) -> str:
    if step.state == "running":
        return plain(step.command).replace("\n", " ")
    return _ended(step.state, step.seconds, step.error, final)


def _task_words(task: TaskTrace, final: bool) -> str:
    if task.kind not in _SHOWN_TASKS or (task.kind is Kind.IMAGE and task.state == "cached"):
        return ""
    ended = _ended(task.state, task.seconds, task.error, final)
    if task.state == "running":
        return task.name
    return f"{task.name}: {ended}" if ended else ""


def _ended(state: str, seconds: float, error: str, final: bool) -> str:
    match state:
        case "done":
            # So short, it may have been the computation of the cache key, and the work is still to come.
            return f"done in {seconds:.1f} s" if final or seconds > NOTICEABLE else ""
        case "failed":
            return f"FAILED after {seconds:.1f} s: {plain(error)}"
        case "cached" | "cancelled":
            return state
    return ""


def _changed_state(step: StepTrace, said: dict[str, str]) -> Iterator[str]:
    if step.state != "waiting" and said.get(step.label) != step.state:
        said[step.label] = step.state
        yield json.dumps({"step": step.label, "stage": step.stage, **step_json(step)})
