"""A log: plain lines of any number, of which only those in sight are looked at. Follows its end until scrolled away."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from screens.glyphs import Glyphs
from screens.lines import Line, Span
from screens.widgets.lineview import LineView


class LogView(LineView):
    """Shows a growing sequence of strings, or (by `show`) any lines."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(glyphs, id=id)
        self.following = True
        self._rows: Sequence[str] | None = None

    def show_lines(self, rows: Sequence[str]) -> None:
        """Show these lines; the sequence may grow behind our back."""
        if rows is not self._rows:
            self.top = self.left = 0
            self._rows = rows
        self._keep_end()
        self.refresh()

    def _keep_end(self) -> None:
        if self._rows is not None and self.following:
            self.top = max(len(self._rows) - self.size.height, 0)

    def on_resize(self) -> None:
        self._keep_end()

    def show(self, build: Callable[[int], Sequence[Line]]) -> None:
        self._rows = None
        super().show(build)

    def count(self) -> int:
        return len(self._rows) if self._rows is not None else super().count()

    def line_at(self, index: int) -> Line:
        return (Span(f" {self._rows[index]}"),) if self._rows is not None else super().line_at(index)

    def toggle_follow(self) -> None:
        """Follow the end, or stop following it."""
        self.following = not self.following
        if self.following:
            self.scroll_to_line(self.count())

    def scroll_to_line(self, top: int) -> None:
        super().scroll_to_line(top)
        self.following = self._rows is None or self.top >= self.count() - self.size.height
