"""Lines of styled text as values: what every view of the wizard is made of.

A span names what its text *is* (a role such as `added` or `failed`), never a colour: the style sheet maps roles to
colours, and the text alone must carry the meaning. Text from outside (file contents, build logs, step names) is
cleaned here and never read as markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len

ROLES = (
    "title", "dim", "strong", "good", "bad", "warn", "cached", "running", "key", "place",
    "added", "removed", "hunk", "code-keyword", "code-string", "code-comment", "code-number",
)  # fmt: skip


class Span(NamedTuple):
    """A piece of a line. `role` is "" or one or more of ROLES, separated by blanks."""

    text: str
    role: str = ""


Line = tuple[Span, ...]

_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def line(*parts: str | Span) -> Line:
    """A line from plain strings and spans."""
    return tuple(part if isinstance(part, Span) else Span(part) for part in parts if part)


def text_of(spans: Line) -> str:
    """The text of a line, without its roles."""
    return "".join(span.text for span in spans)


def clean(text: str, *, ascii_only: bool = False) -> str:
    """Text that cannot disturb the screen: tabs as blanks, control and direction characters as `?`."""
    text = _CONTROLS.sub("?", text.expandtabs(4))
    return text.encode("ascii", "replace").decode() if ascii_only else text


def width_of(text: str) -> int:
    """The terminal cells that a text takes."""
    return cell_len(text)


def head(text: str, width: int) -> str:
    """As much of the text as `width` cells take.

    Rich's own set_cell_size divides by zero, or never ends, on some texts of combining characters (seen in 14.x).
    """
    cells = end = 0
    while end < len(text) and (cells := cells + cell_len(text[end])) <= width:
        end += 1
    while end and cell_len(text[:end]) > width:
        end -= 1
    return text[:end]


def shorten(text: str, width: int) -> str:
    """The text, cut to `width` cells; `..` marks the cut."""
    if cell_len(text) <= width:
        return text
    return head(text, width - 2) + ".." if width > 2 else head(text, width)


def as_many(parts: Sequence[str], width: int) -> str:
    """As many of the parts as fit, with commas. At least the first one, cut."""
    for kept in range(len(parts), 0, -1):
        text = ", ".join(parts[:kept])
        if cell_len(text) <= width:
            return text
    return shorten(parts[0], width) if parts else ""


def fit(text: str, width: int) -> str:
    """The text, cut or padded to exactly `width` cells."""
    short = shorten(text, width)
    return short + " " * (width - cell_len(short))


def wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` cells, broken at blanks; words that are too long are cut."""
    lines: list[str] = []
    current = ""
    for word in text.split():
        while cell_len(word) > width > 0:
            if current:
                lines.append(current)
                current = ""
            first = head(word, width) or word[0]
            lines.append(first)
            word = word[len(first) :]
        if not word:
            continue
        if current and cell_len(current) + 1 + cell_len(word) > width:
            lines.append(current)
            current = word
        else:
            current = f"{current} {word}" if current else word
    return [*lines, current] if current else lines


def paragraph(label: str, text: str, width: int, *, indent: int = 8, role: str = "") -> list[Line]:
    """A labelled text: the label in a column of `indent` cells, the text wrapped beside it."""
    rows = wrap(text, max(width - indent, 10)) or [""]
    return [
        line(Span(fit(label if number == 0 else "", indent), "key"), Span(row, role)) for number, row in enumerate(rows)
    ]


def spread(left: Iterable[str | Span], right: Iterable[str | Span], width: int) -> Line:
    """A line with one part at the left edge and one at the right; the left one is cut where both do not fit."""
    left_line, right_line = line(*left), line(*right)
    right_width = width_of(text_of(right_line))
    room = width - right_width
    kept = cut(left_line, max(room - 1, 0)) if right_width else cut(left_line, width)
    gap = max(room - width_of(text_of(kept)), 0)
    return (*kept, Span(" " * gap), *right_line) if right_width else kept


def cut(spans: Line, width: int) -> Line:
    """The line, cut to `width` cells; `..` marks the cut."""
    if width_of(text_of(spans)) <= width:
        return spans
    kept: list[Span] = []
    room = max(width - 2, 0)
    for span in spans:
        short = head(span.text, room)
        kept.append(Span(short, span.role))
        room -= width_of(short)
        if short != span.text:
            break
    kept.append(Span("." * min(width, 2), kept[-1].role if kept else ""))
    return tuple(kept)


def rule_line(title: str, right: str, width: int, rule: str) -> Line:
    """A separating line that carries a title and, at its right end, where one is in the list."""
    left = f"{rule * 2} {title} " if title else ""
    end = f" {right} {rule}" if right else ""
    left = shorten(left, max(width - width_of(end), 0))
    return line(
        Span(left, "strong"), Span(rule * max(width - width_of(left) - width_of(end), 0), "dim"), Span(end, "dim")
    )
