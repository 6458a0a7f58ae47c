"""The text of an instruction with the same offsets as in the file: what a shell parser is given."""

from __future__ import annotations

import re

from wizard.dockerfile.document import Instruction, Span
from wizard.dockerfile.lines import without_continuation

_LINE = re.compile(rb"[^\n]*\n|[^\n]+")


def blanked(source: bytes, instruction: Instruction, escape: str) -> bytes:
    """The bytes of `instruction.argument_span`, comment lines, continuations and the line ends between blanked out.

    Byte n of the result is byte `argument_span.start + n` of the file.
    """
    return blank_span(source, instruction.argument_span, escape)


def blank_span(source: bytes, span: Span, escape: str) -> bytes:
    """The same for some bytes of one logical line; they begin inside a line or at the beginning of one."""
    sign = escape.encode()
    result = bytearray()
    begins_line = span.start == 0 or source[span.start - 1 : span.start] == b"\n"
    for raw in _LINE.findall(span.of(source)):
        if raw.lstrip().startswith(b"#") and (result or begins_line):
            result += b" " * len(raw)
            continue
        content = without_continuation(raw.rstrip(b"\r\n"), sign)[0]
        result += content + b" " * (len(raw) - len(content))
    return bytes(result)
