"""One pruned listing of the repo's files, for the questions that look at many of them."""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from wizard.workspace import Workspace

LIMIT = 50_000
"""Files after which a listing stops: inspection has to stay quick on a repo that holds its data."""

_PRUNED = frozenset(
    (
        *(".git", ".hg", ".svn", "node_modules", "bower_components", "__pycache__", ".mypy_cache", ".pytest_cache"),
        *(".ruff_cache", ".tox", ".nox", ".cache", ".eggs", ".ipynb_checkpoints", ".terraform", ".gradle", ".yarn"),
        *(".pnpm-store", "site-packages"),
    )
)
_LONGEST_LINE = 2_000
_VIRTUAL_ENVIRONMENT = "pyvenv.cfg"
_CACHE_TAG = "CACHEDIR.TAG"


class Listing(NamedTuple):
    """Files below the root, relative to it, those nearest to the root first, sorted within a folder."""

    files: tuple[str, ...]
    notes: tuple[str, ...] = ()
    """What was left out, for people."""

    def below(self, folder: str) -> tuple[str, ...]:
        """The files inside a folder (`.` for all)."""
        return self.files if folder == "." else tuple(path for path in self.files if path.startswith(f"{folder}/"))


def list_files(workspace: Workspace, limit: int = LIMIT) -> Listing:
    """Regular files of the repo as the pending edits leave them.

    Skips version control, installed packages, virtual environments and tool caches (a folder with `pyvenv.cfg` or
    `CACHEDIR.TAG`). Links to folders are not followed; a link to a file counts where it stays inside the root.
    """
    files: list[str] = []
    notes: list[str] = []
    folders: deque[str] = deque([""])
    unreadable = 0
    while folders:
        folder = folders.popleft()
        try:
            found, below = _scan(workspace, folder)
        except OSError:
            unreadable += 1
            continue
        files += found
        folders.extend(below)
        if len(files) >= limit:
            notes.append(f"more than {limit:,} files: those nearest to the root were looked at")
            break
    if unreadable:
        notes.append(f"{unreadable} folder{'s' if unreadable > 1 else ''} cannot be read")
    removed = {path for path, content in workspace.overlay.items() if content is None}
    kept = [path for path in files[:limit] if path not in removed]
    known = set(kept)
    added = [path for path, content in workspace.overlay.items() if content is not None and path not in known]
    return Listing(tuple(kept + sorted(added)), tuple(notes))


def read_text(workspace: Workspace, path: str, limit: int = 1_000_000) -> str | None:
    """The text of a file; None where it cannot be read, holds NUL bytes or is larger than `limit` bytes."""
    from wizard.errors import BadInput

    try:
        if path not in workspace.overlay and workspace.locate(path).stat().st_size > limit:
            return None
        content = workspace.read(path)
    except (BadInput, OSError):
        return None
    if b"\0" in content:
        return None
    return content.decode("utf-8", "replace")


def read_rows(workspace: Workspace, path: str, most: int) -> bytes:
    """The content of a Dockerfile or an ignore file of at most so many lines.

    Raises BadInput for more: BuildKit has no such limit, but what is longer is something else by mistake, and whoever
    asks is to hear so at once.
    """
    from wizard.errors import BadInput

    content = workspace.read(path)
    if content.count(b"\n") > most:
        raise BadInput(f"has more than {most:,} lines, and dockwiz reads no more", path=path, line=most + 1)
    return content


def read_head(workspace: Workspace, path: str, size: int) -> bytes | None:
    """The first `size` bytes of a file; None where it cannot be read."""
    from wizard.errors import BadInput

    pending = workspace.overlay.get(path)
    if pending is not None:
        return pending[:size]
    try:
        if not workspace.is_file(path):
            return None
        with workspace.locate(path).open("rb") as file:
            return file.read(size)
    except (BadInput, OSError):
        return None


def short_lines(text: str) -> list[str]:
    """The lines of a text, each cut where nobody writes by hand: patterns are tried on them."""
    return [line[:_LONGEST_LINE] for line in text.splitlines()]


def _scan(workspace: Workspace, folder: str) -> tuple[list[str], list[str]]:
    """Files and folders directly inside `folder` (empty for the root), sorted; nothing for a pruned folder."""
    with os.scandir(workspace.root / folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    if folder and any(entry.name in (_VIRTUAL_ENVIRONMENT, _CACHE_TAG) for entry in found):
        return [], []
    prefix = f"{folder}/" if folder else ""
    files: list[str] = []
    folders: list[str] = []
    for entry in found:
        path = prefix + entry.name
        if entry.is_dir(follow_symlinks=False):
            if entry.name not in _PRUNED:
                folders.append(path)
        elif entry.is_file(follow_symlinks=False) or (entry.is_symlink() and workspace.is_file(path)):
            files.append(path)
    return files, folders
