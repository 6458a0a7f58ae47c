"""A .dockerignore: reading it, and what it says about one path.

Source: `ignorefile.go` and `patternmatcher.go` (`New`, `MatchesUsingParentResults`) of moby/patternmatcher v0.6.0,
and the pruning of `filter.go` of tonistiigi/fsutil.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from wizard.ignorefile.patterns import IgnoreFileError, Pattern, clean, has_bad_syntax, make_pattern, union

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Go's bufio.Scanner gives up on a longer line.
LONGEST_LINE = 64 * 1024 - 1
# Go's unicode.IsSpace. Python's str.strip() would also take U+001C to U+001F.
SPACE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
CONTROL = re.compile("[\x00-\x1f\x7f]")
NOT_PRINTABLE = 'header key "exclude-patterns" contains value with non-printable ASCII characters'
UNDECODABLE = re.compile("[\udc80-\udcff]")

Test = Callable[[str], bool]


class Verdict(NamedTuple):
    """What the patterns say about one path."""

    excluded: bool
    line: int | None
    """1-based line of the pattern that decided; None where none matched."""
    matched: tuple[bool, ...]
    """Per pattern, whether it matched this path or a folder above: what the entries of this folder start from."""


@dataclass(frozen=True)
class IgnoreFile:
    """The patterns of a .dockerignore, in the order of the file. Without patterns it excludes nothing.

    Every method raises IgnoreFileError when it has to try a pattern that only fails when tried (`[b-a]`), as a build
    does.
    """

    path: str
    patterns: tuple[Pattern, ...]

    def explain(self, path: str) -> tuple[bool, int | None]:
        """Whether a path (relative to the context, POSIX) is kept out of the context, and the line that decides.

        The line is 1-based, None where no pattern matches. An excluded folder is still sent, empty of the rest, when
        something in it is kept.
        """
        parts = path.split("/")
        verdict = None
        for depth in range(1, len(parts) + 1):
            step = "/".join(parts[:depth])
            verdict = self.decide(step, verdict)
            if depth < len(parts) and verdict.excluded and not self.may_keep_below(step):
                break
        assert verdict is not None
        return verdict.excluded, verdict.line

    def decide(self, path: str, parent: Verdict | None = None) -> Verdict:
        """The verdict on a path, given that on the folder that holds it (None for the root of the context)."""
        excluded = False
        line = None
        matched: list[bool] = []
        for index, pattern in enumerate(self.patterns):
            match = (parent is not None and parent.matched[index]) or (
                pattern.negated == excluded and self._matches(pattern, path)
            )
            matched.append(match)
            if match and pattern.negated == excluded:
                excluded = not excluded
                line = pattern.line
        return Verdict(excluded, line, tuple(matched))

    def excludes_in(self, parent: Verdict | None) -> Test:
        """A test for the files of one folder, given the verdict on it: what `decide` says, and much faster."""
        steps = tuple(
            (negated, parent is not None and any(parent.matched[start:stop]), test)
            for negated, start, stop, test in self._runs
        )

        def excluded(path: str) -> bool:
            state = False
            for negated, inherited, matches in steps:
                if inherited or (negated == state and matches(path)):
                    state = not negated
            return state

        return excluded

    def may_keep_below(self, folder: str) -> bool:
        """Whether an exception can match inside an excluded folder: if not, BuildKit does not look into it."""
        exceptions = self._exceptions
        if exceptions is None:
            return True
        return any(f"{kept}/".startswith(f"{folder}/") for kept in exceptions)

    @cached_property
    def _exceptions(self) -> tuple[str, ...] | None:
        """The folders of the exceptions, or None where one of them can match anywhere."""
        folders = [pattern.folder for pattern in self.patterns if pattern.negated]
        known = tuple(folder for folder in folders if folder is not None)
        return known if len(known) == len(folders) else None

    @cached_property
    def _runs(self) -> tuple[tuple[bool, int, int, Test], ...]:
        """Neighbouring patterns of one kind, as (negated, start, stop, test for any of them)."""
        runs: list[tuple[bool, int, int, Test]] = []
        for negated, group in itertools.groupby(self.patterns, key=lambda pattern: pattern.negated):
            run = tuple(group)
            start = runs[-1][2] if runs else 0
            runs.append((negated, start, start + len(run), self._any_of(run)))
        return tuple(runs)

    def _any_of(self, patterns: tuple[Pattern, ...]) -> Test:
        matchers = [pattern.matcher for pattern in patterns if pattern.matcher is not None]
        if len(matchers) < len(patterns):
            return lambda path: any(self._matches(pattern, path) for pattern in patterns)
        return union(matchers).matches

    def _matches(self, pattern: Pattern, path: str) -> bool:
        if pattern.matcher is None:
            raise _refusal("syntax error in pattern", self.path, pattern.line)
        return pattern.matcher.matches(path)


NO_IGNORE_FILE = IgnoreFile(path="", patterns=())
"""For a context without a .dockerignore."""


@lru_cache(maxsize=128)
def parse(content: bytes, path: str = ".dockerignore") -> IgnoreFile:
    """Reads a .dockerignore as BuildKit does; `path` is only for messages.

    Raises IgnoreFileError, with the 1-based line, for a pattern that BuildKit refuses. The last files are remembered,
    with the expressions that they were compiled to: rules ask for the same few patterns again and again.
    """
    lines = content.removeprefix(BYTE_ORDER_MARK).split(b"\n")
    for number, line in enumerate(lines, start=1):
        if len(line) > LONGEST_LINE:
            raise _refusal("bufio.Scanner: token too long", path, number)
    found = (_read_line(line, path, number) for number, line in enumerate(lines, start=1))
    patterns = tuple(pattern for pattern in found if pattern is not None)
    if all(pattern.text.isascii() for pattern in patterns):
        # Patterns travel in a header, which the client encodes as a whole where a character of it is not ASCII.
        odd = next((pattern for pattern in patterns if CONTROL.search(pattern.text)), None)
        if odd is not None:
            column = _column(lines[odd.line - 1], CONTROL)
            raise _refusal(NOT_PRINTABLE, path, odd.line, column)
    return IgnoreFile(path, patterns)


def _read_line(line: bytes, path: str, number: int) -> Pattern | None:
    """The pattern of a line; None for a comment or an empty one."""
    if line.startswith(b"#"):
        return None
    text = line.decode("utf-8", "surrogateescape").strip(SPACE)
    if not text:
        return None
    exception = text.startswith("!")
    text = text.removeprefix("!").strip(SPACE) if exception else text
    if text:
        text = clean(text)
        text = text[1:] if text.startswith("/") and text != "/" else text
    # From here on as the matcher reads what it is given, which trims and cleans a second time and looks for `!` itself:
    # `/!x` is an exception too, and `!/` is none.
    text = clean(("!" + text if exception else text).strip(SPACE))
    negated = text.startswith("!")
    if text == "!":
        raise _refusal('illegal exclusion pattern: "!"', path, number, _column(line))
    text = text.removeprefix("!")
    if has_bad_syntax(text):
        raise _refusal("syntax error in pattern", path, number, _column(line))
    # Patterns travel as JSON, which has no undecodable bytes.
    return make_pattern(UNDECODABLE.sub("\ufffd", text), number, negated=negated)


def _column(line: bytes, wanted: re.Pattern[str] = re.compile("")) -> int:
    """The 1-based column of what is wanted of a pattern, by default of its beginning."""
    text = line.decode("utf-8", "surrogateescape").rstrip(SPACE)
    start = len(text) - len(text.lstrip(SPACE))
    found = wanted.search(text, start)
    return (found.start() if found else start) + 1


def _refusal(message: str, path: str, line: int, column: int | None = None) -> IgnoreFileError:
    hint = "BuildKit refuses this pattern; mend or remove the line"
    return IgnoreFileError(message, path=path, line=line, column=column, hint=hint)


def ignore_path(dockerfile: str, exists: Callable[[str], bool]) -> str | None:
    """The ignore file that a build with this Dockerfile uses, or None. Paths are relative to the build context.

    `<Dockerfile>.dockerignore` next to the Dockerfile replaces the one at the root of the context, also when empty.
    """
    return next((path for path in (f"{dockerfile}.dockerignore", ".dockerignore") if exists(path)), None)
