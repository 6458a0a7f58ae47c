"""A pane of lines: scrolls, searches, and can carry a cursor. The one widget that every view is made of.

Drawn with Textual's line interface: only the lines in sight are ever made into segments, so a log of 100,000 lines
costs no more than one of 20.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from screens.glyphs import Glyphs
from screens.lines import Line, clean, text_of
from screens.widgets.roles import role_style

Build = Callable[[int], Sequence[Line]]


class LineView(Widget, can_focus=True):
    """Lines made by a function of the width. With `cursor=True` one line is the current one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "down", "Down", show=False, id="view-down", tooltip="One line down"),
        Binding("up,k", "up", "Up", show=False, id="view-up", tooltip="One line up"),
        Binding("right,l", "right", "Right", show=False, id="view-right", tooltip="Move the text to the left"),
        Binding("left,h", "left", "Left", show=False, id="view-left", tooltip="Move the text to the right"),
        Binding("pagedown", "page_down", "Page down", show=False, id="view-page-down", tooltip="One page down"),
        Binding("pageup", "page_up", "Page up", show=False, id="view-page-up", tooltip="One page up"),
        Binding("g,home", "top", "Top", show=False, id="view-top", tooltip="To the first line"),
        Binding("G,end", "bottom", "Bottom", show=False, id="view-bottom", tooltip="To the last line"),
    ]

    class Moved(Message):
        """The cursor is on another line."""

        def __init__(self, view: LineView, index: int) -> None:
            super().__init__()
            self.view = view
            self.index = index

        @property
        def control(self) -> LineView:
            return self.view

    class Pressed(Message):
        """A line was clicked; `x` is the column."""

        def __init__(self, view: LineView, index: int, x: int) -> None:
            super().__init__()
            self.view = view
            self.index = index
            self.x = x

        @property
        def control(self) -> LineView:
            return self.view

    def __init__(self, glyphs: Glyphs, *, cursor: bool = False, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.glyphs = glyphs
        self.has_cursor = cursor
        self.sideways = not cursor
        """Lines may be longer than the pane is wide: left and right move the text."""
        self.cursor = 0
        self.top = 0
        self.left = 0
        self.needle = ""
        self.selects: Callable[[int], bool] | None = None
        """Which lines the cursor may stand on; None: all."""
        self._build: Build = lambda _width: ()
        self._lines: Sequence[Line] = ()
        self._built_for = -1
        self._styles: dict[str, Style] = {}

    # What is shown

    def show(self, build: Build) -> None:
        """Show other lines; the place in them is kept as far as it exists."""
        self._build = build
        self._built_for = -1
        self.refresh(layout=self.styles.is_auto_height and self.count() != self.size.height)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        del container, viewport
        return len(self._build(max(width - self.marker_width, 1)))

    def count(self) -> int:
        """How many lines there are."""
        return len(self._current())

    def line_at(self, index: int) -> Line:
        """One line, not yet cleaned."""
        return self._current()[index]

    def selectable(self, index: int) -> bool:
        """Whether the cursor may stand on this line."""
        return self.selects is None or self.selects(index)

    def _current(self) -> Sequence[Line]:
        width = self.content_width
        if width != self._built_for:
            self._lines = self._build(width)
            self._built_for = width
        return self._lines

    @property
    def content_width(self) -> int:
        """Cells for a line, beside the cursor's column."""
        return max(self.size.width - self.marker_width, 1)

    @property
    def marker_width(self) -> int:
        """Cells of the cursor's column."""
        return 2 if self.has_cursor else 0

    @property
    def visible_text(self) -> str:
        """All lines as text, for copying."""
        return "\n".join(text_of(self.line_at(index)).rstrip() for index in range(self.count()))

    # Drawing

    def render_line(self, y: int) -> Strip:
        base = self.rich_style
        width = self.size.width
        index = self.top + y
        if not 0 <= index < self.count():
            return Strip.blank(width, base)
        here = self.has_cursor and index == self.cursor
        marker = self._style("marker") if here and self.has_focus else Style()
        segments = [Segment(f"{self.glyphs.cursor if here else ' '} ", base + marker)] if self.has_cursor else []
        body = [
            Segment(clean(span.text, ascii_only=self.glyphs.ascii_only), base + self._style(span.role))
            for span in self.line_at(index)
        ]
        strip = Strip(body)
        if self.left:
            strip = strip.crop(self.left)
        room = width - self.marker_width
        if self.sideways and strip.cell_length > room:
            more = Segment(self.glyphs.cursor, base + self._style("marker"))
            strip = Strip([*strip.crop(0, room - 1).adjust_cell_length(room - 1, base), more])
        strip = Strip([*segments, *strip]).adjust_cell_length(width, base)
        if here and self.has_focus:
            strip = strip.apply_style(self._style("cursor"))
        if self.needle and self.needle in text_of(self.line_at(index)).casefold():
            strip = strip.apply_style(self._style("found"))
        return strip

    def _style(self, roles: str) -> Style:
        style = self._styles.get(roles)
        if style is None:
            parts = [role_style(self.screen, role) for role in roles.split()]
            style = Style.combine([Style(), *parts])
            self._styles[roles] = style
        return style

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()

    def on_resize(self) -> None:
        self._clamp()
        self.refresh()  # the lines in sight were chosen, and drawn, before the new height was known

    # Moving

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        del parameters
        return self.sideways if action in ("left", "right") else True

    def move_to(self, index: int) -> None:
        """Put the cursor on a line (or scroll to it where there is no cursor)."""
        if not self.has_cursor:
            self.scroll_to_line(index)
            return
        index = min(max(index, 0), max(self.count() - 1, 0))
        if self.count() and self.selectable(index) and index != self.cursor:
            self.cursor = index
            self.post_message(self.Moved(self, index))
        self._clamp()
        self.refresh()

    def scroll_to_line(self, top: int) -> None:
        """Make a line the first one in sight, as far as there are lines below it."""
        self.top = min(max(top, 0), max(self.count() - self.size.height, 0))
        self.refresh()

    def _clamp(self) -> None:
        height = max(self.size.height, 1)
        if self.has_cursor:
            self.cursor = min(self.cursor, max(self.count() - 1, 0))
            if self.cursor < self.top:
                self.top = self.cursor
            elif self.cursor >= self.top + height:
                self.top = self.cursor - height + 1
        self.top = min(self.top, max(self.count() - height, 0))

    def _step(self, direction: int) -> None:
        if not self.has_cursor:
            self.scroll_to_line(self.top + direction)
            return
        index = self.cursor + direction
        while 0 <= index < self.count():
            if self.selectable(index):
                self.move_to(index)
                return
            index += direction
        self.scroll_to_line(self.top + direction)

    def action_down(self) -> None:
        self._step(1)

    def action_up(self) -> None:
        self._step(-1)

    def action_page_down(self) -> None:
        for _ in range(max(self.size.height - 1, 1)):
            self._step(1)

    def action_page_up(self) -> None:
        for _ in range(max(self.size.height - 1, 1)):
            self._step(-1)

    def action_top(self) -> None:
        self._edge(range(self.count()))
        self.scroll_to_line(0)

    def action_bottom(self) -> None:
        self._edge(range(self.count() - 1, -1, -1))
        self.scroll_to_line(self.count())

    def _edge(self, order: range) -> None:
        if self.has_cursor:
            first = next((index for index in order if self.selectable(index)), None)
            if first is not None:
                self.move_to(first)

    def action_right(self) -> None:
        self.left += 8
        self.refresh()

    def action_left(self) -> None:
        self.left = max(self.left - 8, 0)
        self.refresh()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._step(1) if self.has_cursor else self.scroll_to_line(self.top + 3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._step(-1) if self.has_cursor else self.scroll_to_line(self.top - 3)

    def on_click(self, event: events.Click) -> None:
        index = self.top + event.y
        if 0 <= index < self.count():
            if self.has_cursor:
                self.move_to(index)
            self.post_message(self.Pressed(self, index, event.x - self.marker_width))

    # Searching

    def find(self, needle: str) -> bool:
        """Mark the lines that hold `needle` (case ignored) and go to the first at or after the current one."""
        self.needle = needle.casefold()
        self.refresh()
        return self.find_next(0) if self.needle else False

    def find_next(self, direction: int) -> bool:
        """Go to the next (1) or previous (-1) marked line, round the end; 0 takes the current line too."""
        here = self.cursor if self.has_cursor else self.top
        total = self.count()
        step = direction or 1
        for distance in range(0 if direction == 0 else 1, total + 1):
            index = (here + step * distance) % total
            if self.needle in text_of(self.line_at(index)).casefold() and (
                not self.has_cursor or self.selectable(index)
            ):
                self.move_to(index)
                return True
        return False
