"""The files of an image as far as starting programs has to do with them, out of one pass over a tar stream."""

from __future__ import annotations

import fnmatch
import posixpath
import tarfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO

from wizard.compare.libraries.elf import MAGIC, Elf, read_elf

_KEPT = (
    "/etc/ld.so.cache", "/etc/ld-musl-*.path", "/etc/os-release", "/usr/lib/os-release",
    "/var/lib/dpkg/info/*.list", "/var/lib/dpkg/status.d/*.md5sums",
    "/lib/apk/db/installed", "/usr/lib/apk/db/installed",
)  # fmt: skip
_KEPT_FOLDERS = frozenset(posixpath.dirname(pattern) for pattern in _KEPT)
_LARGEST_KEPT = 32 * 1024**2
_FIRST_LINE = 512
"""Bytes in which the interpreter of a script must stand; Linux itself reads 256."""
_EXECUTABLE = 0o111
_MOST_LINKS = 40
"""Links that Linux follows before it gives up (ELOOP)."""
_BUFFER = 1024**2


@dataclass
class Contents:
    """Files by their absolute paths, links followed by `real` alone."""

    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=lambda: {"/"})
    links: dict[str, str] = field(default_factory=dict)
    """Symbolic links: place -> what they say."""
    elves: dict[str, Elf] = field(default_factory=dict)
    scripts: dict[str, str] = field(default_factory=dict)
    """Executable files that name an interpreter: the rest of their first line behind `#!`."""
    kept: dict[str, bytes] = field(default_factory=dict)
    """Content of what loaders and package managers write down."""
    _real: dict[str, str | None] = field(default_factory=dict)

    def real(self, path: str) -> str | None:
        """The path without links and dots; None for a chain of links without an end. It may lead to nothing."""
        if path not in self._real:
            self._real[path] = self._follow(path)
        return self._real[path]

    def exists(self, path: str) -> bool:
        found = self.real(path)
        return found is not None and (found in self.files or found in self.folders)

    def text(self, path: str) -> str:
        """A kept file as text; empty where it is not there."""
        return self.kept.get(self.real(path) or path, b"").decode("utf-8", "replace")

    def _follow(self, path: str) -> str | None:
        rest = path.split("/")[::-1]
        at, followed = "", 0
        while rest:
            part = rest.pop()
            if part in ("", "."):
                continue
            if part == "..":
                at = at.rpartition("/")[0]
                continue
            target = self.links.get(f"{at}/{part}")
            if target is None:
                at = f"{at}/{part}"
                continue
            followed += 1
            if followed > _MOST_LINKS:
                return None
            at = "" if target.startswith("/") else at
            rest += target.split("/")[::-1]
        return at or "/"


def read_contents(stream: IO[bytes], cancel: threading.Event | None = None) -> Contents | None:
    """Read a whole image; None after `cancel`. Raises tarfile.TarError and OSError where the stream ends too early."""
    contents = Contents()
    stopped: Callable[[], bool] = cancel.is_set if cancel is not None else lambda: False
    with tarfile.open(fileobj=stream, mode="r|", bufsize=_BUFFER, errors="replace") as archive:
        for member in archive:
            if stopped():
                return None
            _take(archive, member, contents)
            # tarfile remembers every member: of no use for a stream.
            archive.members.clear()  # type: ignore[attr-defined]
    return contents


def _take(archive: tarfile.TarFile, member: tarfile.TarInfo, contents: Contents) -> None:
    path = posixpath.normpath(f"/{member.name}").replace("//", "/")
    if member.isdir():
        contents.folders.add(path)
    elif member.issym():
        contents.links[path] = member.linkname
    elif member.islnk():
        _same(contents, path, posixpath.normpath(f"/{member.linkname}").replace("//", "/"))
    elif member.isreg():
        contents.files.add(path)
        file = archive.extractfile(member)
        assert file is not None
        _look_into(file, member, path, contents)


def _look_into(file: IO[bytes], member: tarfile.TarInfo, path: str, contents: Contents) -> None:
    if posixpath.dirname(path) in _KEPT_FOLDERS and any(fnmatch.fnmatchcase(path, pattern) for pattern in _KEPT):
        contents.kept[path] = file.read(_LARGEST_KEPT)
        return
    start = file.read(len(MAGIC))
    if start == MAGIC:
        elf = read_elf(file, member.size, start)
        if elf is not None:
            contents.elves[path] = elf
    elif start.startswith(b"#!") and member.mode & _EXECUTABLE:
        line = (start + file.read(_FIRST_LINE)).split(b"\n", 1)[0]
        contents.scripts[path] = line[2:].decode("utf-8", "replace").strip()


def _same(contents: Contents, path: str, first: str) -> None:
    """A further name of a file that came before."""
    contents.files.add(path)
    if first in contents.elves:
        contents.elves[path] = contents.elves[first]
    if first in contents.scripts:
        contents.scripts[path] = contents.scripts[first]
