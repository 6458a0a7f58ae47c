"""Page 2: the proposals to switch on and off, the refusals below them, and all about the one under the cursor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widget import Widget

from screens.base import PageScreen
from screens.lines import Span, line, spread
from screens.session import Page, Session
from screens.views import proposals
from screens.views.problems import problem
from screens.widgets.lineview import LineView
from screens.widgets.panes import Note, Separator

WIDE = 100
"""Columns from which on the details stand beside the list, and evidence in two columns."""


class ProposeScreen(PageScreen):
    """The list above (or beside) the details."""

    PAGE = Page.PROPOSE
    ABOUT = (
        "Every proposal with its reason, evidence, risk and own diff. `safe` ones are on from the start: with what was "
        "checked, the image does the same job. `review` ones wait for you. What waits for the network, and what was "
        "refused, stands below."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "toggle", "Toggle", id="toggle", tooltip="Switch this proposal on or off"),
        Binding("enter", "next", "Diff", id="next", tooltip="Go on: see the whole change"),
        Binding("a", "all_safe", "All safe", id="all-safe", tooltip="Exactly the safe proposals on"),
        Binding("x", "none", "All off", id="none", tooltip="Switch every proposal off"),
        Binding("slash", "find", "Find", id="find", key_display="/", tooltip="Search in this pane"),
        Binding(proposals.ASK_KEY, "ask", "Online", show=False, id="ask", tooltip="Ask registries and package indexes"),
        Binding("y", "copy", "Copy", show=False, id="copy", tooltip="Copy what this pane shows"),
        Binding("escape", "back", "Back", id="back", tooltip="Back to what was found"),
        Binding("q", "app.leave", "Quit", show=False, id="quit", tooltip="Leave dockwiz"),
    ]

    def panes(self) -> Iterable[Widget]:
        self.summary = Note(self.glyphs, id="summary")
        self.list = LineView(self.glyphs, cursor=True, id="proposals")
        self.middle = Separator(self.glyphs, id="middle")
        self.detail = LineView(self.glyphs, id="detail")
        self.entries: tuple[proposals.Entry, ...] = ()
        return (
            self.summary,
            Container(Container(self.list, id="left"), Container(self.middle, self.detail, id="right"), id="split"),
        )

    def show(self, session: Session) -> None:
        error = self.wizard.flow.problems.get("plan")
        if error is not None:
            self.summary.show(lambda width: problem(error, width, self.glyphs))
            self.entries = ()
        elif session.plan is None:
            waited = self.wizard.flow.waited("plan")
            self.summary.show(
                lambda _width: [line(Span(f" {self.glyphs.running} Trying every rule ..{waited}", "running"))]
            )
            self.entries = ()
        else:
            left, right = proposals.summary(session)
            if self.wizard.flow.asking:
                right = f"{self.glyphs.running} asking the network ..{self.wizard.flow.waited('plan')}"
            self.summary.show(lambda width: [spread([Span(f" {left}", "strong")], [Span(f"{right} ", "dim")], width)])
            self.entries = proposals.entries(session)
        self.list.show(
            lambda width: [proposals.entry_line(entry, session, width, self.glyphs) for entry in self.entries]
        )
        self.list.selects = lambda index: not self.entries[index].heading
        self._show_detail()
        if self.focused is None and self.entries:
            self.list.focus()

    def _entry(self) -> proposals.Entry:
        return self.entries[self.list.cursor] if self.list.cursor < len(self.entries) else proposals.Entry()

    def _show_detail(self) -> None:
        entry = self._entry()
        self.middle.title(
            *proposals.detail_title(entry, self.list.cursor + 1, sum(e.step is not None for e in self.entries))
        )
        self.detail.show(lambda width: proposals.detail(entry, width, self.glyphs, wide=self.app.size.width >= WIDE))

    @on(LineView.Moved, "#proposals")
    def _moved(self) -> None:
        self.detail.top = 0
        self._show_detail()

    @on(LineView.Pressed, "#proposals")
    def _pressed(self, event: LineView.Pressed) -> None:
        if event.x < 3:
            self.action_toggle()

    def action_toggle(self) -> None:
        step = self._entry().step
        if step is not None:
            self.wizard.flow.toggle(step.proposal)

    def action_all_safe(self) -> None:
        # Not those in the list: what a rule finds may depend on what others have changed.
        self.wizard.flow.select(None)

    def action_ask(self) -> None:
        self.wizard.flow.ask()

    def action_none(self) -> None:
        self.wizard.flow.select(frozenset())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        if action in ("toggle", "all_safe", "none", "next", "ask"):
            return self.wizard.session.plan is not None
        return True

    def action_next(self) -> None:
        self.wizard.open_page(Page.DIFF)

    def action_back(self) -> None:
        self.wizard.open_page(Page.INSPECT)
