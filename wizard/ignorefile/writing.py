"""Adding lines to a .dockerignore; those that are there stay as they are."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from typing import Final

from wizard.ignorefile.ignorefile import BYTE_ORDER_MARK, IgnoreFile, parse
from wizard.ignorefile.patterns import Pattern

_KEEPERS: Final = (".keep", ".gitkeep")
"""Files that hold an empty folder in the repository."""


def with_lines(old: bytes, lines: Iterable[tuple[str, str]]) -> bytes:
    """The ignore file with the lines (group, pattern) added: at the end, or before the first exception where one of the
    file's own has to win over them."""
    newline = "\r\n" if b"\r\n" in old else "\n"
    parts: list[str] = []
    heading = None
    for group, pattern in lines:
        if group != heading:
            parts += ["", f"# {group}"]
            heading = group
        parts.append(pattern)
    if not parts:
        return old
    text = (newline.join(parts[1:]) + newline).encode("utf-8", "surrogateescape")
    if not old:
        return text
    end = newline.encode()
    mark = BYTE_ORDER_MARK if old.startswith(BYTE_ORDER_MARK) else b""
    rows = re.findall(rb"[^\n]*\n|[^\n]+", old.removeprefix(mark))
    exceptions = [pattern for pattern in parse(old).patterns if pattern.negated]
    # The last line that matches a path decides: at the end, ours would undo an exception that they match. In front of
    # the exceptions they would stand amid lines that belong together, so only where it has to be.
    if not any(_has_to_win(pattern, parse(text)) for pattern in exceptions):
        last = b"" if not rows or rows[-1].endswith(b"\n") else end
        if _heading_at_end(rows) == parts[1]:
            return old + last + text.partition(end)[2]
        return old + last + (end if rows else b"") + text
    exception = exceptions[0].line - 1
    while exception > 0 and rows[exception - 1].startswith(b"#"):
        exception -= 1
    return mark + b"".join(rows[:exception]) + text + end + b"".join(rows[exception:])


def _heading_at_end(rows: list[bytes]) -> str | None:
    """The comment above the last block of lines; None where it has none."""
    at = len(rows) - 1
    while at >= 0 and rows[at].strip() and not rows[at].startswith(b"#"):
        at -= 1
    return rows[at].decode("utf-8", "surrogateescape").strip() if at >= 0 and rows[at].strip() else None


def _has_to_win(exception: Pattern, added: IgnoreFile) -> bool:
    """Whether the added patterns may match what an exception keeps: yes but for one file that is named."""
    name = posixpath.basename(exception.text)
    is_file = exception.folder == exception.text and (name in _KEEPERS or posixpath.splitext(name)[1] != "")
    return not is_file or added.explain(exception.text)[0]
