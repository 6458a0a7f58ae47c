"""Heredoc headers, found as BuildKit finds them (0.2x and newer: a blank may stand behind `<<`)."""

from __future__ import annotations

import re
from typing import NamedTuple

from wizard.dockerfile.arguments import decode
from wizard.dockerfile.lexer import LexError, lex

_HEADER = re.compile(r"\d*<<(-?)[\t\n\f\r ]*([^<]*)\Z")


class Header(NamedTuple):
    """One `<<NAME` of a logical line."""

    name: str
    expand: bool
    strip_tabs: bool
    start: int
    end: int
    """Where the word stands in the line, in bytes."""


def headers(line: bytes) -> tuple[Header, ...]:
    """The heredoc headers of a logical line; raises LexError for a name that cannot be read.

    A line whose quotes do not match has none.
    """
    if b"<<" not in line:
        return ()
    text = decode(line)
    try:
        found = lex(text, {}, raw_quotes=True, raw_escapes=True, keep_unset=True).words
    except LexError:
        return ()
    result = []
    at = offset = 0
    for word in found:
        header = parse_header(word.text) if "<<" in word.text else None
        if header is not None:
            name, expand, strip_tabs = header
            start = offset + _bytes(text[at : word.start])
            at, offset = word.end, start + _bytes(text[word.start : word.end])
            result.append(Header(name, expand, strip_tabs, start, offset))
    return tuple(result)


def _bytes(text: str) -> int:
    """How many of the file a text takes."""
    return len(text.encode("utf-8", "surrogateescape"))


def parse_header(word: str) -> tuple[str, bool, bool] | None:
    """(name, whether variables in the body are expanded, whether leading tabs are dropped), None for another word."""
    found = _HEADER.match(word)
    if not found or not found[2]:
        return None
    plain = lex(found[2], {}, keep_unset=True).words
    if len(plain) != 1:
        return None
    quoted = lex(found[2], {}, raw_quotes=True, keep_unset=True).text
    name = plain[0].text
    return name, _quotes(name) == _quotes(quoted), found[1] == "-"


def _quotes(text: str) -> int:
    return text.count("'") + text.count('"')


def is_header(word: str) -> bool:
    """Whether COPY and ADD take the word for a heredoc; one that cannot be read is a path to them."""
    try:
        return "<<" in word and parse_header(word) is not None
    except LexError:
        return False
