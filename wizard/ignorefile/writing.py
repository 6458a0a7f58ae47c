"""Adding lines to a .dockerignore; those that are there stay as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable

from wizard.ignorefile.ignorefile import BYTE_ORDER_MARK, parse


def with_lines(old: bytes, lines: Iterable[tuple[str, str]]) -> bytes:
    """The ignore file with the lines (group, pattern) added: at the end, or before the first exception, which wins."""
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
    exception = next((pattern.line - 1 for pattern in parse(old).patterns if pattern.negated), None)
    if exception is None:
        last = b"" if not rows or rows[-1].endswith(b"\n") else end
        return old + last + (end if rows else b"") + text
    while exception > 0 and rows[exception - 1].startswith(b"#"):
        exception -= 1
    return mark + b"".join(rows[:exception]) + text + end + b"".join(rows[exception:])
