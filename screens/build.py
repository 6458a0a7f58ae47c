"""Page 4: the build, live. Lanes above; below them the log of the chosen step, or what failed and what to do."""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widget import Widget

from screens.base import PageScreen
from screens.lines import Line, Span, line, paragraph
from screens.masking import mask
from screens.session import Page, Session
from screens.views import failure, lanes
from screens.views.problems import problem
from screens.widgets.lineview import LineView
from screens.widgets.logview import LogView
from screens.widgets.panes import Note, Separator
from wizard.build.values import BuildTrace, StepTrace
from wizard.report.units import count


class BuildScreen(PageScreen):
    """Lanes, the steps of the chosen lane, and a log."""

    PAGE = Page.BUILD
    ABOUT = (
        "One lane a stage, on one time axis. `=` was cached, `*` marks what the whole build waited for. "
        "The log below is that of the chosen step. Cancelling stops the build and keeps dockwiz open."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "next", "Report", id="next", tooltip="Go on: the report"),
        Binding("enter", "steps", "Steps", id="steps", tooltip="Choose a step of this lane"),
        Binding("l,right", "open", "Steps", id="open", tooltip="Choose a step of this lane"),
        Binding("r", "retry", "Retry", id="retry", tooltip="Build again"),
        Binding("u", "undo", "Undo", id="undo", tooltip="Put the files back as they were"),
        Binding("f", "follow", "Follow", id="follow", tooltip="Keep the newest line of the log in sight"),
        Binding("w", "warnings", "Warnings", show=False, id="warnings", tooltip="Show the warnings of the builder"),
        Binding("slash", "find", "Find", id="find", key_display="/", tooltip="Search in this pane"),
        Binding("y", "copy", "Copy", id="copy", tooltip="Copy the failure, or this pane"),
        Binding("o", "pager", "Pager", id="pager", tooltip="Open the whole log in your pager"),
        Binding("c", "command", "Command", show=False, id="command", tooltip="Copy the exact build command"),
        Binding("escape,left,h", "back", "Back", key_display="esc", id="back", tooltip="Back"),
        Binding("q", "app.leave", "Quit", show=False, id="quit", tooltip="Leave dockwiz"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.trace: BuildTrace | None = None
        self.rows: tuple[lanes.Lane, ...] = ()
        self.choosing = False
        """The steps of a lane are shown to choose from."""
        self.chosen: tuple[str, int] | None = None
        """Stage and number of the step whose log was asked for; None follows the build."""
        self.show_warnings = False
        self._auto_lane = True

    def panes(self) -> Iterable[Widget]:
        self.head = Note(self.glyphs, id="summary")
        self.axis = Note(self.glyphs, id="axis")
        self.lanes = LineView(self.glyphs, cursor=True, id="lanes")
        self.middle = Separator(self.glyphs, id="middle")
        self.steps = LineView(self.glyphs, cursor=True, id="steps")
        self.log_view = LogView(self.glyphs, id="log")
        self.foot = Note(self.glyphs, id="foot")
        return (
            self.head,
            self.axis,
            self.lanes,
            self.middle,
            Container(self.steps, self.log_view, id="lower"),
            self.foot,
        )

    def show(self, session: Session) -> None:
        flow = self.wizard.flow
        self.trace = trace = flow.trace
        waiting = trace is None
        for widget in (self.axis, self.lanes, self.middle, self.log_view, self.foot):
            widget.display = not waiting
        self.head.show(lambda width: self._head(session, width))
        self.steps.display = not waiting and (self.choosing or self.has_class("-wide"))
        if trace is None:
            return
        self.rows = rows = lanes.lanes(trace)
        self._follow_lane()
        self.axis.show(lambda width: [lanes.lane_heading(trace, rows, width - 2)])
        self.lanes.styles.height = min(len(rows), max(self.size.height // 2 - 3, 3))
        self.lanes.show(lambda width: [lanes.lane_line(row, trace, rows, width, self.glyphs) for row in rows])
        steps = self._lane_steps()
        self.steps.show(lambda width: [lanes.step_line(step, width, self.glyphs) for step in steps])
        self._show_log(trace)
        self.foot.show(lambda width: self._foot(trace, session, width))
        if self.focused is None:
            self.lanes.focus()

    # What is above

    def _head(self, session: Session, width: int) -> list[Line]:
        flow = self.wizard.flow
        error = flow.problems.get("build") or flow.problems.get("apply") or flow.problems.get("undo")
        rows = problem(error, width, self.glyphs) if error is not None else []
        if self.trace is not None and not flow.jobs.running("start"):
            return [*rows, lanes.headline(self.trace, flow.tag, width, self.glyphs)]
        if error is not None:
            if session.written:
                text = f"Your files are written ({', '.join(session.written)}); u puts them back."
                rows += paragraph("", text, width, indent=3)
            return [*rows, line(), line(Span("   r", "key"), "  tries again once that is mended")]
        doing = next(
            (text for job, text in WAITING.items() if flow.jobs.running(job)),
            "Nothing is built yet: r builds the files as they are",
        )
        return [line(Span(f" {self.glyphs.running} {doing}", "running"))]

    # The lanes and their steps

    def _follow_lane(self) -> None:
        if not self._auto_lane or not self.rows:
            return
        active = [number for number, row in enumerate(self.rows) if row.state in ("failed", "running", "cancelled")]
        failed = [number for number in active if self.rows[number].state == "failed"]
        if active:
            self.lanes.cursor = failed[0] if failed else active[-1]
        elif self.trace is not None and self.trace.outcome == "done":
            staged = [number for number, row in enumerate(self.rows) if row.steps]
            self.lanes.cursor = max(staged, key=lambda number: self.rows[number].seconds or 0.0, default=0)

    @property
    def lane(self) -> lanes.Lane | None:
        return self.rows[self.lanes.cursor] if self.lanes.cursor < len(self.rows) else None

    def _lane_steps(self) -> Sequence[StepTrace]:
        return self.lane.steps if self.lane is not None else ()

    def _step(self) -> StepTrace | None:
        steps = self._lane_steps()
        if self.chosen is not None:
            found = next((step for step in steps if (step.stage, step.index) == self.chosen), None)
            if found is not None:
                return found
        for state in ("failed", "running"):
            active = next((step for step in steps if step.state == state), None)
            if active is not None:
                return active
        return next(
            (step for step in reversed(steps) if step.log_lines or step.state == "done"), steps[0] if steps else None
        )

    @on(LineView.Moved, "#lanes")
    def _moved_lane(self) -> None:
        self._auto_lane = False
        self.chosen = None
        self.update()

    @on(LineView.Moved, "#steps")
    def _moved_step(self, event: LineView.Moved) -> None:
        steps = self._lane_steps()
        if event.index < len(steps):
            self.chosen = (steps[event.index].stage, steps[event.index].index)
            self.update()

    # The log

    def _show_log(self, trace: BuildTrace) -> None:
        step = self._step()
        if self.show_warnings:
            self.middle.title(count(len(trace.warnings), "warning"), "w closes")
            self.log_view.show_lines(failure.warning_rows(trace.warnings))
            return
        if trace.error is not None and self.chosen is None and not self.choosing:
            self.middle.title("What failed", "")
            error = trace.error
            self.log_view.show(lambda width: failure.failed(error, self._error_log(trace), width, self.glyphs))
            return
        if step is None:
            name = self.lane.name if self.lane is not None else ""
            self.middle.title(name, "")
            self.log_view.show_lines([f"  {task.name}" for task in trace.tasks] if name == "setup" else [])
            return
        rows = self.wizard.flow.logs.lines(step)
        follow = "following [f]" if self.log_view.following else "[f] follows"
        clipped = "  clipped by the builder" if step.clipped else ""
        self.middle.title(
            f"{step.stage} {step.index}/{step.total}  {mask(lanes.in_short(step.command))}",
            f"{follow} {count(max(step.log_lines, len(rows)), 'line')}{clipped}",
        )
        self.log_view.show_lines(rows)

    def _error_log(self, trace: BuildTrace) -> Sequence[str]:
        return trace.error.log if trace.error is not None else ()

    def _foot(self, trace: BuildTrace, session: Session, width: int) -> list[Line]:
        del width
        if trace.outcome in ("failed", "cancelled"):
            kept = "u puts your files back as they were." if session.written else "Your files are as they were."
            return [line(Span(f" Nothing was tagged. {kept}", "warn"))]
        if trace.warnings:
            first = trace.warnings[0]
            place = f"{first.file or 'Dockerfile'}:{first.line}  " if first.line else ""
            return [
                line(
                    Span(f" {self.glyphs.warning} {len(trace.warnings)}  ", "warn"),
                    f"{place}{first.short}",
                    Span("   w shows", "dim"),
                )
            ]
        return []

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        flow = self.wizard.flow
        session = self.wizard.session
        result = session.build
        if action == "next":
            return result is not None and result.outcome == "done" and not self.choosing
        if action == "steps" and result is not None and result.outcome == "done":
            return False
        if action in ("steps", "open"):
            return self.trace is not None and bool(self._lane_steps()) and not self.choosing
        if action == "retry":
            return not flow.building and (result is None or result.outcome != "done")
        if action == "undo":
            return bool(session.written) and not flow.building
        if action == "warnings":
            return self.trace is not None and bool(self.trace.warnings)
        if action in ("pager", "find"):
            return self.trace is not None
        if action == "follow":
            return self.trace is not None and self.trace.outcome == "running"
        return True

    def action_next(self) -> None:
        self.wizard.open_page(Page.REPORT)

    def action_open(self) -> None:
        self.choosing = True
        step = self._step()
        steps = self._lane_steps()
        self.steps.cursor = steps.index(step) if step in steps else 0
        self.chosen = (step.stage, step.index) if step is not None else None
        self.update()
        self.steps.focus()

    def action_steps(self) -> None:
        self.action_open()

    def action_back(self) -> None:
        if self.choosing or self.show_warnings or self.chosen is not None:
            self.choosing = self.show_warnings = False
            self.chosen = None
            self.lanes.focus()
            self.update()
        else:
            self.wizard.open_page(Page.DIFF)

    def action_retry(self) -> None:
        self._auto_lane = True
        self.chosen = None
        self.wizard.flow.build()

    def action_undo(self) -> None:
        self.wizard.flow.undo()

    def action_follow(self) -> None:
        self.log_view.toggle_follow()
        self.update()

    def action_warnings(self) -> None:
        self.show_warnings = not self.show_warnings
        self.update()

    def copied(self) -> str:
        if self.trace is not None and self.trace.error is not None and not self.choosing:
            return failure.as_text(self.trace.error)
        return self.log_view.visible_text if self.focused is not self.lanes else super().copied()

    def action_command(self) -> None:
        if self.trace is not None:
            self.wizard.copy(shlex.join(self.trace.command))

    def action_pager(self) -> None:
        step = self._step()
        rows = self.wizard.flow.logs.lines(step) if step is not None else ()
        with tempfile.TemporaryDirectory(prefix="dockwiz-") as folder:
            place = Path(folder) / "step.log"
            place.write_text("\n".join(rows) + "\n", "utf-8", "replace")
            self.wizard.hand_over([*shlex.split(os.environ.get("PAGER") or "less"), str(place)])


WAITING = {
    "plan": "Working out the change ..",
    "check": "Asking the engine for its own check ..",
    "apply": "Writing the files ..",
    "engine": "Looking for a Docker engine ..",
    "start": "Starting the build ..",
    "undo": "Putting the files back ..",
}
