"""The private copies of samples that `dockwiz demo` works on, and whether a dockwiz is at work on one now."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from wizard.state import state_home

FOLDER = "demo"
"""Below the state of every repo: one folder for each copy."""


@contextlib.contextmanager
def at_work(path: Path | None) -> Iterator[None]:
    """While this lasts the copy that holds `path` is in use. None, and a path elsewhere or nowhere, is left alone.

    A shared lock on the copy's folder: it writes nothing, and it ends with the process however that ends.
    """
    copy = _copy_of(path) if path is not None else None
    try:
        descriptor = os.open(copy, os.O_RDONLY) if copy is not None else None
    except OSError:
        descriptor = None
    if descriptor is None:
        yield
        return
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def in_use(copy: Path) -> bool:
    """Whether another dockwiz is at work on this copy."""
    try:
        descriptor = os.open(copy, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _copy_of(path: Path) -> Path | None:
    try:
        place = path.resolve()
    except (OSError, RuntimeError):
        return None
    # Most paths are spared the search for the state folder.
    if FOLDER not in place.parts:
        return None
    home = (state_home() / FOLDER).resolve()
    return home / place.relative_to(home).parts[0] if home in place.parents else None
