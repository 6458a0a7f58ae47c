"""The commands that dockwiz tells people to run: as they work from where the person stands."""

from __future__ import annotations

import shlex
from pathlib import Path


def command(name: str, place: Path) -> str:
    """`dockwiz report shop`: with PATH where the build context `place` is not the current folder."""
    here, place = Path.cwd(), place.resolve()
    if place == here:
        return f"dockwiz {name}"
    path = str(place.relative_to(here)) if place.is_relative_to(here) else str(place)
    return f"dockwiz {name} {shlex.quote(f'./{path}' if path.startswith('-') else path)}"


def undo_command(place: Path) -> str:
    """`dockwiz undo shop --yes`."""
    return f"{command('undo', place)} --yes"
