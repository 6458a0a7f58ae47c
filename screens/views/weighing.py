"""Evidence for and against a proposal, side by side where the terminal is wide, else one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

from screens.glyphs import Glyphs
from screens.lines import Line, Span, fit, line, shorten
from screens.masking import mask
from wizard.inspection.values import Evidence

MOST = 5
"""Lines of the repo that a part shows."""
INDENT = 10
"""Cells of the column of labels."""
NOTHING = "nothing found"


def place_of(item: Evidence) -> str:
    """`app.py:3`."""
    return f"{item.path}:{item.line}" if item.line else item.path


def evidence_rows(label: str, evidence: Sequence[Evidence], width: int) -> list[Line]:
    """One line for each: its place, and as much of its text as fits."""
    return [
        line(
            Span(fit(label if number == 0 else "", INDENT), "key"),
            Span(place_of(item), "place"),
            f"  {shorten(_text(item), max(width - INDENT - 2 - len(place_of(item)), 4))}",
        )
        for number, item in enumerate(evidence)
    ]


def stacked(speaks_for: Sequence[Evidence], against: Sequence[Evidence], width: int) -> list[Line]:
    """`For` above `Against`."""
    rows: list[Line] = []
    for label, part in ((" For", speaks_for), (" Against", against)):
        rows += evidence_rows(label, part[:MOST], width) or [
            line(Span(fit(label, INDENT), "key"), Span(NOTHING, "dim"))
        ]
        rows += [line(" " * INDENT, Span(more, "dim")) for more in _more(part)]
    return rows


def side_by_side(speaks_for: Sequence[Evidence], against: Sequence[Evidence], width: int, glyphs: Glyphs) -> list[Line]:
    """Two columns; below each place, indented, its text."""
    left = max((width - 3) // 2, 8)
    right = max(width - 3 - left, 8)
    columns = (_column(" For", speaks_for, left), _column(" Against", against, right))
    empty = (Span(" " * left),)
    return [
        line(*(first or empty), Span(f" {glyphs.divider} ", "dim"), *(second or ()))
        for first, second in zip_longest(*columns)
    ]


def _column(title: str, part: Sequence[Evidence], width: int) -> list[Line]:
    rows = [line(Span(fit(title, width), "key"))]
    for item in part[:MOST]:
        rows.append(line(Span(fit(f" {_end_of(place_of(item), width - 1)}", width), "place")))
        rows.append(line(fit(f"   {_text(item)}", width)))
    if not part:
        rows.append(line(Span(fit(f" {NOTHING}", width), "dim")))
    rows += [line(Span(fit(f" {more}", width), "dim")) for more in _more(part)]
    return rows


def _more(part: Sequence[Evidence]) -> list[str]:
    return [f"and {len(part) - MOST} more"] if len(part) > MOST else []


def _end_of(place: str, width: int) -> str:
    """A place that is too long, cut at its front: the name and the line say more than the folders."""
    return place if len(place) <= width else f"..{place[-(width - 2) :]}"


def _text(item: Evidence) -> str:
    return mask(" ".join(item.text.split()))
