"""What the loaders of glibc and musl would find in an image for each of its programs and libraries.

Sources: man 8 ld.so; glibc, elf/dl-load.c and sysdeps/generic/dl-cache.h; musl, ldso/dynlink.c.
"""

from __future__ import annotations

import fnmatch
import posixpath
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from wizard.compare.libraries.contents import Contents
from wizard.compare.libraries.elf import Elf

_CACHE = "/etc/ld.so.cache"
_CACHE_MAGIC = b"glibc-ld.so.cache1.1"
_CACHE_HEADER, _CACHE_ENTRY = 48, 24
_MUSL = "*/lib/ld-musl-*.so.1"
_MUSL_OWN = frozenset({"libc", "libpthread", "librt", "libm", "libdl", "libutil", "libxnet"})
"""Names that musl answers itself, whatever stands behind their first dot."""
_MUSL_FOLDERS = ("/lib", "/usr/local/lib", "/usr/lib")
_FOLDERS = ("/lib", "/usr/lib", "/lib64", "/usr/lib64", "/lib32", "/usr/lib32")
_TRIPLETS: Mapping[tuple[int, int], str] = {
    (3, 32): "i386-linux-gnu",
    (21, 64): "powerpc64le-linux-gnu",
    (22, 64): "s390x-linux-gnu",
    (40, 32): "arm-linux-gnueabihf",
    (62, 64): "x86_64-linux-gnu",
    (183, 64): "aarch64-linux-gnu",
    (243, 64): "riscv64-linux-gnu",
}
"""Debian's folders by e_machine and bits (wiki.debian.org/Multiarch/Tuples)."""


class Needed(NamedTuple):
    """A library that a file needs."""

    file: str
    name: str
    place: str | None
    """Where the loader finds it."""
    elsewhere: str | None
    """Where else it is, if the loader does not find it: fine if something that is loaded before has loaded it."""


class Loader:
    """The search of one image; `variables` and `folder` are those of its configuration (ENV, WORKDIR).

    RPATH counts for the file that has it, not for those that this file loads in turn: what they need then shows as
    `elsewhere`, as what a package's first library has loaded for the others does.
    """

    def __init__(self, contents: Contents, variables: Mapping[str, str], folder: str = "/") -> None:
        self.contents = contents
        self.folder = folder
        self.from_variable = tuple(part or folder for part in _split(variables.get("LD_LIBRARY_PATH", "")))
        self.cached = read_cache(contents.kept.get(_CACHE, b""))
        names = sorted((*contents.files, *contents.links))
        self.musl = next((path for path in names if fnmatch.fnmatchcase(path, _MUSL)), None)
        """The loader of musl, which is its C library too."""
        self.by_name: defaultdict[tuple[int, int, str], list[str]] = defaultdict(list)
        for path, elf in contents.elves.items():
            for name in {elf.soname, posixpath.basename(path)} - {None}:
                self.by_name[elf.machine, elf.bits, str(name)].append(path)

    def needs(self) -> Iterator[Needed]:
        """Every library that every file needs."""
        for file, elf in sorted(self.contents.elves.items()):
            for name in elf.needed:
                place = self.find(file, elf, name)
                others = self.by_name.get((elf.machine, elf.bits, posixpath.basename(name)), [])
                yield Needed(file, name, place, others[0] if place is None and others else None)

    def find(self, file: str, elf: Elf, name: str) -> str | None:
        """Where the loader finds a library for a file."""
        if "/" in name:
            return self._usable(posixpath.join(self.folder, _expanded(name, file, elf)[0]), elf)
        if self.musl and name.partition(".")[0] in _MUSL_OWN and ".so" in name:
            return self.contents.real(self.musl)
        tried = (posixpath.join(folder, name) for folder in self._folders(file, elf))
        return next(
            (place for path in (*tried, *self.cached.get(name, ())) if (place := self._usable(path, elf))), None
        )

    def _folders(self, file: str, elf: Elf) -> Iterator[str]:
        # RPATH goes before LD_LIBRARY_PATH and RUNPATH behind it, and RUNPATH switches RPATH off, except in musl.
        own = (*(elf.rpath if self.musl or not elf.runpath else ()), *elf.runpath)
        for folder in own:
            yield from _expanded(folder, file, elf)
        yield from self.from_variable
        if self.musl:
            yield from self._musl_folders()
        triplet = _TRIPLETS.get((elf.machine, elf.bits))
        if triplet is not None:
            yield from (f"/lib/{triplet}", f"/usr/lib/{triplet}")
        yield from _FOLDERS

    def _musl_folders(self) -> Iterable[str]:
        for path, content in self.contents.kept.items():
            if fnmatch.fnmatchcase(path, "/etc/ld-musl-*.path"):
                return [part for part in content.decode("utf-8", "replace").replace("\n", ":").split(":") if part]
        return _MUSL_FOLDERS

    def _usable(self, path: str, elf: Elf) -> str | None:
        """The place, links followed, where it holds a library for the same machine: others are passed over."""
        place = self.contents.real(path)
        found = self.contents.elves.get(place) if place is not None else None
        return place if found is not None and (found.machine, found.bits) == (elf.machine, elf.bits) else None


def read_cache(content: bytes) -> Mapping[str, tuple[str, ...]]:
    """Name -> paths of /etc/ld.so.cache, which is what glibc reads in place of /etc/ld.so.conf; empty if there is none.

    The file may start with the table of old systems; the one that counts has a mark of its own.
    """
    start = content.find(_CACHE_MAGIC)
    if start < 0 or len(content) < start + _CACHE_HEADER:
        return {}
    found: defaultdict[str, list[str]] = defaultdict(list)
    for order in "<>":
        (count,) = struct.unpack_from(f"{order}I", content, start + len(_CACHE_MAGIC))
        if start + _CACHE_HEADER + count * _CACHE_ENTRY <= len(content):
            break
    else:
        return {}
    for number in range(count):
        entry = start + _CACHE_HEADER + number * _CACHE_ENTRY
        key, value = struct.unpack_from(f"{order}4xII", content, entry)
        found[_string(content, start + key)].append(_string(content, start + value))
    return {name: tuple(paths) for name, paths in found.items()}


def _string(content: bytes, offset: int) -> str:
    end = content.find(b"\0", offset)
    return content[offset : end if end >= 0 else len(content)].decode("utf-8", "replace")


def _split(text: str) -> list[str]:
    return text.replace(";", ":").split(":") if text else []


def _expanded(text: str, file: str, elf: Elf) -> tuple[str, ...]:
    """A path with its tokens filled in; one for each folder of libraries where the system's own is not known."""
    if "$" not in text:
        return (text,)
    text = text.replace("${ORIGIN}", "$ORIGIN").replace("${LIB}", "$LIB").replace("${PLATFORM}", "$PLATFORM")
    triplet = _TRIPLETS.get((elf.machine, elf.bits), "")
    text = text.replace("$ORIGIN", posixpath.dirname(file)).replace("$PLATFORM", triplet.partition("-")[0])
    libraries = (f"lib/{triplet}", f"lib{elf.bits}", "lib") if "$LIB" in text else ("",)
    return tuple(text.replace("$LIB", folder) for folder in libraries)
