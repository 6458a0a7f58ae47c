"""Reads a Dockerfile exactly as BuildKit's parser does, keeping the place of every byte.

Source: BuildKit's frontend/dockerfile/parser and instructions packages (0.25, engine 28.5), and their verdicts on
the cases of tests/fixtures/parsing-cases.json.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

from wizard.dockerfile import arguments
from wizard.dockerfile.arguments import NotStrings, decode
from wizard.dockerfile.directives import check_options_refusal, detected, read_directive
from wizard.dockerfile.document import Comment, Directive, Document, Flag, Heredoc, Instruction, Span, Stage, Word
from wizard.dockerfile.errors import DockerfileError
from wizard.dockerfile.grammar import Refused, check_instruction, check_syntax
from wizard.dockerfile.heredocs import Header, headers
from wizard.dockerfile.lexer import LexError
from wizard.dockerfile.lines import LINE_LIMIT, LogicalLine, PhysicalLine, join, physical_lines, without_continuation
from wizard.dockerfile.references import check_document

_KEYWORD = re.compile(rb"[^\t\v\f\r ]*")
_KEYWORD_GAP = re.compile(rb"[\t\v\f\r ]*")
_LONGEST_MESSAGE = 500
"""Characters. BuildKit repeats a keyword of any length, such as a file of zeros is."""
_HEREDOC_KEYWORDS = frozenset({"RUN", "COPY", "ADD"})


@lru_cache(maxsize=16)
def parse(source: bytes, path: str = "Dockerfile") -> Document:
    """Read a Dockerfile.

    Raises DockerfileError, with line, column and BuildKit's words, where BuildKit would refuse the file before it
    runs anything. `path` is for messages. The last few files are remembered: a Document never changes, and every rule
    starts from the one that the rule before it left.
    """
    if not source:
        raise DockerfileError("the Dockerfile cannot be empty", path=path)
    try:
        with _without_collections():
            return _read(source, path)
    except Refused as refusal:
        line = source.count(b"\n", 0, refusal.offset) + 1
        column = len(source[source.rfind(b"\n", 0, refusal.offset) + 1 : refusal.offset].decode("utf-8", "replace")) + 1
        message = re.sub("[\ud800-\udfff]", "\ufffd", refusal.message)
        message = message if len(message) <= _LONGEST_MESSAGE else f"{message[:_LONGEST_MESSAGE]}…"
        hint = refusal.hint or ("it holds NUL bytes: is this a text file?" if b"\0" in source else None)
        raise DockerfileError(message, path=path, line=line, column=column, hint=hint) from None


def _read(source: bytes, path: str) -> Document:
    _check_options(source)
    scan = Scan(source)
    instructions = tuple(scan.instructions)
    if not instructions:
        raise Refused("file with no instructions", source.removesuffix(b"\n").rfind(b"\n") + 1)
    _check_instructions(instructions)
    document = Document(
        path, source, scan.escape, tuple(scan.directives), tuple(scan.comments), instructions,
        tuple(_stages(instructions)),
    )  # fmt: skip
    check_document(document)
    return document


@contextmanager
def _without_collections() -> Iterator[None]:
    """Holds cyclic garbage collection back: a scan makes many values and no cycles, and looking for some among half a
    million words takes as long as finding the words. Whoever finds it held back already leaves it so."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _check_options(source: bytes) -> None:
    found = detected(source, "check")
    if found and (message := check_options_refusal(found[1].partition(" ")[0])):
        raise Refused(message, found[0])


def _check_instructions(instructions: tuple[Instruction, ...]) -> None:
    """One after the other, as BuildKit does: the first fault of the file is the one that it reports."""
    in_stage = False
    for instruction in instructions:
        check_instruction(instruction)
        in_stage = in_stage or instruction.keyword == "FROM"
        if not in_stage and instruction.keyword != "ARG":
            raise Refused("no build stage in current context", instruction.keyword_span.start)
    if not in_stage:
        raise Refused("dockerfile contains no stages to build", instructions[-1].keyword_span.start)


class Scan:
    """One pass over the physical lines: what BuildKit splits a file into before it looks at any instruction."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.escape = "\\"
        self.directives: list[Directive] = []
        self.comments: list[Comment] = []
        self.instructions: list[Instruction] = []
        self.in_directives = True
        self.lines = self._lines()
        for line in self.lines:
            if self._directive(line):
                continue
            if line.is_comment:
                self.comments.append(_comment(line))
                continue
            self._instruction(line)

    def _lines(self) -> Iterator[PhysicalLine]:
        for line in physical_lines(self.source):
            long = line.span.end - line.span.start > LINE_LIMIT
            if long and len(line.span.of(self.source).removesuffix(b"\n")) > LINE_LIMIT:
                raise Refused(f"dockerfile line greater than max allowed size of {LINE_LIMIT}", line.span.start)
            yield line

    def _directive(self, line: PhysicalLine) -> bool:
        """Directives end at the first line that is none."""
        if not self.in_directives:
            return False
        directive = read_directive(line.text[line.indentation :])
        self.in_directives = directive is not None
        if directive is None:
            return False
        name, value = directive
        if any(known.name == name for known in self.directives):
            raise Refused(f"only one {name} parser directive can be used", line.span.start)
        if name == "escape":
            if value not in ("\\", "`"):
                raise Refused(f"invalid escape token '{value}' does not match ` or \\", line.span.start)
            self.escape = value
        self.directives.append(Directive(name, value, line.span, line.number))
        return True

    def _instruction(self, first: PhysicalLine) -> None:
        escape = self.escape.encode()
        indentation = first.indentation
        text, continued = without_continuation(first.text[indentation:], escape)
        if not text and not continued:
            return
        pieces = [(first.span.start + indentation, text)]
        comments: list[Comment] = []
        last = first
        while continued and (line := next(self.lines, None)):
            last = line
            if line.is_comment:
                comments.append(_comment(line))
            elif not line.is_blank:
                text, continued = without_continuation(line.text, escape)
                pieces.append((line.span.start, text))
        logical = join(pieces)
        build = _Builder(len(self.instructions), logical, escape, first, last, tuple(comments))
        instruction = build.instruction()
        check_syntax(instruction)
        heredocs = []
        for header in self._headers(instruction, logical):
            heredoc, last = self._heredoc(header, logical, instruction)
            heredocs.append(heredoc)
        self.instructions.append(_with_heredocs(instruction, tuple(heredocs), last) if heredocs else instruction)

    @staticmethod
    def _headers(instruction: Instruction, logical: LogicalLine) -> tuple[Header, ...]:
        command = instruction.trigger or instruction
        if command.keyword not in _HEREDOC_KEYWORDS or command.json is not None:
            return ()
        try:
            return headers(logical.text)
        except LexError as error:
            raise Refused(str(error), command.span.start) from None

    def _heredoc(self, header: Header, logical: LogicalLine, instruction: Instruction) -> tuple[Heredoc, PhysicalLine]:
        terminator = header.name.encode("utf-8", "surrogateescape")
        begin: int | None = None
        for line in self.lines:
            begin = line.span.start if begin is None else begin
            text = line.text.lstrip(b"\t") if header.strip_tabs else line.text
            if text == terminator:
                span = logical.span(header.start, header.end)
                expand = header.expand
                if (instruction.trigger or instruction).keyword == "RUN":
                    # The shell reads these, and to it a backslash quotes as well.
                    expand = expand and b"\\" not in span.of(self.source)
                body = Span(begin, line.span.start)
                return Heredoc(header.name, expand, header.strip_tabs, span, body, line.span), line
        raise Refused("unterminated heredoc", logical.offset(header.start))


class _Builder:
    """Makes an Instruction of a logical line, without its heredocs."""

    def __init__(
        self,
        index: int,
        line: LogicalLine,
        escape: bytes,
        first: PhysicalLine,
        last: PhysicalLine,
        comments: tuple[Comment, ...],
    ) -> None:
        self.index, self.line, self.escape, self.first, self.last = index, line, escape, first, last
        self.comments = comments

    def instruction(self, trigger_at: int | None = None) -> Instruction:
        """The instruction, or what the ONBUILD before `trigger_at` carries."""
        line, text = self.line, self.line.text
        start, end = arguments.trim(text, trigger_at or 0, len(text))
        found = _KEYWORD.match(text, start, end)
        keyword_end = found.end() if found else start
        written = decode(text[start:keyword_end])
        keyword = written.upper()
        gap = _KEYWORD_GAP.match(text, keyword_end, end)
        flags, at = arguments.take_flags(line, gap.end() if gap else keyword_end, end, self.escape[0])
        begin, end = arguments.trim(text, at, end)
        json, json_start = self._json(keyword, begin, end)
        has_trigger = keyword == "ONBUILD" and begin < end and trigger_at is None
        return Instruction(
            index=self.index,
            keyword=keyword,
            written=written,
            keyword_span=line.span(start, keyword_end),
            span=Span(self.first.span.start if trigger_at is None else line.offset(start), self.last.span.end),
            start_line=self.first.number,
            end_line=self.last.number,
            flags=flags,
            argument=decode(text[begin:end]),
            argument_span=line.span(begin, end) if begin < end else Span(*(self._behind(keyword_end, flags),) * 2),
            words=self._words(keyword, begin, end, json, json_start),
            json=json,
            heredocs=(),
            comments=self.comments,
            trigger=self.instruction(begin) if has_trigger else None,
        )

    def _behind(self, keyword_end: int, flags: tuple[Flag, ...]) -> int:
        """Where an argument would stand if there were one."""
        return flags[-1].span.end if flags else self.line.span(0, keyword_end).end

    def _json(self, keyword: str, begin: int, end: int) -> tuple[tuple[str, ...] | None, int]:
        """The strings of a JSON form, and where the array begins."""
        if keyword == "HEALTHCHECK":
            kind = re.compile(rb"[^\t\n\v\f\r \x85\xa0]*[\t\n\v\f\r \x85\xa0]*").match(self.line.text, begin, end)
            begin = kind.end() if kind else begin
        elif keyword not in arguments.JSON_FORMS:
            return None, begin
        try:
            return arguments.json_strings(self.line.text[begin:end]), begin
        except NotStrings:
            message = "when using JSON array syntax, arrays must be comprised of strings only"
            raise Refused(message, self.line.offset(begin)) from None

    def _words(
        self, keyword: str, begin: int, end: int, json: tuple[str, ...] | None, json_start: int
    ) -> tuple[Word, ...]:
        if keyword in arguments.ONE_WORD:
            whole = Word(decode(self.line.text[begin:end]), self.line.span(begin, end))
            return (whole,) if begin < end else ()
        pattern = arguments.split(keyword, json is not None, self.escape.decode())
        found = arguments.words(self.line, json_start if json is not None else begin, end, pattern)
        if json is not None and keyword == "HEALTHCHECK":
            return arguments.words(self.line, begin, json_start, arguments.split("VOLUME", False, "")) + found
        return found


def _with_heredocs(instruction: Instruction, heredocs: tuple[Heredoc, ...], last: PhysicalLine) -> Instruction:
    """The instruction, and what it carries, with the heredocs behind its logical line."""
    return replace(
        instruction,
        span=Span(instruction.span.start, last.span.end),
        end_line=last.number,
        heredocs=heredocs,
        trigger=_with_heredocs(instruction.trigger, heredocs, last) if instruction.trigger else None,
    )


def _comment(line: PhysicalLine) -> Comment:
    return Comment(decode(line.text[line.indentation + 1 :]).strip(), line.span, line.number)


def _stages(instructions: tuple[Instruction, ...]) -> Iterator[Stage]:
    starts = [instruction.index for instruction in instructions if instruction.keyword == "FROM"]
    for number, (start, end) in enumerate(pairwise([*starts, len(instructions)])):
        head = instructions[start]
        yield Stage(
            index=number,
            name=head.words[2].text if len(head.words) == 3 else None,
            base=head.words[0].text,
            platform=head.flag("platform") or None,
            instructions=instructions[start:end],
        )
