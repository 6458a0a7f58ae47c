"""The files that a build context consists of: what BuildKit's client would send of a folder.

Source: `filter.go` (`Walk`) and `fs.go` of tonistiigi/fsutil: depth first, entries of a folder in the order of their
bytes, excluded folders left out unless something below them is kept.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from wizard.ignorefile.ignorefile import IgnoreFile, Test, Verdict

Kind = Literal["file", "dir", "link", "other", "unreadable"]


class Entry(NamedTuple):
    """One entry of the context.

    `path` is relative to the context, POSIX style; undecodable bytes are kept by surrogateescape. `size` is in bytes,
    0 for folders and the length of its target for a link. An `unreadable` folder stands for everything in it: a build
    that needs it fails.
    """

    path: str
    kind: Kind
    size: int


@dataclass(slots=True)
class _Folder:
    prefix: str
    verdict: Verdict | None
    excludes: Test
    items: Iterator[os.DirEntry[str]]
    sent: bool


def walk(root: Path, ignore: IgnoreFile) -> Iterator[Entry]:
    """The entries below `root` that `ignore` lets through, sorted as BuildKit sends them.

    Symbolic links are entries, never followed (`root` itself may be one). What vanishes during the walk is left out.
    Raises IgnoreFileError for a pattern that fails when it is tried.
    """
    base = os.path.join(root, "")  # noqa: PTH118
    items = _list(base)
    if items is None:
        yield Entry(".", "unreadable", 0)
        return
    folders = [_Folder("", None, ignore.excludes_in(None), items, sent=True)]
    while folders:
        folder = folders[-1]
        for item in folder.items:
            path = folder.prefix + item.name
            if item.is_dir(follow_symlinks=False):
                verdict = ignore.decide(path, folder.verdict)
                if verdict.excluded and not ignore.may_keep_below(path):
                    continue
                below = _list(base + path)
                if not verdict.excluded:
                    yield from _held_back(folders)
                    yield Entry(path, "unreadable" if below is None else "dir", 0)
                if below is not None:
                    sent = not verdict.excluded
                    folders.append(_Folder(path + "/", verdict, ignore.excludes_in(verdict), below, sent))
                    break
            elif not folder.excludes(path):
                entry = _entry(path, item)
                if entry is not None:
                    if not folder.sent:
                        yield from _held_back(folders)
                    yield entry
        else:
            folders.pop()


def _held_back(folders: list[_Folder]) -> Iterator[Entry]:
    """The excluded folders above an entry that is kept, each once."""
    for folder in folders:
        if not folder.sent:
            folder.sent = True
            yield Entry(folder.prefix[:-1], "dir", 0)


def _entry(path: str, item: os.DirEntry[str]) -> Entry | None:
    try:
        status = item.stat(follow_symlinks=False)
    except OSError:
        return None
    if stat.S_ISREG(status.st_mode):
        return Entry(path, "file", status.st_size)
    return Entry(path, "link" if stat.S_ISLNK(status.st_mode) else "other", status.st_size)


def _list(folder: str) -> Iterator[os.DirEntry[str]] | None:
    """The entries of a folder in the order of their bytes; none where it is gone, None where it cannot be read."""
    try:
        with os.scandir(folder) as found:
            return iter(sorted(found, key=_name_in_bytes))
    except (FileNotFoundError, NotADirectoryError):
        return iter(())
    except OSError:
        return None


def _name_in_bytes(item: os.DirEntry[str]) -> bytes:
    return os.fsencode(item.name)
