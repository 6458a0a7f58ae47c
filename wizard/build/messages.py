"""Puts the messages of a rawjson stream on one line each.

buildx before 0.14 prints every message indented over many lines, from a line `{` to a line `}`; later ones print it on
one. Text of the builder stands between messages, never inside.
"""

from __future__ import annotations

_LONGEST = 100_000
"""Lines of one message, far beyond any real one; what goes on longer is no message."""


class Joiner:
    """Takes the lines of a stream and gives back messages and text lines, each on one line."""

    def __init__(self) -> None:
        self._open: list[bytes] = []

    def feed(self, line: bytes) -> list[bytes]:
        """The lines that are complete with this one; none in the middle of a message."""
        stripped = line.rstrip()
        if not self._open:
            if stripped != b"{":
                return [line]
            self._open.append(line)
            return []
        self._open.append(line)
        if stripped == b"}":
            message = b"".join(part.strip() for part in self._open) + b"\n"
            self._open = []
            return [message]
        return [] if stripped[:1] in (b" ", b"\t") and len(self._open) < _LONGEST else self.flush()

    def flush(self) -> list[bytes]:
        """What is left of a message that did not end, as it came."""
        lines, self._open = self._open, []
        return lines
