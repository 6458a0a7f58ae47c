"""Page 3: every file that would change. Nothing has been written yet: enter writes and builds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from screens.base import PageScreen
from screens.lines import Line, Span, line, paragraph, spread
from screens.session import Page, Session
from screens.views import diffs
from screens.views.problems import problem
from screens.widgets.lineview import LineView
from screens.widgets.panes import Note
from wizard.report.units import count


class DiffScreen(PageScreen):
    """One pane with all files below each other."""

    PAGE = Page.DIFF
    ABOUT = "The whole change. At the right stands the rule that a change comes from. Undo puts every file back."

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "next", "Apply+Build", id="next", tooltip="Write the files, then build the image"),
        Binding("enter", "build", "Build", id="build", tooltip="Build the image from the files as they are"),
        Binding("w", "write", "Write only", id="write", tooltip="Write the files, without a build"),
        Binding("u", "undo", "Undo", id="undo", tooltip="Put the files back as they were"),
        Binding("n", "find_next(1)", "Hunk", id="find-next", tooltip="Next hunk, or next place searched for"),
        Binding("slash", "find", "Find", id="find", key_display="/", tooltip="Search in this pane"),
        Binding("y", "copy", "Copy", id="copy", tooltip="Copy the diff, as git apply takes it"),
        Binding("escape", "back", "Back", id="back", tooltip="Back to the proposals"),
        Binding("q", "app.leave", "Quit", show=False, id="quit", tooltip="Leave dockwiz"),
    ]

    def panes(self) -> Iterable[Widget]:
        self.summary = Note(self.glyphs, id="summary")
        self.diff = LineView(self.glyphs, id="diff")
        self.files: tuple[diffs.FileDiff, ...] = ()
        return (self.summary, self.diff)

    def show(self, session: Session) -> None:
        plan = session.plan
        flow = self.wizard.flow
        self.files = diffs.plan_diffs(plan) if plan is not None else ()
        self.summary.show(lambda width: self._summary(session, width))
        self.diff.show(lambda width: diffs.diff_lines(self.files, width, self.glyphs.rule, flow.colours))
        self.diff.focus()

    def _summary(self, session: Session, width: int) -> list[Line]:
        flow = self.wizard.flow
        error = next((flow.problems[job] for job in ("plan", "check", "apply", "undo") if job in flow.problems), None)
        if error is not None:
            return problem(error, width, self.glyphs)
        if session.plan is None or session.stale:
            return [line(Span(f" {self.glyphs.running} Working out the change ..", "running"))]
        written = self._written_before(session, width)
        if not self.files:
            nothing = "Nothing is switched on" if session.plan.steps else "There is nothing more to change"
            text = f"{nothing}: the build would run on the files as they are."
            return [*paragraph("", text, width, indent=1), *written]
        files = count(len(self.files), "file")
        on = count(len(session.plan.selected), "proposal")
        state = "not written yet" if session.pending else "written; u undoes it"
        return [
            spread(
                [Span(f" {files}, {on}", "strong")], [Span(f"{state} ", "warn" if session.pending else "good")], width
            ),
            *written,
            *self._check(session, width),
        ]

    def _written_before(self, session: Session, width: int) -> list[Line]:
        """What this run wrote before it looked again."""
        if session.applied or not session.written:
            return []
        return paragraph("", f"Written before: {', '.join(session.written)}; u undoes it.", width, indent=1)

    def _check(self, session: Session, width: int) -> list[Line]:
        """What the engine's own check said of this change."""
        if self.wizard.flow.jobs.running("check"):
            return [line(Span(" Asking the engine for its own check ..", "running"))]
        if session.check is None:
            return []
        rows: list[Line] = []
        for one in session.check.dropped:
            rows += paragraph(
                f" {self.glyphs.warning}", f"Left out {one.rule}: {one.because}.", width, indent=3, role="warn"
            )
        return rows + paragraph("", session.check.said, width, indent=1, role="dim") if session.check.said else rows

    def search_on(self, pane: LineView, direction: int) -> bool:
        starts = diffs.hunk_starts(self.files)
        if pane.needle or not starts:
            return super().search_on(pane, direction)
        later = [start for start in starts if (start - pane.top) * direction > 0]
        pane.move_to((min(later) if direction > 0 else max(later)) if later else starts[0 if direction > 0 else -1])
        return True

    def copied(self) -> str:
        plan = self.wizard.session.plan
        return plan.diff.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if plan is not None else ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        session = self.wizard.session
        if action == "write":
            return session.pending and not session.stale
        if action == "undo":
            return bool(session.written)
        if action == "next":
            # Nobody has seen the diff of a selection that is still being planned.
            return session.plan is not None and not session.stale and session.pending
        if action == "build":
            return session.plan is not None and not session.stale and not session.pending
        return True

    def action_next(self) -> None:
        self.wizard.open_page(Page.BUILD)
        self.wizard.flow.apply(then_build=True)

    def action_build(self) -> None:
        self.action_next()

    def action_write(self) -> None:
        self.wizard.flow.apply(then_build=False)

    def action_undo(self) -> None:
        self.wizard.flow.undo()

    def action_back(self) -> None:
        self.wizard.open_page(Page.PROPOSE)
