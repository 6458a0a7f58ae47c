"""The values that a Dockerfile is read into: bytes with spans.

Offsets count bytes of the file; lines are 1-based, as BuildKit numbers them. Nothing here changes a byte:
`wizard.dockerfile.editing` makes new documents out of old ones.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple


class Span(NamedTuple):
    """Bytes `start` up to but not including `end` of the file."""

    start: int
    end: int

    def of(self, source: bytes) -> bytes:
        return source[self.start : self.end]


class Directive(NamedTuple):
    """A parser directive in the head of the file: `# syntax=…`, `# escape=…`, `# check=…`."""

    name: str
    """Lower case."""
    value: str
    span: Span
    """The whole physical line with its line end."""
    line: int


class Comment(NamedTuple):
    """A comment line, between instructions or inside a continued one."""

    text: str
    """Without the `#` and surrounding blanks."""
    span: Span
    """The whole physical line with its line end."""
    line: int


class Flag(NamedTuple):
    """`--name=value` (or `--name`) in front of the arguments of an instruction."""

    name: str
    """Without the dashes, lower case as written."""
    value: str | None
    span: Span


class Word(NamedTuple):
    """One blank-separated word of an instruction's arguments, quotes and escapes as written."""

    text: str
    """Continuations inside the word spliced out."""
    span: Span


class Heredoc(NamedTuple):
    """A heredoc of RUN, COPY or ADD."""

    name: str
    expand: bool
    """False where the name is quoted."""
    strip_tabs: bool
    """`<<-`"""
    header: Span
    """The `<<NAME` word."""
    body: Span
    """The body's lines, without the terminator line."""
    terminator: Span
    """The terminator line with its line end."""


@dataclass(frozen=True, slots=True, eq=False)
class Instruction:
    """One instruction, as BuildKit's parser delimits it. Each equals itself alone, as its document does."""

    index: int
    """Position among the instructions of the file, from 0."""
    keyword: str
    """Upper case, whatever the file has."""
    written: str
    """The keyword as the file has it."""
    keyword_span: Span
    span: Span
    """Whole physical lines: from the indentation of the first to the line end of the last, heredoc bodies included."""
    start_line: int
    end_line: int
    flags: tuple[Flag, ...]
    argument: str
    """What follows keyword and flags: continuations spliced, comment lines dropped, trimmed, no heredoc bodies."""
    argument_span: Span
    """First to last byte of the argument, with the continuation lines and comments between, without heredoc bodies."""
    words: tuple[Word, ...]
    json: tuple[str, ...] | None
    """The strings of a JSON form, None for the shell form."""
    heredocs: tuple[Heredoc, ...]
    comments: tuple[Comment, ...]
    """Comment lines inside the continued instruction."""
    trigger: Instruction | None
    """What an ONBUILD carries (spans in the same file), else None."""

    def flag(self, name: str) -> str | None:
        """The value of the first flag of that name; None where it is absent or has no value."""
        return next((flag.value for flag in self.flags if flag.name == name), None)


class Reading(NamedTuple):
    """What an instruction says, without where it stands: what two files are compared by."""

    keyword: str
    flags: tuple[tuple[str, str | None], ...]
    argument: str
    heredocs: tuple[tuple[str, bool, bool, bytes], ...]
    """Name, whether it is expanded, whether tabs are stripped, and the body."""


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """One build stage: a FROM and what follows it. Each equals itself alone, as its document does."""

    index: int
    name: str | None
    """As written after AS; look-ups ignore its case."""
    base: str
    """The image or stage as written, variables not expanded."""
    platform: str | None
    instructions: tuple[Instruction, ...]
    """FROM first."""

    @property
    def start_line(self) -> int:
        return self.instructions[0].start_line

    @property
    def end_line(self) -> int:
        return self.instructions[-1].end_line

    @property
    def buildkit_name(self) -> str:
        """What BuildKit calls it in step names: lower case, `stage-N` where it has no name."""
        return self.name.lower() if self.name else f"stage-{self.index}"


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A Dockerfile that BuildKit's parser accepts. Each equals itself alone: what is read out of it is kept for it."""

    path: str
    """For messages."""
    source: bytes
    escape: str
    """`\\` or a backtick."""
    directives: tuple[Directive, ...]
    comments: tuple[Comment, ...]
    """Comment lines between instructions."""
    instructions: tuple[Instruction, ...]
    """All, in file order; ARG lines before the first FROM included."""
    stages: tuple[Stage, ...]
    planned: tuple[Reading, ...] | None = None
    """What the edits that made this document meant its instructions to be; None for one that was read."""

    @property
    def newline(self) -> str:
        """The line end that most lines have."""
        crlf = self.source.count(b"\r\n")
        return "\r\n" if crlf * 2 > self.source.count(b"\n") else "\n"

    def syntax(self) -> str | None:
        """The frontend image of a `# syntax=` line, None where the engine's own frontend reads the file."""
        # The values are what reading is built upon; this one asks the head of the file again.
        from wizard.dockerfile.directives import detected

        found = detected(self.source, "syntax")
        return None if found is None else found[1].partition(" ")[0]

    def global_arguments(self) -> Iterator[Instruction]:
        """The ARG instructions before the first FROM: seen in FROM lines only."""
        first = self.stages[0].instructions[0].index if self.stages else len(self.instructions)
        return iter(self.instructions[:first])

    def stage_of(self, instruction: Instruction) -> Stage | None:
        """The stage that an instruction belongs to; None for one before the first FROM."""
        number = bisect_right(self.stages, instruction.index, key=lambda stage: stage.instructions[0].index) - 1
        return self.stages[number] if number >= 0 else None
