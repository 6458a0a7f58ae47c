"""Small fixed parts of a screen: lines that only inform, separators, and the line to type a search into."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from screens.glyphs import Glyphs
from screens.lines import rule_line
from screens.widgets.lineview import LineView


class Note(LineView, can_focus=False):
    """Lines that are only looked at; as high as they need."""


class Separator(Note):
    """A line across the screen, with a title at its left and a place at its right."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(glyphs, id=id)
        self.title("")

    def title(self, left: str, right: str = "") -> None:
        self.show(lambda width: [rule_line(left, right, width, self.glyphs.rule)])


class FindBar(Input):
    """Hidden until `/`; what is entered is looked for in the pane that had the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", show=False, id="find-leave", tooltip="Stop searching")
    ]

    class Left(Message):
        """Searching was given up."""

    def __init__(self) -> None:
        super().__init__(placeholder="find", id="find", compact=True)
        self.display = False

    def action_leave(self) -> None:
        self.post_message(self.Left())
