"""The last lines of a step's output, safe to show.

The builder cuts output anywhere, also inside a character, and progress bars rewrite their line with carriage returns.
Colours (SGR sequences) are kept; every other control sequence is dropped, because a log must not move the cursor,
rename the window or write to the clipboard of whoever looks at it.
"""

from __future__ import annotations

import re
from collections import deque

TAIL_LINES = 400
LINE_CHARACTERS = 4000
_LINE_BYTES = 4 * LINE_CHARACTERS

_CONTROL = re.compile(
    r"(?P<colour>\x1b\[[0-9;:]*m)"
    r"|\x1b\[[0-?]*[ -/]*[@-~]?"  # other CSI sequences
    r"|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"  # OSC, DCS, SOS, PM, APC with their text
    r"|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")


def printable(text: str) -> str:
    """The text with colours and tabs, without other control characters, sequences and bidirectional overrides."""
    return _CONTROL.sub(lambda match: match["colour"] or "", text)


def plain(text: str) -> str:
    """The text without any control character or sequence but tabs and line ends."""
    return _COLOUR.sub("", printable(text))


class LogTail:
    """Collects the chunks of one step; keeps the last `TAIL_LINES` lines and what is not ended yet."""

    def __init__(self, lines: int = TAIL_LINES) -> None:
        self._lines: deque[str] = deque(maxlen=lines)
        self._pending: dict[int, bytes] = {}
        self.total = 0
        """Lines ended so far."""
        self.clipped = False
        """Whether the builder left output out (its limit per second, or per step)."""

    def feed(self, stream: int, data: bytes) -> tuple[str, ...]:
        """Takes a chunk of a stream; the lines that it ended."""
        *ended, rest = (self._pending.get(stream, b"") + data).split(b"\n")
        if len(rest) > _LINE_BYTES:
            rest = rest[rest.rfind(b"\r") + 1 :][-_LINE_BYTES:]
        self._pending[stream] = rest
        lines = tuple(_line(raw) for raw in ended)
        self.total += len(lines)
        self._lines.extend(lines)
        self.clipped = self.clipped or any("[output clipped, log limit " in line for line in lines)
        return lines

    def tail(self) -> tuple[str, ...]:
        """The last lines, oldest first, with those not ended yet."""
        pending = (_line(raw, errors="ignore") for raw in self._pending.values())
        return (*self._lines, *(line for line in pending if line))


def _line(raw: bytes, errors: str = "replace") -> str:
    """One line as a terminal would leave it: what stands after the last carriage return that is followed by text."""
    text = raw.rstrip(b"\r")
    text = text[text.rfind(b"\r") + 1 :][:_LINE_BYTES]
    return printable(text.decode(errors=errors))[:LINE_CHARACTERS]
