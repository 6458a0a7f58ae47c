"""Lengths of time as HEALTHCHECK has them: `1m30s`. Source: Go's `time.ParseDuration`."""

from __future__ import annotations

import re
from typing import Final

from wizard.dockerfile.errors import quoted

_NANOSECONDS: Final = {
    "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip
_PART: Final = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^.0-9]*)", re.DOTALL)
_LONGEST: Final = 2**63


def duration(text: str) -> int:
    """Nanoseconds; raises ValueError with BuildKit's words."""
    sign = text[:1] if text[:1] in ("-", "+") else ""
    rest = text[len(sign) :]
    if rest == "0":
        return 0
    if not rest:
        raise ValueError(f"time: invalid duration {quoted(text)}")
    total = at = 0
    while at < len(rest):
        part = _PART.match(rest, at)
        if part is None or not (part[1] or part[2]) or len(part[1].lstrip("0")) > 19:
            raise ValueError(f"time: invalid duration {quoted(text)}")
        if not part[3]:
            raise ValueError(f"time: missing unit in duration {quoted(text)}")
        unit = _NANOSECONDS.get(part[3])
        if unit is None:
            raise ValueError(f"time: unknown unit {quoted(part[3])} in duration {quoted(text)}")
        fraction = (part[2] or "")[:18]
        total += int(part[1] or 0) * unit + int(fraction or 0) * unit // 10 ** len(fraction)
        if total >= _LONGEST:
            raise ValueError(f"time: invalid duration {quoted(text)}")
        at = part.end()
    return -total if sign == "-" else total
