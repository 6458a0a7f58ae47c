"""How BuildKit splits what follows a keyword: flags, words, JSON strings, `name=value` pairs."""

from __future__ import annotations

import json
import math
import re
from functools import cache
from typing import NamedTuple

from wizard.dockerfile.document import Flag, Instruction, Word
from wizard.dockerfile.errors import quoted
from wizard.dockerfile.lines import LEADING_SPACE, SPACE, LogicalLine

_TEXT = ("utf-8", "surrogateescape")
_BLANK_SEPARATED = re.compile(rb"[^\t\v\f\r ]+")
_BYTE_SPACES = b"\t\n\v\f\r \x85\xa0"
"""BuildKit looks for the end of a flag byte by byte, so these two end it even inside a UTF-8 character."""
_BYTE_BLANKS = re.compile(rb"[\t\n\v\f\r \x85\xa0]+")
_PLAIN_FLAG = re.compile(rb"[A-Za-z0-9_./:,=@%+-]++(?=[\t\n\v\f\r ]|\Z)")
_TRAILING_SPACE = re.compile(SPACE + rb"\Z")
_JSON_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)

_SURROGATE = re.compile("[\ud800-\udfff]")
_JSON_DEPTH = 10_000
QUOTED_WORDS = frozenset({"ENV", "LABEL", "ARG"})
"""Instructions whose words end at unquoted blanks only."""
ONE_WORD = frozenset({"WORKDIR", "USER", "STOPSIGNAL", "MAINTAINER"})
"""Instructions whose argument is one string, blanks included."""
JSON_FORMS = frozenset({"ADD", "COPY", "CMD", "ENTRYPOINT", "RUN", "SHELL", "VOLUME"})


class NotStrings(ValueError):
    """A JSON array that holds something else than strings: BuildKit refuses it instead of reading a shell form."""


def decode(raw: bytes) -> str:
    """Text of the file; bytes that are not UTF-8 become lone surrogates, as in Python's file names."""
    return raw.decode(*_TEXT)


def trim(text: bytes, start: int, end: int) -> tuple[int, int]:
    """`text[start:end]` without the white space around it."""
    if start < end and b" " < text[start : start + 1] < b"\x7f" and b" " < text[end - 1 : end] < b"\x7f":
        return start, end
    found = LEADING_SPACE.match(text, start, end)
    start = found.end() if found else start
    end = start + len(text[start:end].rstrip(b"\t\n\v\f\r "))
    while end > start and (found := _TRAILING_SPACE.search(text[max(end - 3, start) : end])):
        end -= len(found[0])
    return start, end


def take_flags(line: LogicalLine, start: int, end: int, escape: int) -> tuple[tuple[Flag, ...], int]:
    """The flags at the beginning of `line.text[start:end]`, and where the argument begins."""
    text, at = line.text, start
    flags: list[Flag] = []
    while True:
        while at < end and text[at] in _BYTE_SPACES:
            at += 1
        if not text.startswith(b"--", at, end):
            return tuple(flags), at
        word, stop = _flag_word(text, at, end, escape)
        if word == b"--":
            return tuple(flags), stop
        name, has_value, value = decode(word[2:]).partition("=")
        flags.append(Flag(name, value if has_value else None, line.span(at, stop)))
        at = stop


def _flag_word(text: bytes, at: int, end: int, escape: int) -> tuple[bytes, int]:
    """One flag, its quotes and escapes resolved, and where it ends."""
    if plain := _PLAIN_FLAG.match(text, at, end):
        return plain[0], plain.end()
    word, quote = bytearray(), None
    while at < end:
        byte = text[at]
        if quote is None and byte in _BYTE_SPACES:
            break
        if byte == quote:
            quote = None
        elif quote is None and byte in b"'\"":
            quote = byte
        elif byte == escape:
            at += 1
            word += text[at : min(at + 1, end)]
        else:
            word.append(byte)
        at += 1
    return bytes(word), min(at, end)


def json_strings(text: bytes) -> tuple[str, ...] | None:
    """The strings of a JSON form, None for anything that is not a JSON array; raises NotStrings."""
    if not text.startswith(b"["):
        return None
    try:
        values = json.loads(decode(text), parse_constant=_refuse_constant, parse_float=_finite, parse_int=_finite)
    except RecursionError:
        if _is_nested_too_deeply(text):
            return None
        raise NotStrings from None
    except ValueError:
        return None
    if not all(isinstance(value, str) for value in values):
        raise NotStrings
    # What is no character, as bytes or as an escape, BuildKit's JSON reader replaces.
    return tuple(_SURROGATE.sub("\ufffd", value) for value in values)


def _refuse_constant(name: str) -> None:
    """Python's JSON reader knows NaN and Infinity; JSON does not."""
    raise ValueError(name)


def _finite(number: str) -> float:
    """BuildKit's JSON reader gives up on numbers that are too large for it."""
    value = float(number)
    if math.isinf(value):
        raise ValueError(number)
    return value


def _is_nested_too_deeply(text: bytes) -> bool:
    """Whether BuildKit's JSON reader gives up on these brackets: more than 10,000 at once, or some left open."""
    depth = deepest = 0
    for bracket in re.findall(rb"[\[\]{}]", _JSON_STRING.sub(b"", text)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(depth, deepest)
    return depth != 0 or deepest > _JSON_DEPTH


def split_probe(argument: str) -> tuple[str, str]:
    """The type of a HEALTHCHECK and what follows it; BuildKit looks for the blanks between byte by byte."""
    kind, *rest = _BYTE_BLANKS.split(argument.encode(*_TEXT), maxsplit=1)
    return decode(kind), decode(b"".join(rest))


def words(line: LogicalLine, start: int, end: int, pattern: re.Pattern[bytes]) -> tuple[Word, ...]:
    """What the pattern finds in `line.text[start:end]`."""
    return tuple([Word(decode(text), span) for text, span in line.find(pattern, start, end)])


def split(keyword: str, is_json: bool, escape: str) -> re.Pattern[bytes]:
    """The pattern that finds the words of an instruction."""
    if is_json:
        return _JSON_STRING
    if keyword in QUOTED_WORDS or keyword in ("RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK", "SHELL"):
        return _quoted(escape)
    return _BLANK_SEPARATED


@cache
def _quoted(escape: str) -> re.Pattern[bytes]:
    """Words with quotes and escapes; a lone escape character at the very end is dropped."""
    sign = re.escape(escape.encode())
    return re.compile(
        SPACE + rb"*+((?:(?!" + SPACE + rb")(?:[^'\"" + sign + rb"]|" + sign + rb".|'[^']*(?:'|\Z)"
        rb'|"(?:[^"' + sign + rb"]|" + sign + rb'.)*(?:"|(?=' + sign + rb"?\Z))))+)" + sign + rb"?",
        re.DOTALL,
    )


class Pair(NamedTuple):
    """One `name=value` of ENV, LABEL or ARG, quotes and escapes as written."""

    name: str
    value: str | None
    """None for an ARG without a default."""
    word: Word
    """The word it was read from; the whole argument for the old `ENV name value` form."""


def pairs(instruction: Instruction) -> tuple[Pair, ...]:
    """The pairs of an ENV, LABEL or ARG; raises ValueError with BuildKit's words."""
    keyword, found = instruction.keyword, instruction.words
    if keyword == "ARG":
        return tuple(
            Pair(name, value if has_value else None, word)
            for word in found
            for name, has_value, value in [word.text.partition("=")]
        )
    if found and "=" not in found[0].text:
        name, *rest = re.split(r"[\t\v\f\r ]+", instruction.argument, maxsplit=1)
        if not rest:
            raise ValueError(f"{keyword} must have two arguments")
        return (Pair(name, rest[0], Word(instruction.argument, instruction.argument_span)),)
    parts = [word.text.partition("=") for word in found]
    for text, sign, _ in parts:
        if not sign:
            raise ValueError(f"Syntax error - can't find = in {quoted(text)}. Must be of the form: name=value")
    return tuple([Pair(name, value, word) for (name, _, value), word in zip(parts, found, strict=True)])
