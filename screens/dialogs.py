"""What lies over a page: help, a question, the palette of all commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import ModalScreen
from textual.widgets import Input

from screens.lines import Line, Span, fit, line, wrap
from screens.widgets.keybar import key_label
from screens.widgets.lineview import LineView
from screens.widgets.panes import Note, Separator
from screens.widgets.roles import ROLE_CLASSES

if TYPE_CHECKING:
    from screens.app import DockwizApp

Command = tuple[Binding, str]
"""A binding and its keys in words."""


def commands(bindings: Iterable[tuple[str, Binding]]) -> list[Command]:
    """One entry an action: its binding and all keys for it."""
    found: dict[str, tuple[Binding, list[str]]] = {}
    for _, binding in bindings:
        if binding.description:
            _, keys = found.setdefault(binding.action, (binding, []))
            keys.append(key_label(binding))
    return [(binding, " ".join(dict.fromkeys(keys))) for binding, keys in found.values()]


class Dialog(ModalScreen[str], inherit_bindings=False):
    """A titled pane in the middle; escape closes it with an empty answer."""

    COMPONENT_CLASSES = ROLE_CLASSES
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "answer('')", "Close", id="dialog-close", tooltip="Close this"),
    ]

    def __init__(self, title: str) -> None:
        super().__init__()
        self.heading = title
        self.glyphs = cast("DockwizApp", self.app).glyphs

    def action_answer(self, answer: str) -> None:
        self.dismiss(answer)


class HelpDialog(Dialog):
    """All keys of the page below, and what the page is for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,q,enter", "answer('')", "Close", id="help-close", tooltip="Close the help"),
    ]

    def __init__(self, about: str, keys: Sequence[Command]) -> None:
        super().__init__("Help")
        self.about = about
        self.keys = keys

    def compose(self) -> ComposeResult:
        view = LineView(self.glyphs, id="dialog-lines")
        view.show(self._lines)
        title = Separator(self.glyphs)
        title.title("Help for this page", "esc closes")
        with Container(id="dialog"):
            yield title
            yield view

    def _lines(self, width: int) -> list[Line]:
        rows: list[Line] = [line(f" {row}") for row in wrap(self.about, width - 2)]
        rows.append(line())
        for binding, keys in self.keys:
            rows.append(line(Span(fit(f" {keys}", 16), "key"), binding.tooltip or binding.description))
        return rows


class Question(Dialog):
    """A question with answers by single keys; enter gives the first."""

    def __init__(self, title: str, text: str, answers: Sequence[tuple[str, str, str]]) -> None:
        super().__init__(title)
        self.text = text
        self.answers = answers
        for key, answer, label in answers:
            self._bindings.bind(key, f"answer('{answer}')", label)

    def compose(self) -> ComposeResult:
        note = Note(self.glyphs)
        note.show(self._lines)
        title = Separator(self.glyphs)
        title.title(self.heading)
        with Container(id="dialog", classes="small"):
            yield title
            yield note

    def _lines(self, width: int) -> list[Line]:
        rows: list[Line] = [line(), *(line(f" {row}") for row in wrap(self.text, width - 2)), line()]
        return [*rows, *(line(Span(fit(f" {key}", 9), "key"), label) for key, _, label in self.answers), line()]


class PaletteDialog(Dialog):
    """Every command of the page, found by typing a part of its name."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", "Down", show=False, id="palette-down", tooltip="Next command"),
        Binding("up", "move(-1)", "Up", show=False, id="palette-up", tooltip="Previous command"),
    ]

    def __init__(self, keys: Sequence[Command]) -> None:
        super().__init__("Commands")
        self.keys = keys
        self.matches = list(keys)

    def compose(self) -> ComposeResult:
        self.view = LineView(self.glyphs, cursor=True, id="dialog-lines")
        self.view.show(self._lines)
        title = Separator(self.glyphs)
        title.title("Commands", "enter runs, esc closes")
        with Container(id="dialog"):
            yield title
            yield Input(placeholder="type a part of a command's name", compact=True)
            yield self.view

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def _lines(self, width: int) -> list[Line]:
        return [
            line(fit(binding.tooltip or binding.description, max(width - 14, 10)), Span(fit(keys, 14), "key"))
            for binding, keys in self.matches
        ]

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        words = event.value.casefold().split()
        self.matches = [
            command for command in self.keys
            if all(word in f"{command[0].tooltip} {command[0].description}".casefold() for word in words)
        ]  # fmt: skip
        self.view.cursor = 0
        self.view.show(self._lines)

    def action_move(self, distance: int) -> None:
        self.view.move_to(self.view.cursor + distance)

    @on(Input.Submitted)
    def _chosen(self) -> None:
        self._run(self.view.cursor)

    @on(LineView.Pressed)
    def _pressed(self, event: LineView.Pressed) -> None:
        self._run(event.index)

    def _run(self, index: int) -> None:
        self.dismiss(self.matches[index][0].action if index < len(self.matches) else "")
