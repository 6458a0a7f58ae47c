"""What is kept of a crash of ours: the traceback, in a file of the person's state folder."""

from __future__ import annotations

import platform
import tempfile
import time
import traceback
from pathlib import Path

import wizard
from wizard.state import state_home


def write_crash_file(error: BaseException) -> Path:
    """Write the traceback to a new file, readable by the person only, and say where it is."""
    text = "".join(traceback.format_exception(error))
    head = f"dockwiz {wizard.__version__}, Python {platform.python_version()}, {platform.platform()}\n\n"
    try:
        home = state_home() / "crashes"
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = home / f"{time.strftime('%Y%m%d-%H%M%S')}.txt"
        place.touch(mode=0o600)
    except OSError:
        place = Path(tempfile.mkstemp(prefix="dockwiz-crash-", suffix=".txt")[1])
    place.write_text(head + text, "utf-8", "replace")
    return place
