"""Page 1: what is in the repository, and the Dockerfile with findings in its margin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widget import Widget

from screens.base import PageScreen
from screens.lines import Span, line
from screens.session import Page, Session
from screens.views import facts, sources
from screens.views.problems import problem
from screens.widgets.lineview import LineView
from screens.widgets.panes import Note, Separator
from wizard.report.units import count


class InspectScreen(PageScreen):
    """Facts above (or beside) the Dockerfile."""

    PAGE = Page.INSPECT
    ABOUT = "What was found in the repository. A mark beside a line of the Dockerfile says that a proposal is about it."

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "next", "Propose", id="next", tooltip="Go on: see what could be better"),
        Binding("tab", "app.focus_next", "Pane", id="pane-next", tooltip="Go to the next pane"),
        Binding("n", "find_next(1)", "Finding", id="find-next", tooltip="Next finding, or next place searched for"),
        Binding("slash", "find", "Find", id="find", key_display="/", tooltip="Search in this pane"),
        Binding("e", "edit", "Edit", id="edit", tooltip="Open the Dockerfile at this line in your editor"),
        Binding("y", "copy", "Copy", id="copy", tooltip="Copy what this pane shows"),
        Binding("r", "retry", "Look again", id="retry", tooltip="Look at the repository again"),
        Binding("escape", "back", "Back", show=False, id="back", tooltip="Back to the welcome"),
        Binding("q", "app.leave", "Quit", id="quit", tooltip="Leave dockwiz"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._marked: list[int] = []

    def panes(self) -> Iterable[Widget]:
        self.summary = Note(self.glyphs, id="summary")
        self.facts = LineView(self.glyphs, id="facts")
        self.middle = Separator(self.glyphs, id="middle")
        self.source = LineView(self.glyphs, cursor=True, id="source")
        self.source.sideways = True
        return (
            self.summary,
            Container(Container(self.facts, id="left"), Container(self.middle, self.source, id="right"), id="split"),
        )

    def show(self, session: Session) -> None:
        error = self.wizard.flow.problems.get("inspect")
        found = session.inspection
        if error is not None:
            self.summary.show(lambda width: problem(error, width, self.glyphs))
        elif found is None:
            waited = self.wizard.flow.waited("inspect")
            self.summary.show(
                lambda _width: [line(Span(f" {self.glyphs.running} Looking at the repository ..{waited}", "running"))]
            )
        if error is not None or found is None:
            self.facts.show(lambda _width: [])
            self.source.show(lambda _width: [])
            return
        self.summary.show(lambda width: [facts.summary(session.inspected_in, session.written, width)])
        self.facts.show(lambda width: facts.facts(found, width, self.glyphs))
        self.facts.styles.height = "auto" if not self.has_class("-wide") else "1fr"
        path = found.dockerfile or ""
        rows = self.wizard.flow.dockerfile_rows
        marks = sources.findings(session.plan, path)
        flow = self.wizard.flow
        planning = (
            f"looking for improvements ..{flow.waited('plan')}" if session.plan is None and not flow.problems else ""
        )
        self.middle.title(f"{path}  {count(len(rows), 'line')}", planning or count(len(marks), "finding"))
        coloured = self.wizard.flow.colours.get(f"old:{path}")
        self.source.show(lambda width: sources.source(rows, marks, width, self.glyphs, coloured))
        self._marked = sorted(marks)
        if self.focused is None:
            self.source.focus()

    def search_on(self, pane: LineView, direction: int) -> bool:
        if pane.needle or pane is not self.source or not self._marked:
            return super().search_on(pane, direction)
        here = pane.cursor + 1
        later = [number for number in self._marked if (number - here) * direction > 0]
        target = (min(later) if direction > 0 else max(later)) if later else self._marked[0 if direction > 0 else -1]
        pane.move_to(target - 1)
        return True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        if action == "retry":
            return "inspect" in self.wizard.flow.problems
        if action in ("next", "edit"):
            return self.wizard.session.inspection is not None
        return True

    def action_next(self) -> None:
        self.wizard.open_page(Page.PROPOSE)

    def action_back(self) -> None:
        self.wizard.open_page(None)

    def action_retry(self) -> None:
        self.wizard.flow.inspect()

    def action_edit(self) -> None:
        found = self.wizard.session.inspection
        if found is not None and found.dockerfile is not None:
            self.wizard.edit(found.dockerfile, self.source.cursor + 1)
