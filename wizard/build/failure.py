"""How a build ended, and why: from vertex errors, and from the plain text that the builder writes after them.

Parse errors, unknown flags and errors of the export have no vertex of a step, only text. A vertex that was stopped
because another failed has an error too, which ends in `context canceled`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from wizard.build.logs import plain
from wizard.build.records import CANCELLED, VertexRecord

_EXIT_CODE = re.compile(r"exit code: (\d+)\s*$")
_PLACE = re.compile(r"^(?P<file>\S.*?):(?P<line>\d+)$")
_RULE = re.compile(r"^-{5,}$")
_ON_LINE = re.compile(r"\b(?:on|parse error) line (\d+)\b")
_PREFIX = re.compile(r"^ERROR: (?:failed to build: )?(?:failed to solve: )?")
_LOST = re.compile(
    r"error reading from server: EOF|connection refused|connection reset|transport is closing|broken pipe"
    r"|Cannot connect to the Docker daemon|code = Unavailable|failed to receive status",
    re.IGNORECASE,
)


def root_cause(records: Iterable[VertexRecord]) -> VertexRecord | None:
    """The vertex that failed first by itself."""
    failed = [record for record in records if record.error and not record.cancelled]
    return min(failed, key=lambda record: record.completed or float("inf"), default=None)


def error_text(text: Sequence[str]) -> str | None:
    """The builder's last `ERROR:` line without its stock beginning; None where it wrote none."""
    lines = [line for line in text if line.startswith("ERROR: ")]
    return _PREFIX.sub("", plain(lines[-1])) if lines else None


def excerpt(text: Sequence[str]) -> tuple[str, ...]:
    """The `Dockerfile:9` line and the source lines below it, as the builder wrote them; empty where it wrote none."""
    for number, line in enumerate(text[:-1]):
        if _PLACE.match(line) and _RULE.match(text[number + 1]):
            end = next((n for n in range(number + 2, len(text)) if _RULE.match(text[n])), len(text))
            return tuple(plain(part) for part in text[number : end + 1])
    return ()


def place(text: Sequence[str]) -> int | None:
    """The Dockerfile line that the builder's text names, None where it names none."""
    block = excerpt(text)
    match = _PLACE.match(block[0]) if block else None
    if match is not None:
        return int(match["line"])
    found = _ON_LINE.search(error_text(text) or "")
    return int(found[1]) if found else None


def exit_code(error: str) -> int | None:
    """The exit code of the command in a vertex error."""
    match = _EXIT_CODE.search(error)
    return int(match[1]) if match else None


def engine_lost(text: Sequence[str]) -> bool:
    """Whether the builder's words say that the engine went away."""
    return any(_LOST.search(line) for line in text)


def outcome(records: Sequence[VertexRecord], text: Sequence[str], not_run: bool) -> str:
    """`done`, `failed` or `cancelled`, for a stream that has ended and does not say so itself.

    `not_run`: whether a step neither ran nor came from the cache.
    """
    error = error_text(text)
    if root_cause(records) is not None:
        return "failed"
    if error is not None:
        return "cancelled" if error.rstrip().endswith(CANCELLED) and not engine_lost(text) else "failed"
    if any(record.cancelled for record in records):
        return "cancelled"
    return "failed" if not_run or not records or any(record.running for record in records) else "done"
