"""What failed: the step, its place in the Dockerfile, its last words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from screens.glyphs import Glyphs
from screens.lines import Line, Span, line, wrap
from screens.masking import mask
from wizard.build.events import BuildWarning
from wizard.build.logs import plain
from wizard.build.values import BuildError

LOG_LINES = 30
_NUMBERED = re.compile(r"\s*\d+ \|")
"""The lines of the Dockerfile among the builder's words."""


def failed(error: BuildError, log: Sequence[str], width: int, glyphs: Glyphs) -> list[Line]:
    """Cause, place, last lines."""
    where = f"{error.label or error.stage}, " if error.label or error.stage else ""
    code = f"  exit code {error.exit_code}" if error.exit_code is not None else ""
    rows: list[Line] = [
        line(Span(f" {glyphs.failed if not number else ' '} {row}", "bad"))
        for number, row in enumerate(wrap(mask(error.message), width - 4))
    ]
    rows.append(line("   ", where, Span(error.place, "place"), code))
    source = [mask(plain(row)) for row in error.excerpt if _NUMBERED.match(row)]
    rows += [line(Span(f"   {row}", "bad" if ">>>" in row else "")) for row in source]
    if log:
        rows.append(line(Span(" Last lines of that step", "strong")))
        rows += [line(f"   {plain(row)}") for row in log[-LOG_LINES:]]
    return rows


def as_text(error: BuildError) -> str:
    """The same as plain text, for copying and for the normal screen."""
    place = f"{error.place}: " if error.place else ""
    rows = [f"{place}{mask(error.message)}", *(mask(plain(row)) for row in error.excerpt)]
    return "\n".join([*rows, *(plain(row) for row in error.log[-LOG_LINES:])])


def warning_rows(warnings: Sequence[BuildWarning]) -> list[str]:
    """The builder's warnings with place and address."""
    rows: list[str] = []
    for warning in warnings:
        place = f"{warning.file or 'Dockerfile'}:{warning.line}: " if warning.line else ""
        rows += [f"! {place}{warning.short}", *(f"    {text}" for text in (warning.detail, warning.url) if text), ""]
    return rows
