"""Where the raw events of builds are kept in a repo's state folder, and how many of them."""

from __future__ import annotations

import os
import time
from pathlib import Path

from wizard.errors import BadInput
from wizard.state import StateFolder

KEPT_LOGS = 20
"""Logs of one repo, the new one included."""
KEPT_BYTES = 100_000_000
"""What the earlier logs of one repo may take together: BuildKit cuts the output of each step at 2 MiB."""


def new_log(state: StateFolder) -> Path:
    """The name for a new log; the oldest ones make room. Raises BadInput where the folder cannot be made."""
    folder = state.ensure() / "builds"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        _make_room(folder)
    except OSError as error:
        raise BadInput(f"cannot be written: {(error.strerror or '').lower()}", path=str(folder)) from error
    return folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.jsonl"


def _make_room(folder: Path) -> None:
    """Names begin with the time, so the newest come last."""
    taken = 0
    for number, log in enumerate(sorted(folder.iterdir(), reverse=True), start=1):
        try:
            taken += log.stat().st_size
        except FileNotFoundError:  # another dockwiz makes room at this moment
            continue
        if number >= KEPT_LOGS or taken > KEPT_BYTES:
            log.unlink(missing_ok=True)
