"""The repo's files with pending edits laid over them.

A Workspace is a value: an edit gives a new one, and nothing here writes to disk (`wizard.plan.apply` does). It never
reads outside its root, also not through symbolic links.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from wizard.errors import BadInput

MOST_BYTES = 16_000_000
"""Of a file that is read as a whole: those that say how an image is made are a thousand times smaller."""


class OutsideRoot(BadInput):
    """A path that leads out of the repository."""


@dataclass(frozen=True, eq=False)
class Workspace:
    """The files below `root`, seen through `overlay`. Each is one of its own: what was found out of one may be kept.

    Paths are relative to the root, POSIX style. `context` is the build context (the PATH that the person gave),
    relative to the root: `.` where they are the same folder.
    """

    root: Path
    context: str = "."
    overlay: Mapping[str, bytes | None] = field(default_factory=lambda: MappingProxyType({}))
    """New content of edited files; None for a removed one."""

    def locate(self, path: str) -> Path:
        """The place on disk. Raises OutsideRoot where the path, or a link on the way, leads out of the root."""
        target = self.root / path
        # As text, and only where a link may lead out: this is asked for every file of the repo.
        root = os.fspath(self.root)
        if _is_plain(root, path):
            return target
        resolved = os.path.realpath(target)
        if resolved != root and not resolved.startswith(root.rstrip("/") + "/"):
            raise OutsideRoot("leads outside the repository and is not touched", path=path)
        return target

    def exists(self, path: str) -> bool:
        """Whether there is a file or folder of that name (a link out of the root does not count)."""
        if path in self.overlay:
            return self.overlay[path] is not None
        try:
            return self.locate(path).exists()
        except (OutsideRoot, OSError, ValueError):
            return False

    def is_file(self, path: str) -> bool:
        if path in self.overlay:
            return self.overlay[path] is not None
        try:
            return self.locate(path).is_file()
        except (OutsideRoot, OSError, ValueError):
            return False

    def is_dir(self, path: str) -> bool:
        try:
            return self.locate(path).is_dir()
        except (OutsideRoot, OSError, ValueError):
            return False

    def read(self, path: str) -> bytes:
        """The content of a file. Raises BadInput, naming the path, where it cannot be read."""
        if path in self.overlay:
            content = self.overlay[path]
            if content is None:
                raise BadInput("is removed by an earlier proposal", path=path)
            return content
        return self.read_on_disk(path)

    def read_on_disk(self, path: str) -> bytes:
        """The content without pending edits."""
        target = self.locate(path)
        try:
            status = target.stat()
            if not stat.S_ISREG(status.st_mode):
                raise BadInput("is not a regular file", path=path)
            if status.st_size > MOST_BYTES:
                raise BadInput(f"is larger than {MOST_BYTES // 1_000_000} MB, and dockwiz reads no more", path=path)
            return target.read_bytes()
        except OSError as error:
            raise BadInput(f"cannot be read: {(error.strerror or 'unknown error').lower()}", path=path) from error

    def edit(self, changes: Mapping[str, bytes | None]) -> Workspace:
        """The workspace with these files replaced, created or (None) removed."""
        return replace(self, overlay=MappingProxyType({**self.overlay, **changes}))

    def from_context(self, path: str) -> str:
        """A path relative to the build context, made relative to the root (normalised, `..` resolved)."""
        return normalise(f"{self.context}/{path}")

    def to_context(self, path: str) -> str | None:
        """A path relative to the root, made relative to the build context; None where it lies outside of it."""
        if self.context == ".":
            return path
        pure = PurePosixPath(path)
        return str(pure.relative_to(self.context)) if pure.is_relative_to(self.context) else None


def _is_plain(root: str, path: str) -> bool:
    """Whether a path below `root` goes down only, and nothing on its way is a link."""
    place = root
    for name in path.split("/"):
        if name in ("", ".", ".."):
            return False
        place = f"{place}/{name}"
        try:
            if stat.S_ISLNK(os.lstat(place).st_mode):
                return False
        except FileNotFoundError:
            # What is not there leads nowhere, and so does what would be below it.
            return ".." not in path
        except (OSError, ValueError):
            return False
    return True


def normalise(path: str) -> str:
    """`a/./b/../c` as `a/c`, textually. Raises OutsideRoot where it climbs above its start."""
    result = os.path.normpath(path.lstrip("/") or ".")
    if result == ".." or result.startswith("../"):
        raise OutsideRoot("leads outside the repository and is not touched", path=path)
    return result


def open_workspace(path: Path) -> Workspace:
    """The Workspace for a PATH: its root is the git top level around PATH, or PATH where there is none.

    Raises BadInput where PATH is missing, no folder, or unreadable.
    """
    try:
        context = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise BadInput("no such folder", path=str(path), hint="give the folder of the build context") from error
    if not context.is_dir():
        raise BadInput("is not a folder", path=str(path), hint="give the build context, and the Dockerfile with -f")
    if not os.access(context, os.R_OK | os.X_OK):
        raise BadInput("cannot be read: permission denied", path=str(path))
    root = next((folder for folder in (context, *context.parents) if (folder / ".git").exists()), context)
    return Workspace(root=root, context=context.relative_to(root).as_posix())
