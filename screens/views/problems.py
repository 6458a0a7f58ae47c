"""An error for people: what happened, where, and what to do next, in this order."""

from __future__ import annotations

from screens.glyphs import Glyphs
from screens.lines import Line, Span, line, paragraph, wrap
from wizard.errors import DockwizError


def problem(error: DockwizError, width: int, glyphs: Glyphs) -> list[Line]:
    """The lines of one error."""
    message = error.message[:1].upper() + error.message[1:]
    rows = [
        line(Span(f" {glyphs.failed if not i else ' '} {row}", "bad")) for i, row in enumerate(wrap(message, width - 4))
    ]
    if error.path is not None:
        place = ":".join(str(part) for part in (error.path, error.line, error.column) if part is not None)
        rows += paragraph("   Where", place, width, indent=10, role="place")
    if error.hint:
        rows += paragraph("   Next", error.hint, width, indent=10)
    return rows
