"""Copying without a mouse: the desktop's own tool where there is one, and a file for when nothing else works."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from wizard.errors import DockwizError
from wizard.state import state_home

TOOLS = (("pbcopy",), ("wl-copy",), ("xclip", "-selection", "clipboard"), ("clip.exe",))


def copy_by_tool(text: str) -> str | None:
    """Hand the text to the first clipboard tool that takes it; its name, or None."""
    for command in TOOLS:
        if shutil.which(command[0]) is None:
            continue
        try:
            subprocess.run(
                command,
                input=text.encode(),
                timeout=2,
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except (OSError, subprocess.SubprocessError):
            continue
        return command[0]
    return None


def copy_to_file(text: str) -> Path | None:
    """Keep the text in the state folder, readable by the person only; None where that cannot be written."""
    place = state_home() / "copied.txt"
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.touch(mode=0o600)
        place.write_text(text, "utf-8", "replace")
    except (OSError, DockwizError):
        return None
    return place
