"""Tiny ELF files and the tar streams of images that hold them, byte by byte."""

from __future__ import annotations

import io
import struct
import tarfile
from collections.abc import Mapping
from typing import NamedTuple

from tests.wizard.compare.examples import CONFIG
from wizard.compare.libraries.contents import Contents, read_contents

X86_64, ARM64 = 62, 183
LOADER = "/lib64/ld-linux-x86-64.so.2"
PATH = CONFIG.env["PATH"]


def elf(
    *needed: str,
    soname: str | None = None,
    rpath: str | None = None,
    runpath: str | None = None,
    interpreter: str | None = None,
    machine: int = X86_64,
    bits: int = 64,
    order: str = "<",
    names_at: int | None = None,
    dynamic_at: int | None = None,
) -> bytes:
    """A file with these entries in its dynamic section; `names_at` and `dynamic_at` place its parts (offsets)."""
    address = 0x400000
    names = b"\0"
    entries: list[tuple[int, int]] = []
    tagged = [*((1, name) for name in needed), (14, soname), (15, rpath), (29, runpath)]
    for tag, text in tagged:
        if text is not None:
            entries.append((tag, len(names)))
            names += text.encode() + b"\0"
    word, size = ("Q", 64) if bits == 64 else ("I", 52)
    header_size = 56 if bits == 64 else 32
    inner = (interpreter or "").encode() + b"\0"
    headers = 3 if interpreter else 2
    interpreter_at = size + headers * header_size
    names_at = names_at if names_at is not None else interpreter_at + len(inner)
    dynamic_at = dynamic_at if dynamic_at is not None else names_at + len(names)
    entries += [(5, address + names_at), (10, len(names)), (0, 0)]
    dynamic = b"".join(struct.pack(f"{order}{word}{word}", *entry) for entry in entries)
    total = max(names_at + len(names), dynamic_at + len(dynamic))

    def segment(kind: int, offset: int, length: int) -> bytes:
        where = address + offset
        if bits == 64:
            return struct.pack(f"{order}IIQQQQQQ", kind, 5, offset, where, where, length, length, 1)
        return struct.pack(f"{order}IIIIIIII", kind, offset, where, where, length, length, 5, 1)

    identity = b"\x7fELF" + bytes((2 if bits == 64 else 1, 1 if order == "<" else 2, 1)) + bytes(9)
    header = struct.pack(
        f"{order}HHI{word}{word}{word}IHHHHHH", 3, machine, 1, 0, size, 0, 0, size, header_size, headers, 0, 0, 0
    )
    segments = segment(1, 0, total) + segment(2, dynamic_at, len(dynamic))
    segments += segment(3, interpreter_at, len(inner)) if interpreter else b""
    content = bytearray(total)
    start = identity + header + segments + (inner if interpreter else b"")
    for offset, part in ((0, start), (names_at, names), (dynamic_at, dynamic)):
        content[offset : offset + len(part)] = part
    return bytes(content)


class Link(NamedTuple):
    """A symbolic link."""

    target: str


class Same(NamedTuple):
    """A hard link."""

    target: str


class Script(NamedTuple):
    """A file that may be executed."""

    text: str


File = bytes | str | Link | Same | Script


def tar(files: Mapping[str, File]) -> bytes:
    """The files of an image as the engine exports them: paths without the first slash."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for path, file in files.items():
            member = tarfile.TarInfo(path.lstrip("/"))
            content = b""
            match file:
                case Link(target):
                    member.type, member.linkname = tarfile.SYMTYPE, target
                case Same(target):
                    member.type, member.linkname = tarfile.LNKTYPE, target.lstrip("/")
                case Script(text):
                    member.mode, content = 0o755, text.encode()
                case str(text):
                    content = text.encode()
                case bytes(data):
                    content = data
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def contents(files: Mapping[str, File]) -> Contents:
    found = read_contents(io.BytesIO(tar(files)))
    assert found is not None
    return found


def cache(paths: Mapping[str, str]) -> bytes:
    """/etc/ld.so.cache as ldconfig writes it."""
    strings, entries = b"", []
    start = 48 + 24 * len(paths)
    for name, path in paths.items():
        key = start + len(strings)
        strings += name.encode() + b"\0"
        value = start + len(strings)
        strings += path.encode() + b"\0"
        entries.append(struct.pack("<iIIIQ", 0x303, key, value, 0, 0))
    head = b"glibc-ld.so.cache1.1" + struct.pack("<II", len(paths), len(strings)) + bytes(20)
    return head + b"".join(entries) + strings
