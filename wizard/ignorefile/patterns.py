"""One pattern of a .dockerignore: its syntax check and what it matches.

A pattern is no shell glob: BuildKit pastes it into an RE2 expression, in which `*` and `?` stop at `/`, `**` goes
through any number of folders, and much of RE2's own syntax keeps its meaning. Plain names and patterns with `**` at one
end only are compared as text.

Source: `patternmatcher.go` of moby/patternmatcher v0.6.0, and `path/filepath.Match` of Go for the syntax check.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from wizard.errors import DockwizError
from wizard.ignorefile.re2 import BadExpression, to_python

# What BuildKit escapes when it pastes a pattern into an expression. `{`, `|` and `}` are missing there too: its bit
# map of special characters ends below them.
ESCAPED = frozenset(".+()$")
ANYTHING_BUT_SLASH = "[^/]"
ANY_FOLDERS = "(.*/)?"
BYTE_ORDER_MARK = "\ufeff"
PATTERN_CHARACTERS = frozenset("*[]?^\\")


_PLAIN = re.compile(r"[A-Za-z0-9_./ @,:=~-]++")
"""Patterns that name one path, as nearly all lines of nearly all files do."""


class IgnoreFileError(DockwizError):
    """A .dockerignore that BuildKit refuses."""


@dataclass(frozen=True)
class Matcher:
    """A set of paths: the union of plain names, prefixes, suffixes and expressions (in Python's syntax)."""

    names: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()

    @cached_property
    def matches(self) -> Callable[[str], bool]:
        """Whether a path is in the set."""
        names, prefixes, suffixes = self.names, self.prefixes, self.suffixes
        if not self.expressions:
            return lambda path: path in names or path.startswith(prefixes) or path.endswith(suffixes)
        match = re.compile("|".join(f"(?:{expression})" for expression in self.expressions), re.ASCII).match
        return lambda path: (
            path in names or path.startswith(prefixes) or path.endswith(suffixes) or match(path) is not None
        )


def union(matchers: Iterable[Matcher]) -> Matcher:
    """The matcher of every path that one of them matches: one test in place of many."""
    parts = tuple(matchers)
    return Matcher(
        names=frozenset().union(*(part.names for part in parts)),
        prefixes=tuple(prefix for part in parts for prefix in part.prefixes),
        suffixes=tuple(suffix for part in parts for suffix in part.suffixes),
        expressions=tuple(expression for part in parts for expression in part.expressions),
    )


@dataclass(frozen=True)
class Pattern:
    """One pattern as BuildKit uses it."""

    text: str
    """Cleaned, and without the `!` of an exception."""
    line: int
    """1-based line of the file."""
    negated: bool
    """An exception (`!`): what it matches is kept."""
    matcher: Matcher | None
    """None: the syntax check passes but the expression made of it is refused. BuildKit only fails when it comes to
    try such a pattern on a path."""

    @cached_property
    def folder(self) -> str | None:
        """The path below which everything that this pattern matches lies, or None where it can lie anywhere.

        BuildKit drops one trailing `/**` and then one `/*`, and gives up on what is left with a glob character in it.
        """
        plain = self.text.removesuffix("/**").removesuffix("/*")
        return None if PATTERN_CHARACTERS & set(plain) else plain


def clean(path: str) -> str:
    """Go's `filepath.Clean` for POSIX paths."""
    cleaned = posixpath.normpath(path)
    return cleaned[1:] if cleaned.startswith("//") else cleaned


def has_bad_syntax(pattern: str) -> bool:
    """Whether Go's `filepath.Match(pattern, ".")` reports an unclosed or empty `[…]` or a backslash at the end.

    It gives up at the first `*` after something that does not match `.`, and leaves the rest unchecked.
    """
    if "[" not in pattern and "\\" not in pattern:
        return False
    at = 0
    matched = 0
    failed = False
    while at < len(pattern):
        if pattern[at] == "*":
            if failed:
                return False
            at += 1
            continue
        element = _element(pattern, at)
        if element is None:
            return True
        at, is_dot = element
        failed = failed or matched == 1 or not is_dot
        matched = 1
    return False


def _element(pattern: str, at: int) -> tuple[int, bool] | None:
    """The offset after the one-character element at `at`, and whether it matches `.`; None where it is malformed."""
    if pattern[at] == "[":
        return _class(pattern, at + 1)
    if pattern[at] == "\\":
        return (at + 2, pattern[at + 1] == ".") if at + 1 < len(pattern) else None
    return at + 1, pattern[at] in ".?"


def _class(pattern: str, at: int) -> tuple[int, bool] | None:
    """`_element` for the `[…]` whose content begins at `at`."""
    negated = pattern.startswith("^", at)
    at += negated
    start = at
    holds_dot = False
    while at == start or not pattern.startswith("]", at):
        low = high = _class_character(pattern, at)
        if low is not None and pattern.startswith("-", low):
            high = _class_character(pattern, low + 1)
        if low is None or high is None:
            return None
        holds_dot = holds_dot or pattern[low - 1] <= "." <= pattern[high - 1]
        at = high
    return at + 1, holds_dot != negated


def _class_character(pattern: str, at: int) -> int | None:
    """The offset after a character of a class, which is never the last of the pattern."""
    if pattern.startswith(("-", "]"), at):
        return None
    at += pattern.startswith("\\", at)
    # Undecodable bytes (kept as lone surrogates) have no place in a class.
    if at + 1 >= len(pattern) or "\udc80" <= pattern[at] <= "\udcff":
        return None
    return at + 1


def compile_pattern(pattern: str) -> Matcher:
    """What a pattern, already cleaned and without `!`, matches. Raises BadExpression where RE2 refuses it."""
    if _PLAIN.fullmatch(pattern):
        return Matcher(names=frozenset((pattern,)))
    expression = ["^"]
    kind = "name"
    text = pattern.removeprefix(BYTE_ORDER_MARK)
    at = 0
    while at < len(text):
        char = text[at]
        first = at == 0
        at += 1
        if text.startswith("**", at - 1):
            at += 1
            at += text.startswith("/", at)
            if at < len(text):
                if expression[-1] != ANY_FOLDERS:
                    # Any number of folders, and again any number, is any number.
                    expression.append(ANY_FOLDERS)
                kind = "expression"
            elif kind == "name":
                kind = "prefix"
            else:
                expression.append(".*")
                kind = "expression"
            if first:
                kind = "suffix"
        elif char == "*":
            expression.append(f"{ANYTHING_BUT_SLASH}*")
            kind = "expression"
        elif char == "?":
            expression.append(ANYTHING_BUT_SLASH)
            kind = "expression"
        elif char in ESCAPED:
            expression.append(f"\\{char}")
        elif char == "\\":
            expression.append(text[at - 1 : at + 1])
            at += 1
            kind = "expression"
        else:
            expression.append(char)
            if char in "[]":
                kind = "expression"
    if kind == "name":
        return Matcher(names=frozenset((pattern,)))
    if kind == "prefix":
        return Matcher(prefixes=(pattern[:-2],))
    if kind == "suffix":
        suffix = pattern[2:]
        return Matcher(names=frozenset((suffix[1:],)) if suffix.startswith("/") else frozenset(), suffixes=(suffix,))
    return Matcher(expressions=(to_python("".join(expression) + "$"),))


def make_pattern(text: str, line: int, *, negated: bool) -> Pattern:
    """The pattern of a cleaned text without its `!`."""
    try:
        return Pattern(text, line, negated, compile_pattern(text))
    except BadExpression:
        return Pattern(text, line, negated, None)
