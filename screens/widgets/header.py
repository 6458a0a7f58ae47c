"""The first line: whose repo it is, and the five steps with the present one in brackets."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from screens.lines import Line, Span, clean, fit, line, text_of, width_of
from screens.session import Page
from screens.widgets.roles import role_style


def steps(present: Page | None, reached: Page, width: int) -> Line:
    """The five steps; below 70 cells the others by their number alone."""
    parts: list[Span] = []
    for page in Page:
        label = f"{page.value} {page.title}" if width >= 70 or page is present else f"{page.value}"
        if page is present:
            parts.append(Span(f"[{label}]", "strong"))
        else:
            parts.append(Span(f" {label} ", "" if page <= reached else "dim"))
    return tuple(parts)


def header(name: str, note: str, present: Page | None, reached: Page, width: int) -> Line:
    """` dockwiz  shop main*        [1 Inspect]  2 Propose …`, exactly `width` cells."""
    right = steps(present, reached, width)
    room = width - width_of(text_of(right)) - 2
    brand = " dockwiz  " if width >= 70 else " "
    left = fit(f"{brand}{name}{f' {note}' if note else ''}", max(room, 0))
    return line(Span(left[: len(brand)], "title"), Span(left[len(brand) :]), Span(" "), *right, Span(" "))


class Header(Widget):
    """The header line. A click on a step asks to go there."""

    class Asked(Message):
        """A step was clicked."""

        def __init__(self, page: Page) -> None:
            super().__init__()
            self.page = page

    def __init__(self, *, ascii_only: bool) -> None:
        super().__init__()
        self.ascii_only = ascii_only
        self.content: tuple[str, str, Page | None, Page] = ("", "", None, Page.INSPECT)

    def show(self, name: str, note: str, present: Page | None, reached: Page) -> None:
        self.content = (clean(name), clean(note), present, reached)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        base = self.rich_style
        if y:
            return Strip.blank(self.size.width, base)
        segments = [
            Segment(
                clean(span.text, ascii_only=self.ascii_only),
                base + (role_style(self.screen, span.role) if span.role else Style()),
            )
            for span in header(*self.content, self.size.width)
        ]
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def on_click(self, event: events.Click) -> None:
        x = 0
        for span in header(*self.content, self.size.width):
            x += width_of(span.text)
            if event.x < x:
                number = span.text.strip(" []")[:1]
                if number.isdigit() and 1 <= int(number) <= 5:
                    self.post_message(self.Asked(Page(int(number))))
                return
