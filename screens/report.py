"""Page 5: what was measured, before and after; and the offer to measure what was not."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from screens.base import PageScreen
from screens.lines import Line, Span, line, text_of
from screens.session import Page, Session
from screens.views import measured
from screens.views.problems import problem
from screens.widgets.lineview import LineView
from screens.widgets.panes import Note


class ReportScreen(PageScreen):
    """One pane, with what runs above it."""

    PAGE = Page.REPORT
    ABOUT = "What was measured here. Whatever was not measured is named as such. `dockwiz report` shows it again later."

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "next", "Measure", id="next", tooltip="Build and run before and after, and compare them"),
        Binding("m", "markdown", "Markdown", id="markdown", tooltip="Copy the report as Markdown"),
        Binding("y", "copy", "Copy", id="copy", tooltip="Copy this page"),
        Binding("d", "diff", "Diff", id="diff", tooltip="See the change again"),
        Binding("slash", "find", "Find", id="find", key_display="/", tooltip="Search in this page"),
        Binding("escape", "back", "Back", id="back", tooltip="Back to the build"),
        Binding("q", "app.leave", "Quit", id="quit", tooltip="Leave; the report is printed to the terminal"),
    ]

    def panes(self) -> Iterable[Widget]:
        self.head = Note(self.glyphs, id="summary")
        self.report = LineView(self.glyphs, id="report")
        return (self.head, self.report)

    def show(self, session: Session) -> None:
        flow = self.wizard.flow
        self.head.show(lambda width: self._head(session, width))
        self.report.show(lambda width: measured.report(session, flow.tag, self._offer(), width, self.glyphs))
        self.report.focus()

    def _head(self, session: Session, width: int) -> list[Line]:
        flow = self.wizard.flow
        if flow.measuring:
            elapsed = time.monotonic() - flow.measuring_since
            return measured.measuring(flow.progress, elapsed, width, self.glyphs)
        error = flow.problems.get("measure")
        if error is not None:
            return problem(error, width, self.glyphs)
        if session.comparison is not None:
            return [line(Span(f" {self.glyphs.done} Measured here, before and after", "good"))]
        if session.build is not None and session.build.outcome == "done":
            return [line(Span(f" {self.glyphs.done} Built ", "good"), Span(flow.tag, "strong"))]
        return [line(Span(" Nothing measured yet", "strong"))]

    def _offer(self) -> str:
        """What measuring will take; empty while it is no offer."""
        flow = self.wizard.flow
        return "" if flow.measuring else flow.forecast or "builds both sides, runs both images, and compares them"

    def copied(self) -> str:
        rows = measured.report(self.wizard.session, self.wizard.flow.tag, "", 78, self.glyphs)
        return "\n".join(text_of(row).rstrip() for row in rows)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        flow = self.wizard.flow
        session = self.wizard.session
        if action == "next":
            return not flow.measuring and session.comparison is None and session.plan is not None
        if action == "markdown":
            return session.comparison is not None
        return True

    def action_next(self) -> None:
        self.wizard.flow.measure()

    def action_markdown(self) -> None:
        from wizard.report.markdown import markdown

        if self.wizard.session.comparison is not None:
            self.wizard.copy(markdown(self.wizard.session.comparison))

    def action_diff(self) -> None:
        self.wizard.open_page(Page.DIFF)

    def action_back(self) -> None:
        self.wizard.open_page(Page.BUILD)
