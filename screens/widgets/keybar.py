"""The last line: the keys of this screen, in the order of importance, never wider than the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from textual import events
from textual.binding import Binding
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from screens.lines import clean, fit, width_of
from screens.widgets.roles import role_style

HELP = ("?", "Help")
SECONDS = 5.0
"""How long a confirmation stays."""


def key_label(binding: Binding) -> str:
    """How a key is written: `enter`, `^c`, `?`."""
    if binding.key_display:
        return binding.key_display
    names = {"question_mark": "?", "slash": "/", "escape": "esc", "left_square_bracket": "["}
    return names.get(binding.key, binding.key.replace("ctrl+", "^"))


def budget(keys: Sequence[tuple[str, str]], width: int) -> list[tuple[str, str]]:
    """The keys that fit, first ones first; help always stays, and where nothing fits its label goes."""
    kept: list[tuple[str, str]] = []
    room = width - 1 - width_of(" ".join(HELP))
    for key, label in keys:
        size = width_of(f"{key} {label}") + 2
        if size > room:
            break
        kept.append((key, label))
        room -= size
    return [*kept, HELP]


class KeyBar(Widget):
    """Shows `keys`, and runs the action of a key that is clicked."""

    def __init__(self) -> None:
        super().__init__()
        self.bindings: list[Binding] = []
        self.said = ""
        self.silence: Timer | None = None

    def say(self, text: str) -> None:
        """Show a confirmation instead of the keys (but for help), until the next key or some seconds have passed."""
        if self.silence is not None:
            self.silence.stop()
        self.said = clean(text)
        self.silence = self.set_timer(SECONDS, self.listen)
        self.refresh()

    def listen(self) -> None:
        """Show the keys again."""
        if self.said:
            self.said = ""
            self.refresh()

    def show(self, bindings: Sequence[Binding]) -> None:
        self.bindings = list(bindings)
        self.refresh()

    def _keys(self) -> list[tuple[str, str]]:
        if self.said:
            return [HELP]
        return budget([(key_label(binding), binding.description) for binding in self.bindings], self.size.width)

    def render_line(self, y: int) -> Strip:
        base = self.rich_style
        if y:
            return Strip.blank(self.size.width, base)
        segments = [Segment(self._lead(), base)]
        for key, label in self._keys():
            segments += [
                Segment(key, base + role_style(self.screen, "key")),
                Segment(f" {label}  ", base),
            ]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _lead(self) -> str:
        """What stands before the first key: the confirmation, wide enough that help stands at the right edge."""
        if not self.said:
            return " "
        room = self.size.width - width_of(" ".join(HELP)) - 4
        return f" {fit(self.said, room)} " if room > 0 else " "

    async def on_click(self, event: events.Click) -> None:
        x = width_of(self._lead())
        for key, label in self._keys():
            x += width_of(f"{key} {label}") + 2
            if event.x < x:
                binding = next((item for item in self.bindings if key_label(item) == key), None)
                if binding is not None:
                    await self.screen.run_action(binding.action)
                elif (key, label) == HELP:
                    await self.app.run_action("help")
                return
