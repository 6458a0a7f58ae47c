"""Words as BuildKit's Dockerfile frontend lexes them: quotes, escapes, `$name` and `${name…}`.

A port of the behaviour of BuildKit's `frontend/dockerfile/shell` package, including that the braces of a
`${name:-word}` forget the part of a word before them: heredoc headers are found with the same lexer, so what it
makes of a line decides where an instruction ends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from wizard.dockerfile.errors import quoted

_SPACES = frozenset("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000") | set(map(chr, range(0x2000, 0x200B)))
"""What Go's `unicode.IsSpace` has; Python's `str.isspace` has more."""
_BLANKS = "".join(_SPACES)


def trim(text: str) -> str:
    """What Go's `strings.TrimSpace` leaves of a text; Python's `strip` takes more away."""
    return text.strip(_BLANKS)


_SPECIAL_PARAMETERS = "@*#?-$!0"
_NOTHING = "\ufffd"
"""How BuildKit writes the end of the text where it wants a character."""
_LONGEST = 2**16
"""Characters that the variables of one text may come to. Values that double from line to line would fill the memory."""
_NUMBER = re.compile(r"\d+")
_UNDECODABLE = re.compile("[\udc80-\udcff]")
_NAME = re.compile(r"\w*")
_PLAIN = re.compile(r"[A-Za-z0-9_./:,=@%+-]++")
_PLAIN_WORDS = re.compile(r"[A-Za-z0-9_./:,=@%+ \t-]*+")
_PLAINLY_QUOTED = re.compile(r"\"([A-Za-z0-9_./:,=@%+ -]++)\"")
_NOT_USED: frozenset[str] = frozenset()


class LexError(ValueError):
    """The text is not a word that BuildKit can expand; the message has its words."""


class LexedWord(NamedTuple):
    """One word, with where it stands in the lexed text (in characters)."""

    text: str
    start: int
    end: int


class Lexed(NamedTuple):
    """A lexed text: as one string, and split at unquoted blanks."""

    text: str
    words: tuple[LexedWord, ...]
    used: frozenset[str]
    """Names that were looked up."""
    known: bool
    """False where the result depends on a variable whose value is not known."""


def is_plain(text: str) -> bool:
    """Whether a text is one word, and means what is written: no quotes, escapes or variables."""
    return _PLAIN.fullmatch(text) is not None


def are_plain(text: str) -> bool:
    """Whether all words of a text mean what is written."""
    return _PLAIN_WORDS.fullmatch(text) is not None


def lex(
    text: str,
    variables: Mapping[str, str | None],
    escape: str = "\\",
    *,
    raw_quotes: bool = False,
    raw_escapes: bool = False,
    keep_unset: bool = False,
) -> Lexed:
    """Lex `text`; a variable that maps to None is set to something unknown, a missing one is unset.

    `raw_quotes` and `raw_escapes` keep those characters; `keep_unset` leaves `$name` of unset names as written.
    Raises LexError where BuildKit reports a syntax error, and where the values come to more than 65,536 characters.
    """
    if is_plain(text):
        return Lexed(text, (LexedWord(text, 0, len(text)),), _NOT_USED, True)
    if not raw_quotes and (quoted_text := _PLAINLY_QUOTED.fullmatch(text)):
        return Lexed(quoted_text[1], (LexedWord(quoted_text[1], 0, len(text)),), _NOT_USED, True)
    # Bytes that are no UTF-8 come out as BuildKit's lexer reads them, and a byte order mark in front does not.
    lexer = _Lexer(_UNDECODABLE.sub("\ufffd", text), variables, escape, raw_quotes, raw_escapes, keep_unset)
    lexer.at = 1 if text.startswith("\ufeff") else 0
    try:
        result, words = lexer.until(None, raw_escapes)
    except RecursionError:
        raise LexError(f"failed to process {quoted(text[:40])}…: nested too deeply") from None
    except LexError as error:
        raise LexError(f"failed to process {quoted(text)}: {error}") from None
    return Lexed(result, tuple(words), frozenset(lexer.used), lexer.known)


@dataclass
class _Lexer:
    text: str
    variables: Mapping[str, str | None]
    escape: str
    raw_quotes: bool
    raw_escapes: bool
    keep_unset: bool
    at: int = 0
    known: bool = True
    used: set[str] = field(default_factory=set)
    word: list[str] = field(default_factory=list)
    word_start: int = 0
    taken: int = 0
    """Characters of values so far."""

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def next(self) -> str:
        self.at += 1
        return self.text[self.at - 1 : self.at]

    def put(self, text: str, start: int) -> None:
        if not self.word:
            self.word_start = start
        self.word.append(text)

    def flush(self, words: list[LexedWord], end: int) -> None:
        text = "".join(self.word)
        self.word.clear()
        if text:
            words.append(LexedWord(text, self.word_start, end))

    def until(self, stop: str | None, raw_escapes: bool) -> tuple[str, list[LexedWord]]:
        """Everything up to `stop` (dropped) or, for None, the end."""
        result: list[str] = []
        words: list[LexedWord] = []
        self.word.clear()
        special = {"'": self.single_quoted, '"': self.double_quoted, "<": self.less_than}
        outer, self.raw_escapes = self.raw_escapes, raw_escapes
        try:
            while self.at < len(self.text):
                start = self.at
                plain = _PLAIN.match(self.text, start) if stop is None else None
                if plain:
                    self.at = plain.end()
                    self.put(plain[0], start)
                    result.append(plain[0])
                    continue
                char = self.peek()
                if char == stop:
                    self.next()
                    self.flush(words, start)
                    return "".join(result), words
                if char == "$":
                    value = self.dollar()
                    result.append(value)
                    for part in value:
                        if part in _SPACES:
                            self.flush(words, start)
                        else:
                            self.put(part, start)
                elif char in special:
                    value = special[char]()
                    result.append(value)
                    self.put(value, start)
                else:
                    self.next()
                    if char == self.escape:
                        if raw_escapes:
                            self.put(char, start)
                            result.append(char)
                        char = self.next()
                        if not char:
                            break
                        self.put(char, start)
                    elif char in _SPACES:
                        self.flush(words, start)
                    else:
                        self.put(char, start)
                    result.append(char)
            if stop is not None:
                raise LexError(f"unexpected end of statement while looking for matching {stop}")
            self.flush(words, len(self.text))
            return "".join(result), words
        finally:
            self.raw_escapes = outer

    def single_quoted(self) -> str:
        end = self.text.find("'", self.at + 1)
        if end < 0:
            self.at = len(self.text)
            raise LexError("unexpected end of statement while looking for matching single-quote")
        quoted = self.text[self.at : end + 1]
        self.at = end + 1
        return quoted if self.raw_quotes else quoted[1:-1]

    def double_quoted(self) -> str:
        quote = self.next()
        result = [quote] if self.raw_quotes else []
        while True:
            char = self.peek()
            if not char:
                raise LexError("unexpected end of statement while looking for matching double-quote")
            if char == '"':
                self.next()
                if self.raw_quotes:
                    result.append(quote)
                return "".join(result)
            if char == "$":
                result.append(self.dollar())
                continue
            self.next()
            if char == self.escape:
                if self.raw_escapes:
                    result.append(char)
                following = self.peek()
                if not following:
                    continue
                if following in ('"', "$", self.escape):
                    char = self.next()
            result.append(char)

    def less_than(self) -> str:
        """`<<` takes the blanks behind it along, so that `<< EOF` is one word."""
        self.next()
        if self.peek() != "<":
            return "<"
        start = self.at
        self.next()
        while self.peek() and self.peek() in "\t\r ":
            self.next()
        return "<" + self.text[start : self.at]

    def dollar(self) -> str:
        self.next()
        if self.peek() != "{":
            name = self.name()
            if not name:
                return "$"
            value = self.look_up(name)
            if value is None:
                return f"${name}" if self.keep_unset else ""
            return value
        self.next()
        if not self.peek():
            raise LexError("syntax error: missing '}'")
        if self.peek() in "{}:":
            raise LexError("syntax error: bad substitution")
        name = self.name()
        operator = self.next()
        if operator == "}":
            value = self.look_up(name)
            if value is None:
                return f"${{{name}}}" if self.keep_unset else ""
            return value
        if operator == "/":
            return self.replacement(name)
        colon = operator == ":"
        if colon:
            operator = self.next()
        written = (":" if colon else "") + (operator or _NOTHING)
        known = operator in tuple("+-?#%")
        if (not known and not colon) or (colon and operator and operator in "#%"):
            raise LexError(f"unsupported modifier ({written}) in substitution")
        word = self.operand("}", raw_escapes=operator in tuple("#%"))
        value = self.look_up(name)
        if value is None and self.keep_unset:
            return f"${{{name}{written}{word}}}"
        if not known:
            raise LexError(f"unsupported modifier ({written}) in substitution")
        missing = value is None or (colon and not value)
        if operator == "-":
            return word if missing else value or ""
        if operator == "+":
            return "" if missing else word
        if operator == "?":
            if missing and self.known:
                raise LexError(f"{name}: {word or 'is not allowed to be ' + ('unset' if value is None else 'empty')}")
            return value or ""
        greedy = word.startswith(operator)
        pattern = word[1:] if greedy else word
        if operator == "#":
            return _trim_prefix(pattern, value or "", greedy)
        return _trim_prefix(_reversed_pattern(pattern), (value or "")[::-1], greedy)[::-1]

    def operand(self, stop: str, raw_escapes: bool) -> str:
        try:
            return self.until(stop, raw_escapes)[0]
        except LexError:
            if not self.peek():
                missing = "'}'" if stop == "}" else "'/' in ${}"
                raise LexError(f"syntax error: missing {missing}") from None
            raise

    def replacement(self, name: str) -> str:
        every = self.peek() == "/"
        if every:
            self.next()
        pattern = self.operand("/", raw_escapes=True)
        replacement = self.operand("}", raw_escapes=True)
        value = self.look_up(name)
        if value is None and self.keep_unset:
            return f"${{{name}/{pattern}/{replacement}}}"
        expression = _pattern(pattern, greedy=True)
        if value and "*" in pattern:
            # Go's expressions take linear time; ours look from every place of the value to its end.
            _check_length(len(value) * 16)
        return _replaced(expression, replacement, value, every=every) if value else ""

    def name(self) -> str:
        first = self.peek()
        if first and first in _SPECIAL_PARAMETERS and first != "0":
            return self.next()
        found = (_NUMBER if first.isdigit() else _NAME).match(self.text, self.at)
        self.at = found.end() if found else self.at
        return found[0] if found else ""

    def look_up(self, name: str) -> str | None:
        self.used.add(name)
        if name not in self.variables:
            return None
        value = self.variables[name]
        if value is None:
            self.known = False
            return ""
        self.taken += len(value)
        _check_length(self.taken)
        return value


def _check_length(length: int) -> None:
    if length > _LONGEST:
        raise LexError(f"its variables hold more than {_LONGEST} characters")


def _pattern(pattern: str, greedy: bool) -> str:
    """A shell pattern (`*`, `?`, backslash escapes; no brackets, as in BuildKit) as a regular expression.

    Every star but the last of a greedy pattern takes the first place that fits and never looks back: that finds the
    same shortest or longest match, without the time that backtracking over many stars would take.
    """
    segments: list[str] = [""]
    characters = iter(range(len(pattern)))
    for index in characters:
        char = pattern[index]
        following = pattern[index + 1 : index + 2]
        if char == "*":
            if segments[-1] or len(segments) == 1:
                segments.append("")
        elif char == "?":
            segments[-1] += "."
        elif char == "\\":
            if following in ("}", "/"):
                continue
            if following not in ("*", "?", "\\"):
                raise LexError(f"invalid pattern ({pattern}) in substitution: invalid escape '\\{following}'")
            next(characters)
            segments[-1] += re.escape(following)
        else:
            segments[-1] += re.escape(char)
    head, *tail = segments
    starred = [f"(?>.*?{segment})" for segment in tail]
    if tail and greedy:
        starred[-1] = f".*{tail[-1]}"
    return head + "".join(starred)


def _replaced(expression: str, replacement: str, value: str, *, every: bool) -> str:
    """Matches replaced as Go does it: an empty one directly behind another one does not count."""
    pieces: list[str] = []
    at = length = 0
    for number, found in enumerate(re.finditer(expression, value)):
        if number and (not every or (found.start() == found.end() == at)):
            continue
        length += len(replacement)
        _check_length(length)
        pieces += (value[at : found.start()], replacement)
        at = found.end()
    return "".join(pieces) + value[at:]


def _trim_prefix(pattern: str, value: str, greedy: bool) -> str:
    expression = _pattern(pattern, greedy)
    found = re.match(expression, value) if value else None
    return value[found.end() :] if found else value


def _reversed_pattern(pattern: str) -> str:
    """`a\\*c` backwards is `c\\*a`: an escape stays in front of what it escapes."""
    return "".join(reversed(re.findall(r"\\.|.", pattern, re.DOTALL)))
