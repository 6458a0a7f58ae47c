"""A file of the repo with line numbers, and the findings in its margin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from screens.glyphs import Glyphs
from screens.lines import Line, Span, cut, fit, line, shorten, text_of, width_of
from screens.masking import mask
from screens.views.colours import Coloured

if TYPE_CHECKING:
    from wizard.plan.fold import Plan

NUMBER = 7
"""Cells for the number of a line and its mark."""
CODE = 26
"""Cells that the margin leaves to a line at least."""


def source_rows(text: str) -> list[str]:
    """The lines of a file as they may be shown: secrets hidden, no line ends."""
    return [mask(row) for row in text.split("\n")[: None if not text.endswith("\n") else -1]] if text else []


def findings(plan: Plan | None, path: str) -> dict[int, str]:
    """What the proposals point at in this file: line -> the first proposal's title."""
    found: dict[int, str] = {}
    for step in plan.steps if plan else ():
        for evidence in step.proposal.evidence:
            if evidence.path == path and evidence.line is not None:
                found.setdefault(evidence.line, step.proposal.title)
    return found


def source(
    rows: Sequence[str], marks: Mapping[int, str], width: int, glyphs: Glyphs, coloured: Coloured | None = None
) -> list[Line]:
    """The pane: number, a mark where something was found, the line, and at the right what it is about."""
    result: list[Line] = []
    note_width = min(max(map(len, marks.values()), default=0), width - NUMBER - CODE)
    for number, row in enumerate(rows, 1):
        about = marks.get(number, "")
        code: Line = (Span(row),)
        # The colours are worked out beside: they may be those of the file as it was.
        if coloured and number <= len(coloured) and text_of(coloured[number - 1]) == row:
            code = coloured[number - 1]
        head = line(Span(f"{number:>{NUMBER - 3}} ", "dim"), Span(f"{glyphs.warning if about else ' '} ", "warn"))
        if not about or note_width < 20:
            result.append((*head, *code))
            continue
        kept = cut(code, width - NUMBER - note_width - 2)
        gap = width - NUMBER - note_width - width_of(text_of(kept))
        result.append((*head, *kept, Span(" " * gap), Span(fit(shorten(about, note_width), note_width), "warn")))
    return result
