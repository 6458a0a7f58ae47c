"""The first thing seen: what will happen, and that nothing is written without consent. Asks which Dockerfile."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from screens.base import PageScreen
from screens.lines import Line, Span, line, paragraph
from screens.session import Page, Session
from screens.views.problems import problem
from screens.widgets.lineview import LineView
from screens.widgets.panes import Note

STORY = (
    ("Look", "I read this repository and its Dockerfile. That changes nothing."),
    ("Choose", "You see what would make the build faster and the image smaller, each with its reason and its diff."),
    (
        "Prove",
        "When you say so, and not before, files are written, the image is built and measured against the old one.",
    ),
)


class WelcomeScreen(PageScreen):
    """Three lines, and the Dockerfile where there are several."""

    ABOUT = "dockwiz shows what it found and what it would change before it writes anything."

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "next", "Start", id="next", tooltip="Go on: show what is in the repository"),
        Binding("u", "undo", "Undo", id="undo", tooltip="Put the files back as they were before dockwiz wrote them"),
        Binding("r", "retry", "Look again", id="retry", tooltip="Look at the repository again"),
        Binding("q", "app.leave", "Quit", id="quit", tooltip="Leave dockwiz"),
    ]

    def panes(self) -> Iterable[Widget]:
        self.story = Note(self.glyphs, id="story")
        self.choice = LineView(self.glyphs, cursor=True, id="choice")
        self.status = Note(self.glyphs, id="status")
        return (self.story, self.status, self.choice)

    def show(self, session: Session) -> None:
        self.story.show(self._story)
        self.status.show(lambda width: self._status(session, width))
        names = self.wizard.flow.candidates
        self.choice.display = bool(names) and session.dockerfile is None
        self.choice.show(lambda _width: [line(name) for name in names])
        if self.choice.display:
            self.choice.focus()

    def _story(self, width: int) -> list[Line]:
        rows: list[Line] = [
            line(),
            line(Span("  From a slow, bloated build to a proven, faster image.", "title")),
            line(),
        ]
        for number, (word, text) in enumerate(STORY, 1):
            rows += paragraph(f"  {number} {word}", text, width - 2, indent=13)
        undo = "`dockwiz undo` puts every file back, byte for byte."
        return [*rows, line(), *paragraph("", undo, width - 2, indent=13, role="dim"), line()]

    def _status(self, session: Session, width: int) -> list[Line]:
        error = self.wizard.flow.problems.get("inspect") or self.wizard.flow.problems.get("undo")
        if error is not None:
            return problem(error, width, self.glyphs)
        if self.wizard.flow.candidates and session.dockerfile is None:
            return [line(Span("  Which Dockerfile?", "strong"))]
        if session.inspection is None:
            waited = self.wizard.flow.waited("inspect")
            return [line(Span(f"  {self.glyphs.running} Looking at {session.name} ..{waited}", "running"))]
        rows = [line(Span(f"  {self.glyphs.done} ", "good"), f"Read {session.inspection.dockerfile}. Press enter.")]
        if self._undoable:
            written = f"dockwiz wrote {', '.join(session.earlier)} here before: u puts that back."
            rows += paragraph(f"  {self.glyphs.warning}", written, width - 2, indent=4)
        return rows

    @property
    def _undoable(self) -> bool:
        session = self.wizard.session
        return bool(session.earlier) and not session.applied and not self.wizard.flow.jobs.running("apply", "undo")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        if action == "retry":
            return "inspect" in self.wizard.flow.problems
        if action == "undo":
            return self._undoable
        if action == "next":
            return "inspect" not in self.wizard.flow.problems
        return True

    def action_next(self) -> None:
        if self.choice.display:
            self.wizard.flow.choose(self.wizard.flow.candidates[self.choice.cursor])
            return
        self.wizard.open_page(Page.INSPECT)

    def action_undo(self) -> None:
        self.wizard.flow.undo()

    def action_retry(self) -> None:
        self.wizard.flow.inspect()
