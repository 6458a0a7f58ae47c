"""What a shell parser is given of an instruction: the file's bytes without continuations and comments, offsets kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from wizard.dockerfile.document import Span
from wizard.dockerfile.lines import without_continuation

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")


def gaps(source: bytes, span: Span, escape: str) -> Iterator[Span]:
    """Where, inside one logical line, continuations with their line ends stand, blank lines, and comment lines."""
    sign = escape.encode()
    begins_line = span.start == 0 or source[span.start - 1 : span.start] == b"\n"
    for found in _LINE.finditer(source, span.start, span.end):
        raw = found[0]
        is_comment = raw.lstrip().startswith(b"#") and (found.start() > span.start or begins_line)
        content = b"" if is_comment else without_continuation(raw.rstrip(b"\r\n"), sign)[0]
        if len(content) < len(raw):
            yield Span(found.start() + len(content), found.end())


def blank_span(source: bytes, span: Span, escape: str) -> bytes:
    """The bytes of a span, blanks in place of its gaps: byte n of the result is byte `span.start + n` of the file."""
    return blanked(source, span, gaps(source, span, escape))


def blanked(source: bytes, span: Span, gaps: Iterable[Span]) -> bytes:
    """As `blank_span`, where the gaps are known."""
    result = bytearray(span.of(source))
    for gap in gaps:
        start, end = gap.start - span.start, gap.end - span.start
        result[start:end] = b" " * (end - start)
    return bytes(result)


def splice_span(source: bytes, span: Span, escape: str) -> bytes:
    """The bytes of a span with its gaps left out: what the builder passes on."""
    pieces, at = [], span.start
    for gap in gaps(source, span, escape):
        pieces.append(source[at : gap.start])
        at = gap.end
    return b"".join([*pieces, source[at : span.end]])
