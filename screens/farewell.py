"""What is printed to the normal screen after the wizard: nothing of what it found is lost."""

from __future__ import annotations

from collections.abc import Mapping

from screens.session import Session
from wizard.again import undo_command
from wizard.errors import DockwizError
from wizard.report.units import seconds


def farewell(session: Session, problems: Mapping[str, DockwizError], tag: str = "") -> str:
    """The report or the failing lines, what is on disk, and the last error; empty where nothing happened."""
    rows: list[str] = []
    if session.written:
        times = f", {len(session.applies)} times" if len(session.applies) > 1 else ""
        rows += [f"written: {', '.join(session.written)} (put back with `{undo_command(session.place)}`{times})"]
    result = session.build
    if result is not None:
        rows.append(f"build {result.outcome} after {seconds(result.seconds)}")
        if result.trace.error is not None:
            from screens.views.failure import as_text

            rows.append(as_text(result.trace.error))
    if session.comparison is not None:
        from screens.glyphs import ASCII
        from screens.lines import text_of
        from screens.views.measured import report

        rows += [text_of(row).rstrip() for row in report(session, tag, "", 78, ASCII)]
    rows += [f"dockwiz: {error}" for error in problems.values()]
    return "".join(f"{row}\n" for row in rows)
