"""Plain text for a terminal or a pipe: paragraphs that fit, and lines of a repo that are cut where they do not."""

from __future__ import annotations

import os
import sys
import textwrap

NARROWEST = 40
USUAL = 80
WIDEST = 100
"""Columns. Longer lines are harder to read, whatever room there is."""


def columns() -> int:
    """The width to write for: that of the terminal, 80 without one."""
    chosen = os.environ.get("COLUMNS", "")
    try:
        width = int(chosen) if chosen.isdigit() else os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        width = USUAL
    return max(NARROWEST, min(width or USUAL, WIDEST))


def paragraph(text: str, first: str = "", rest: str | None = None) -> list[str]:
    """The lines of a text: `first` before the first line, `rest` (else as many blanks) before the others."""
    return textwrap.wrap(
        text,
        columns(),
        initial_indent=first,
        subsequent_indent=" " * len(first) if rest is None else rest,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [first.rstrip()]


def cut_row(text: str, first: str = "") -> str:
    """A row of a table, its blanks kept, cut at the right where it is too long."""
    line = first + text
    return line if len(line) <= columns() else line[: columns() - 2].rstrip() + " …"


def cut(text: str, first: str = "") -> str:
    """One line, cut at the right where it is too long."""
    return cut_row(" ".join(text.split()), first)
