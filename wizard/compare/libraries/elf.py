"""What the dynamic section of an ELF file tells the loader, read from a stream that goes forward only.

A reader of our own: it is asked for six fields of files that come out of a tar stream, some of them larger than what
should stand in memory; pyelftools wants a file that can be sought in and takes milliseconds for each.
Source of the layouts: System V ABI, "Program Header" and "Dynamic Section"; man 5 elf.
"""

from __future__ import annotations

import struct
from typing import IO, NamedTuple

MAGIC = b"\x7fELF"
_AT_ONCE = 64 * 1024**2
"""Bytes of a file that are read at once: all of it, for all but a few."""
_AT_A_TIME = 1024**2
_SEEKS = 3
_LONGEST = 4096
"""Bytes of a name: what a path may have."""
_MOST_HEADERS = 1024
_LOAD, _DYNAMIC, _INTERPRETER = 1, 2, 3
_NEEDED, _STRINGS, _STRINGS_SIZE, _SONAME, _RPATH, _RUNPATH = 1, 5, 10, 14, 15, 29
_SHARED_KINDS = (2, 3)
"""ET_EXEC and ET_DYN: what is run or loaded. Object files and core dumps are not."""


class Elf(NamedTuple):
    """A program or a shared library."""

    machine: int
    """e_machine: 62 is x86-64, 183 is arm64."""
    bits: int
    """32 or 64."""
    needed: tuple[str, ...] = ()
    """Names of the libraries that the loader has to find before the file is of use."""
    soname: str | None = None
    """The name by which others need it."""
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()
    interpreter: str | None = None
    """The loader of a program, by its path."""


class _Segment(NamedTuple):
    kind: int
    offset: int
    address: int
    size: int


class _Unread(Exception):
    """A byte that is not read yet: its offset."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class _Malformed(Exception):
    """No ELF file after all, or one that is cut off."""


def read_elf(file: IO[bytes], size: int, start: bytes = b"", at_once: int = _AT_ONCE) -> Elf | None:
    """The file (`size` in bytes, of which `start` has been read); None where it is nothing that the loader takes, or
    cannot be read. Reads forward only and holds at most some pieces of `at_once` bytes of it.
    """
    pieces = [(0, start + file.read(min(size, at_once) - len(start)))]
    while True:
        try:
            return _parse(_Pieces(pieces, size))
        except (_Malformed, struct.error):
            return None
        except _Unread as gap:
            offset, content = pieces[-1]
            position = offset + len(content)
            # What lies behind us is lost. No linker writes a file like that: names stand in front, or last of all.
            if gap.offset < position or len(pieces) > _SEEKS:
                return None
            _skip(file, gap.offset - position)
            more = file.read(min(size - gap.offset, at_once))
            if not more:
                return None
            if gap.offset == position:
                pieces[-1] = (offset, content + more)
            else:
                pieces.append((gap.offset, more))


def _skip(file: IO[bytes], count: int) -> None:
    """Read on past so many bytes: a file in a stream cannot seek, not even forward."""
    while count > 0:
        passed = len(file.read(min(count, _AT_A_TIME)))
        if not passed:
            return
        count -= passed


class _Pieces:
    """The parts of a file that have been read."""

    def __init__(self, pieces: list[tuple[int, bytes]], size: int) -> None:
        self.pieces = pieces
        self.size = size

    def at(self, offset: int, length: int) -> bytes:
        """Raises _Unread where these bytes are not among those read, _Malformed where the file ends before them."""
        if offset < 0 or length < 0 or offset + length > self.size:
            raise _Malformed
        for start, content in self.pieces:
            if start <= offset < start + len(content):
                if offset + length > start + len(content):
                    raise _Unread(start + len(content))
                return content[offset - start : offset - start + length]
        raise _Unread(offset)


def _parse(pieces: _Pieces) -> Elf | None:
    identity = pieces.at(0, 20)
    if identity[:4] != MAGIC or identity[4] not in (1, 2) or identity[5] not in (1, 2):
        raise _Malformed
    bits, order = (64 if identity[4] == 2 else 32), ("<" if identity[5] == 1 else ">")
    kind, machine = struct.unpack_from(f"{order}HH", identity, 16)
    if kind not in _SHARED_KINDS:
        return None
    segments = _segments(pieces, bits, order)
    interpreter = next((_text(pieces.at(s.offset, s.size)) for s in segments if s.kind == _INTERPRETER), None)
    dynamic = next((segment for segment in segments if segment.kind == _DYNAMIC), None)
    if dynamic is None:
        return Elf(machine, bits, interpreter=interpreter)
    entries = _entries(pieces.at(dynamic.offset, dynamic.size), bits, order)
    table = dict(entries)
    if _STRINGS not in table:
        return Elf(machine, bits, interpreter=interpreter)
    strings = _offset(segments, table[_STRINGS])
    length = table.get(_STRINGS_SIZE, 0)

    def named(tag: int) -> list[str]:
        return [
            _text(pieces.at(strings + value, max(0, min(_LONGEST, length - value))))
            for found, value in entries
            if found == tag
        ]

    def folders(tag: int) -> tuple[str, ...]:
        return tuple(part for text in named(tag) for part in text.split(":") if part)

    soname = named(_SONAME)
    return Elf(
        machine,
        bits,
        tuple(named(_NEEDED)),
        soname[0] if soname else None,
        folders(_RPATH),
        folders(_RUNPATH),
        interpreter,
    )


def _segments(pieces: _Pieces, bits: int, order: str) -> list[_Segment]:
    if bits == 64:
        (offset,) = struct.unpack(f"{order}Q", pieces.at(32, 8))
        size, count = struct.unpack(f"{order}HH", pieces.at(54, 4))
        layout = f"{order}IIQQQQQQ"
    else:
        (offset,) = struct.unpack(f"{order}I", pieces.at(28, 4))
        size, count = struct.unpack(f"{order}HH", pieces.at(42, 4))
        layout = f"{order}IIIIIIII"
    if count > _MOST_HEADERS or (count and size < struct.calcsize(layout)):
        raise _Malformed
    found = []
    for number in range(count):
        fields = struct.unpack_from(layout, pieces.at(offset + number * size, size))
        if bits == 64:
            kind, _, start, address, _, in_file, _, _ = fields
        else:
            kind, start, address, _, in_file, _, _, _ = fields
        found.append(_Segment(kind, start, address, in_file))
    return found


def _entries(content: bytes, bits: int, order: str) -> list[tuple[int, int]]:
    """Tag and value of each entry, up to the one that ends them."""
    layout = f"{order}qQ" if bits == 64 else f"{order}iI"
    whole = len(content) - len(content) % struct.calcsize(layout)
    found: list[tuple[int, int]] = []
    for tag, value in struct.iter_unpack(layout, content[:whole]):
        if tag == 0:
            break
        found.append((tag, value))
    return found


def _offset(segments: list[_Segment], address: int) -> int:
    """Where in the file the byte stands that is loaded to an address."""
    for segment in segments:
        if segment.kind == _LOAD and segment.address <= address < segment.address + segment.size:
            return address - segment.address + segment.offset
    raise _Malformed


def _text(content: bytes) -> str:
    return content.split(b"\0", 1)[0].decode("utf-8", "replace")
