"""Whether ADD would unpack a file: by what it holds.

Source: BuildKit's solver/llbsolver/file/unpack.go (`isArchivePath`) and moby's pkg/archive: a regular file whose
beginning, after decompression, is the header of a tar entry.
"""

from __future__ import annotations

import re
from typing import Final

from wizard.inspection.files import read_head
from wizard.workspace import Workspace

_HEADER: Final = 512
"""Bytes of a tar header."""
_CHECKSUM: Final = slice(148, 156)
_COMPRESSED: Final = (b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd")
"""How gzip, bzip2, xz and zstd begin."""
_SKIPPABLE: Final = b"\x2a\x4d\x18"
"""Behind a byte 0x50 to 0x5f: a frame that a zstd reader skips (RFC 8878, 3.1.2)."""


_NAMED_SO: Final = re.compile(r".*\.(?:tar|t[bgx]z2?|tzst|gz|bz2|xz|zst|lzma)", re.IGNORECASE)
_POINTER: Final = b"version https://git-lfs.github.com/spec/"
"""How the file begins that git LFS leaves in place of one that it has not fetched."""


def may_be_archive(workspace: Workspace, path: str) -> bool | None:
    """Whether a file (relative to the root) is a tar, or compressed and so may hold one.

    None where that is open: it cannot be read, stands for a file that git LFS fetches, or is named like an archive and
    is none now.
    """
    head = read_head(workspace, path, _HEADER)
    if head is None or head.startswith(_POINTER):
        return None
    skippable = head[1:4] == _SKIPPABLE and 0x50 <= head[0] <= 0x5F
    if head.startswith(_COMPRESSED) or skippable or _is_tar(head):
        return True
    return None if _NAMED_SO.fullmatch(path) else False


def _is_tar(head: bytes) -> bool:
    """Whether the checksum is that of a tar header, the bytes taken with or without a sign; the magic is optional."""
    if len(head) < _HEADER:
        return False
    try:
        written = int(head[_CHECKSUM].strip(b" \x00") or b"0", 8)
    except ValueError:
        return False
    rest = head[: _CHECKSUM.start] + b" " * 8 + head[_CHECKSUM.stop :]
    return written in (sum(rest), sum(byte - 256 if byte > 127 else byte for byte in rest))
