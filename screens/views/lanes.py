"""A build as lanes: one row a stage, with its state in words, what it does now, its time, its bar on one axis."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from screens.glyphs import Glyphs
from screens.lines import Line, Span, fit, line, shorten
from wizard.build.steps import Kind
from wizard.build.values import BuildTrace, Interval, StepTrace, TaskTrace, length
from wizard.report.units import brief, count, seconds, size

AXIS_STEPS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)
RUN_OPTIONS = re.compile(r"^RUN\s+(?:--\w+=\S+\s+)+")
ROLE = {"done": "good", "cached": "cached", "running": "running", "failed": "bad", "cancelled": "warn"}


@dataclass(frozen=True, slots=True)
class Lane:
    """One row."""

    name: str
    state: str
    """`waiting`, `running`, `cached`, `done`, `failed`, `cancelled` or `not-run`."""
    progress: str
    now: str
    seconds: float | None
    intervals: tuple[tuple[Interval, str], ...]
    """When it ran, each with the state of what ran."""
    critical: bool = False
    steps: tuple[StepTrace, ...] = ()


def lanes(trace: BuildTrace) -> tuple[Lane, ...]:
    """`setup` (everything before the first step), the stages in file order, `export`."""
    setup = [task for task in trace.tasks if task.kind is not Kind.EXPORT]
    export = [task for task in trace.tasks if task.kind is Kind.EXPORT]
    rows = [_task_lane("setup", setup, trace)]
    for stage in trace.stages:
        done = sum(step.state in ("done", "cached") for step in stage.steps)
        state = overall([step.state for step in stage.steps])
        active = next((step for step in stage.steps if step.state in ("running", "failed", "cancelled")), None)
        rows.append(
            Lane(
                name=f"{stage.platform} {stage.name}" if stage.platform else stage.name,
                state=state,
                progress=f"{done}/{len(stage.steps)} {WORDS[state]}",
                now=in_short(active.command) if active else "",
                seconds=stage.seconds if stage.intervals or state == "cached" else None,
                intervals=tuple((interval, step.state) for step in stage.steps for interval in step.intervals),
                critical=stage.critical_seconds > 0,
                steps=stage.steps,
            )
        )
    return (*rows, _task_lane("export", export, trace))


def in_short(command: str) -> str:
    """A step's command for a line with little room: without what RUN mounts, runs of blanks squeezed."""
    return " ".join(RUN_OPTIONS.sub("RUN ", command).split())


WORDS = {
    "done": "done",
    "cached": "cached",
    "running": "running",
    "failed": "FAILED",
    "cancelled": "cancelled",
    "waiting": "waiting",
    "not-run": "not run",
}


def overall(states: Sequence[str]) -> str:
    """The state of a whole from those of its parts."""
    for state in ("failed", "running", "cancelled"):
        if state in states:
            return state
    if not states or all(state in ("waiting", "not-run") for state in states):
        return "not-run" if "not-run" in states else "waiting"
    if all(state in ("done", "cached") for state in states):
        return "cached" if all(state == "cached" for state in states) else "done"
    return "not-run" if "not-run" in states else "waiting"


def _task_lane(name: str, tasks: Sequence[TaskTrace], trace: BuildTrace) -> Lane:
    state = overall([task.state for task in tasks])
    if not tasks and trace.outcome != "running":
        state = "not-run"
    if state == "cached":
        state = "done"
    intervals = tuple((interval, task.state) for task in tasks for interval in task.intervals)
    return Lane(
        name=name,
        state=state,
        progress=WORDS[state],
        now=_doing(tasks, trace),
        seconds=length(interval for interval, _ in intervals) if intervals else None,
        intervals=intervals,
    )


def _doing(tasks: Sequence[TaskTrace], trace: BuildTrace) -> str:
    active = next((task for task in reversed(tasks) if task.state in ("running", "failed")), None)
    if active is not None:
        if active.total:
            return f"{active.phase or active.name} {size(active.current)} of {size(active.total)}"
        moved = f" {size(active.current)}" if active.current else ""
        return f"{active.phase or active.name.removeprefix('[internal] ')}{moved}"
    if any(task.kind is Kind.CONTEXT for task in tasks):
        return f"context {size(trace.context_bytes)}"
    return ""


@dataclass(frozen=True, slots=True)
class Columns:
    """The widths of the lane table; at narrow sizes `now` goes first."""

    name: int
    progress: int
    now: int
    bar: int

    @staticmethod
    def for_width(width: int, names: Sequence[str]) -> Columns:
        name = min(max([len(name) for name in names] + [6]), 14) + 1
        progress = 14
        now = 0 if width < 72 else 16 if width < 100 else 30
        return Columns(name, progress, now, max(width - 3 - name - progress - now - 6 - 3 - 1, 8))


def lane_heading(trace: BuildTrace, rows: Sequence[Lane], width: int) -> Line:
    """The column titles with the time axis."""
    columns = Columns.for_width(width, [row.name for row in rows])
    axis, step = axis_of(trace.seconds, columns.bar)
    marks = [" "] * columns.bar
    for moment in range(0, int(axis) + 1, step):
        place = int(moment / axis * columns.bar)
        for offset, char in enumerate(_moment(moment)):
            if place + offset < columns.bar:
                marks[place + offset] = char
    title = f"   {fit('stage', columns.name)}{fit('state', columns.progress)}{fit('now', columns.now)}{'time':>6}   "
    return line(Span(title + "".join(marks), "dim"))


def lane_line(lane: Lane, trace: BuildTrace, rows: Sequence[Lane], width: int, glyphs: Glyphs) -> Line:
    """One lane."""
    columns = Columns.for_width(width, [row.name for row in rows])
    role = ROLE.get(lane.state, "dim")
    time = brief(lane.seconds) if lane.seconds is not None else "-"
    return line(
        Span(f" {glyphs.of_state(lane.state)} ", role),
        Span(fit(lane.name, columns.name), "dim" if lane.state in ("waiting", "not-run") else "strong"),
        Span(fit(lane.progress, columns.progress), role),
        Span(fit(shorten(lane.now, max(columns.now - 1, 0)), columns.now), "dim"),
        f"{time:>6} ",
        Span(f"{glyphs.critical if lane.critical else ' '} ", "warn"),
        Span(bar(lane, trace, columns.bar, glyphs), role),
    )


def axis_of(seconds: float, cells: int) -> tuple[float, int]:
    """The length of the time axis and the distance of its marks, in seconds: it grows in jumps, not by ticks."""
    step = next((step for step in AXIS_STEPS if seconds / step <= max(cells // 7, 1)), AXIS_STEPS[-1])
    return max(step * -(-seconds // step), step), step


def _moment(seconds: int) -> str:
    return f"{seconds}" if seconds < 120 else f"{seconds // 60}m{f'{seconds % 60:02}' if seconds % 60 else ''}"


def bar(lane: Lane, trace: BuildTrace, cells: int, glyphs: Glyphs) -> str:
    """When the lane ran, on the common axis: at least one cell for whatever ran, however short."""
    row = [" "] * cells
    if trace.started is None:
        return "".join(row)
    axis, _ = axis_of(trace.seconds, cells)
    for (start, end), state in sorted(lane.intervals):
        first = min(max(int((start - trace.started) / axis * cells), 0), cells - 1)
        last = min(max(int((end - trace.started) / axis * cells - 1e-9), first), cells - 1)
        mark = glyphs.bar_cached if state == "cached" else glyphs.bar
        row[first : last + 1] = [mark] * (last + 1 - first)
        if state == "running":
            row[last] = glyphs.bar_live
        elif state in ("failed", "cancelled"):
            row[last] = glyphs.failed if state == "failed" else glyphs.cancelled
    if lane.state == "cached" and not lane.intervals:
        row[0] = glyphs.bar_cached
    return "".join(row).rstrip()


def headline(trace: BuildTrace, tag: str, width: int, glyphs: Glyphs) -> Line:
    """`> Building shop:dockwiz  42.1 s   9 of 17 steps   5 cached   1 warning`."""
    verb = {"running": "Building", "done": "Built", "failed": "FAILED", "cancelled": "Cancelled"}[trace.outcome]
    role = ROLE.get(trace.outcome, "running")
    parts = [seconds(trace.seconds), f"{trace.steps_finished} of {count(trace.steps_total, 'step')}"]
    parts.append(f"{trace.steps_cached} cached")
    if trace.warnings:
        parts.append(count(len(trace.warnings), "warning"))
    head = f" {glyphs.of_state(trace.outcome)} {verb} "
    room = max(width - len(head) - len("   ".join(parts)) - 3, 0)
    return line(Span(head, role), Span(shorten(tag, room), "strong"), f"  {'   '.join(parts)}")


def step_line(step: StepTrace, width: int, glyphs: Glyphs) -> Line:
    """`+ 2/6 COPY . .       0.4s` of the chosen stage."""
    role = ROLE.get(step.state, "dim")
    time = brief(step.seconds) if step.state in ("done", "running", "failed", "cancelled") else ""
    word = "" if step.state == "done" else WORDS[step.state]
    right = f"{word} {time}".strip()
    left = f"{step.index}/{step.total} {in_short(step.command)}"
    return line(
        Span(f"{glyphs.of_state(step.state)} ", role),
        fit(left, max(width - 3 - len(right), 4)),
        Span(f" {right}", role),
    )
