"""Regular expressions in RE2's syntax, rewritten for Python's `re`.

BuildKit turns an ignore pattern into an RE2 expression by pasting most of the pattern into it, so a pattern can hold
RE2's own escapes, classes and repeats (`test_\\d`, `[[:alpha:]]`, `a{2}`). Only the syntax that such an expression can
contain is read here: groups are always `(...)` around plain tokens, and nothing is ever case-folded.

Source: the syntax page and parser of Go's `regexp/syntax` with its Perl flags (the ones `regexp.Compile` sets).
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache

Ranges = tuple[tuple[int, int], ...]
"""A set of characters: inclusive ranges of code points."""

PERL_CLASSES: dict[str, Ranges] = {
    "d": ((0x30, 0x39),),
    "s": ((0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20)),
    "w": ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)),
}
POSIX_CLASSES: dict[str, Ranges] = {
    "alnum": ((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)),
    "alpha": ((0x41, 0x5A), (0x61, 0x7A)),
    "ascii": ((0x00, 0x7F),),
    "blank": ((0x09, 0x09), (0x20, 0x20)),
    "cntrl": ((0x00, 0x1F), (0x7F, 0x7F)),
    "digit": ((0x30, 0x39),),
    "graph": ((0x21, 0x7E),),
    "lower": ((0x61, 0x7A),),
    "print": ((0x20, 0x7E),),
    "punct": ((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)),
    "space": ((0x09, 0x0D), (0x20, 0x20)),
    "upper": ((0x41, 0x5A),),
    "word": PERL_CLASSES["w"],
    "xdigit": ((0x30, 0x39), (0x41, 0x46), (0x61, 0x66)),
}
CONTROL_ESCAPES = {"a": 0x07, "f": 0x0C, "n": 0x0A, "r": 0x0D, "t": 0x09, "v": 0x0B}
SLASH = ord("/")
STAR = "[^/]*"
NOT_SLASH = "[^/]"
ANY_FOLDERS = "(.*/)?"
# RE2 searches for a match anywhere, Python's `match` starts at the beginning.
ANYWHERE = "(?s:.*?)"
# A repeat may follow them in RE2 but not, bare, in Python.
ASSERTIONS = {"\\A": r"(?:\A)", "\\b": r"(?:\b)", "\\B": r"(?:(?!\b))", "\\z": r"(?:\Z)"}
# Those of Go's unicode.Categories: unassigned code points are in none.
CATEGORIES = (
    *("Cc", "Cf", "Co", "Cs", "Ll", "Lm", "Lo", "Lt", "Lu", "Mc", "Me", "Mn", "Nd", "Nl", "No"),
    *("Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "Sc", "Sk", "Sm", "So", "Zl", "Zp", "Zs"),
)

REPEAT = re.compile(r"\{(0|[1-9][0-9]*)(?:(,)(0|[1-9][0-9]*)?)?\}")
REPEAT_LIMIT = 1000


class BadExpression(ValueError):
    """RE2 does not take this expression."""


def to_python(expression: str) -> str:
    """The same expression for Python: its `match`, compiled with `re.ASCII`, finds what RE2 finds anywhere in a text.

    Raises BadExpression where RE2 refuses the expression.
    """
    return _Translator(expression).translate()


def _complement(ranges: Ranges) -> Ranges:
    gaps: list[tuple[int, int]] = []
    start = 0
    for low, high in sorted(ranges):
        if low > start:
            gaps.append((start, low - 1))
        start = max(start, high + 1)
    if start <= sys.maxunicode:
        gaps.append((start, sys.maxunicode))
    return tuple(gaps)


def _character_class(ranges: Ranges) -> str:
    if not ranges:
        return "(?!)"
    return "[" + "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges) + "]"


@cache
def _unicode_category(name: str) -> Ranges:
    """The code points of a general category such as `L` or `Lu`. Scripts are beyond Python's own tables."""
    if name == "Any":
        return ((0, sys.maxunicode),)
    wanted = {category for category in CATEGORIES if category.startswith(name)} if name else set()
    if not wanted:
        raise BadExpression(f"no general category is named {name!r}, and Unicode scripts are not supported")
    ranges: list[tuple[int, int]] = []
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code)) in wanted:
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1] = (ranges[-1][0], code)
            else:
                ranges.append((code, code))
    return tuple(ranges)


class _Translator:
    """One pass over an expression, left to right."""

    def __init__(self, expression: str) -> None:
        self.text = expression
        self.at = 0
        self.out: list[str] = []
        # Whether the last thing read can take a repeat: not at the start of a branch, nor after another repeat.
        self.repeatable = False
        # Where in `out` the last `[^/]*` is, while only single characters other than a slash follow it.
        self.star: int | None = None
        # Where in `out` the last `(.*/)?` is, while only names and slashes follow it.
        self.folders: int | None = None

    def translate(self) -> str:
        self.out.append("" if self.text.startswith("^") else ANYWHERE)
        while self.at < len(self.text):
            self._token(self.text[self.at])
        return "".join(self.out)

    def _emit(self, python: str, *, repeatable: bool = True, in_name: bool = False) -> None:
        """`in_name`: this never matches a slash."""
        self.out.append(python)
        self.repeatable = repeatable
        if not in_name:
            self.star = None
            self.folders = self.folders if python == "/" else None

    def _star_in_name(self) -> None:
        """`[^/]*`. Of two of them with single characters between, the first may settle on the first match of what
        follows it, because the second takes up any rest: without that, Python tries every combination."""
        self.at += len(STAR)
        star = self.star
        if star is not None:
            self.out[star] = f"(?>{NOT_SLASH}*?"
            self.out.append(")")
        self._emit(f"{NOT_SLASH}*", repeatable=False, in_name=True)
        self.star = len(self.out) - 1

    def _any_folders(self) -> None:
        """`(.*/)?`. Of two of them with whole names between, the first may settle on the first place where these fit,
        because the second takes up any rest (see `_star_in_name`)."""
        self.at += len(ANY_FOLDERS)
        if self.folders is not None and self.out[-1] == "/":
            self.out[self.folders] = "(?>(?:.*?/)??"
            self.out.append(")")
        self._emit("(?:.*/)?", repeatable=False)
        self.folders = len(self.out) - 1

    def _token(self, char: str) -> None:
        if char == "\\":
            self._escape()
            return
        if self.text.startswith(ANY_FOLDERS, self.at):
            self._any_folders()
            return
        if self.text.startswith(STAR, self.at):
            self._star_in_name()
            return
        if self.text.startswith(NOT_SLASH, self.at):
            # Python takes a hundred times as long to compile the same class written as ranges.
            self.at += len(NOT_SLASH)
            self._emit(NOT_SLASH, in_name=True)
            return
        if char == "[":
            ranges = self._class()
            self._emit(_character_class(ranges), in_name=not any(low <= SLASH <= high for low, high in ranges))
            return
        if char == "{" and (repeat := REPEAT.match(self.text, self.at)):
            self._bounded_repeat(repeat)
            return
        self.at += 1
        if char in "*?":
            self._repeat(char)
        elif char == "(":
            self._emit("(?:", repeatable=False)
        elif char == ")":
            self._emit(")")
        elif char == "|":
            self._emit(f"|{ANYWHERE}", repeatable=False)
        elif char == "^":
            self._emit(ASSERTIONS["\\A"])
        elif char == "$":
            self._emit(ASSERTIONS["\\z"])
        elif char == ".":
            self._emit(".")
        else:
            self._emit(re.escape(char), in_name=char != "/")

    def _repeat(self, operator: str) -> None:
        if not self.repeatable:
            raise BadExpression(f"nothing to repeat before {operator}")
        self._emit(operator, repeatable=False)

    def _bounded_repeat(self, repeat: re.Match[str]) -> None:
        least, comma, most = repeat.groups()
        if int(least) > REPEAT_LIMIT or (most and (int(most) > REPEAT_LIMIT or int(most) < int(least))):
            raise BadExpression(f"invalid repeat count {repeat[0]}")
        self.at = repeat.end()
        if self.out == ["", ASSERTIONS["\\A"]]:  # `^{0,1}`: the anchor may be left out
            self.out[0] = ANYWHERE
        self._repeat(f"{{{least}{comma or ''}{most or ''}}}")

    def _escape(self) -> None:
        pair = self.text[self.at : self.at + 2]
        if pair in ASSERTIONS:
            self.at += 2
            self._emit(ASSERTIONS[pair])
        elif pair == "\\Q":
            literal, end, _ = self.text[self.at + 2 :].partition("\\E")
            self.at += 2 + len(literal) + len(end)
            for char in literal:
                self._emit(re.escape(char))
        elif (ranges := self._named_class()) is not None:
            self._emit(_character_class(ranges))
        else:
            self._emit(f"\\U{self._escaped_character():08x}")

    def _named_class(self) -> Ranges | None:
        """`\\d`, `\\pL`, `\\p{Lu}` and their negations at the current place, or None."""
        if not self.text.startswith("\\", self.at):
            return None
        letter = self.text[self.at + 1 : self.at + 2]
        if letter in ("p", "P"):
            return self._unicode_class(negated=letter == "P")
        ranges = PERL_CLASSES.get(letter.lower())
        if ranges is None:
            return None
        self.at += 2
        return ranges if letter.islower() else _complement(ranges)

    def _unicode_class(self, *, negated: bool) -> Ranges:
        start = self.at + 2
        if self.text.startswith("{", start):
            end = self.text.find("}", start)
            if end < 0:
                raise BadExpression("unclosed character class name")
            name = self.text[start + 1 : end]
            self.at = end + 1
        else:
            name = self.text[start : start + 1]
            self.at = start + 1
        ranges = _unicode_category(name.removeprefix("^"))
        return _complement(ranges) if negated != name.startswith("^") else ranges

    def _class(self) -> Ranges:
        """The characters of `[…]`, which starts at the current place."""
        self.at += 1
        negated = self.text.startswith("^", self.at)
        self.at += negated
        ranges: list[tuple[int, int]] = []
        first = True
        while first or not self.text.startswith("]", self.at):
            first = False
            named = self._posix_class()
            if named is None:
                named = self._named_class()
            ranges.extend((self._class_range(),) if named is None else named)
        self.at += 1
        return _complement(tuple(ranges)) if negated else tuple(ranges)

    def _posix_class(self) -> Ranges | None:
        if not self.text.startswith("[:", self.at):
            return None
        end = self.text.find(":]", self.at + 2)
        if end < 0:
            return None
        name = self.text[self.at + 2 : end]
        ranges = POSIX_CLASSES.get(name.removeprefix("^"))
        if ranges is None:
            raise BadExpression(f"unknown character class [:{name}:]")
        self.at = end + 2
        return _complement(ranges) if name.startswith("^") else ranges

    def _class_range(self) -> tuple[int, int]:
        low = self._class_character()
        if not self.text.startswith("-", self.at) or self.text[self.at + 1 : self.at + 2] in ("", "]"):
            return low, low
        self.at += 1
        high = self._class_character()
        if high < low:
            raise BadExpression("invalid character class range")
        return low, high

    def _class_character(self) -> int:
        if self.at >= len(self.text):
            raise BadExpression("missing closing ]")
        if self.text[self.at] == "\\":
            return self._escaped_character()
        self.at += 1
        return ord(self.text[self.at - 1])

    def _escaped_character(self) -> int:
        """The code point of a single-character escape, which starts at the current place."""
        rest = self.text[self.at + 1 :]
        if octal := re.match(r"0[0-7]{0,2}|[1-7][0-7]{1,2}", rest):
            code, length = int(octal[0], 8), octal.end()
        elif hexadecimal := re.match(r"x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]+)\})", rest):
            code, length = int(hexadecimal[1] or hexadecimal[2], 16), hexadecimal.end()
        elif rest[:1] in CONTROL_ESCAPES:
            code, length = CONTROL_ESCAPES[rest[0]], 1
        elif rest and rest[0].isascii() and not rest[0].isalnum():
            code, length = ord(rest[0]), 1
        else:
            raise BadExpression(f"invalid escape \\{rest[:1]}")
        if code > sys.maxunicode:
            raise BadExpression(f"invalid escape \\{rest[:length]}")
        self.at += 1 + length
        return code
