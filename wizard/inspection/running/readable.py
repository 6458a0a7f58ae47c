"""Whether the files that are copied into the image may be read by every user."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from wizard.inspection.copies.placed import ContextCopy
from wizard.workspace import OutsideRoot, Workspace

_ENOUGH = 20_000
"""Files that are looked at; of more, one may be unreadable."""


def unreadable(workspace: Workspace, copies: Iterable[ContextCopy]) -> str | None:
    """The first file or folder of the copies, relative to the context, that only its owner (or group) may read."""
    seen = 0
    for copy in copies:
        for source in copy.sources:
            try:
                top = workspace.locate(workspace.from_context(source))
            except OutsideRoot:
                continue
            for path in _below(top):
                seen += 1
                if seen > _ENOUGH or not _for_all(path):
                    return os.path.relpath(path, workspace.root / workspace.context)
    return None


def _below(top: Path) -> Iterable[Path]:
    yield top
    if top.is_dir():
        for folder, names, files in os.walk(top):
            names[:] = [name for name in names if name != ".git"]
            yield from (Path(folder, name) for name in (*names, *files))


def _for_all(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return True
    return bool(mode & stat.S_IROTH) and (not stat.S_ISDIR(mode) or bool(mode & stat.S_IXOTH))
