"""Physical lines of a Dockerfile, and the logical lines that continuations join them to."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from wizard.dockerfile.document import Span

LINE_LIMIT = 65_535
"""Bytes of a physical line without its line feed; BuildKit's scanner refuses longer ones."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

SPACE = rb"(?:[\t\n\v\f\r ]|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80)"
"""White space as Go's `unicode.IsSpace` has it, in UTF-8; what BuildKit trims. It splits at ASCII blanks only."""

LEADING_SPACE = re.compile(rb"[\t\n\v\f\r ]*+(?:" + SPACE + rb")*+")
_LINE = re.compile(rb"[^\n]*\n|[^\n]+")


class PhysicalLine(NamedTuple):
    """One line of the file."""

    number: int
    """1-based."""
    span: Span
    """With its line end."""
    text: bytes
    """Without it."""
    indentation: int
    """How many bytes of white space it begins with."""

    @property
    def is_blank(self) -> bool:
        return self.indentation == len(self.text)

    @property
    def is_comment(self) -> bool:
        return self.text.startswith(b"#", self.indentation)


def physical_lines(source: bytes) -> Iterator[PhysicalLine]:
    """The lines of a file; a byte order mark is not part of the first."""
    start = len(BYTE_ORDER_MARK) if source.startswith(BYTE_ORDER_MARK) else 0
    for number, found in enumerate(_LINE.finditer(source, start), start=1):
        text = found[0].rstrip(b"\r\n")
        leading = LEADING_SPACE.match(text)
        yield PhysicalLine(number, Span(*found.span()), text, leading.end() if leading else 0)
    if start == len(source) > 0:
        yield PhysicalLine(1, Span(start, start), b"", 0)


def without_continuation(text: bytes, escape: bytes) -> tuple[bytes, bool]:
    """The text before a line continuation, and whether there was one. An escaped escape character is none."""
    trimmed = text.rstrip(b" \t")
    if trimmed.endswith(escape) and not trimmed.endswith(escape * 2):
        return trimmed[:-1], True
    return text, False


class LogicalLine(NamedTuple):
    """Pieces of physical lines joined to one, with the way back to the file."""

    text: bytes
    starts: tuple[int, ...]
    """Where in `text` each piece begins; ascending."""
    offsets: tuple[int, ...]
    """Where in the file it begins."""

    def offset(self, index: int) -> int:
        """The offset in the file of the byte at `index` of the text (its length: just behind the last byte)."""
        if index and index == len(self.text):
            return self.offset(index - 1) + 1
        piece = max(bisect_right(self.starts, index) - 1, 0)
        return self.offsets[piece] + index - self.starts[piece]

    def span(self, start: int, end: int) -> Span:
        """The bytes of the file from the first to the last of `text[start:end]`."""
        if start >= end:
            return Span(*(self.offset(start),) * 2)
        piece = bisect_right(self.starts, start) - 1
        if piece + 1 == len(self.starts) or end <= self.starts[piece + 1]:
            shift = self.offsets[piece] - self.starts[piece]
            return Span(start + shift, end + shift)
        return Span(self.offset(start), self.offset(end - 1) + 1)

    def find(self, pattern: re.Pattern[bytes], start: int, end: int) -> Iterator[tuple[bytes, Span]]:
        """What the last group of a pattern matches in `text[start:end]`, and where it stands in the file.

        As `span` says it; but pieces are looked for once, not for every match.
        """
        group, ends, last = pattern.groups, (*self.starts[1:], len(self.text)), len(self.starts) - 1
        piece, shift = 0, self.offsets[0]
        for match in pattern.finditer(self.text, start, end):
            begin, stop = match.span(group)
            if begin >= ends[piece]:
                piece = bisect_right(ends, begin, piece, last)
                shift = self.offsets[piece] - self.starts[piece]
            within = begin < stop <= ends[piece]
            yield match[group], Span(begin + shift, stop + shift) if within else self.span(begin, stop)


def join(pieces: list[tuple[int, bytes]]) -> LogicalLine:
    """Join (offset in the file, text) pieces."""
    starts: list[int] = []
    offsets: list[int] = []
    length = 0
    for offset, text in pieces:
        if text or not starts:
            starts.append(length)
            offsets.append(offset)
        length += len(text)
    return LogicalLine(b"".join(text for _, text in pieces), tuple(starts), tuple(offsets))
