"""Edits of a Dockerfile as replacements of spans; all other bytes stay as they are.

Every function returns edits of the document it was given. `splice` applies any number of them at once, so edits of
one document compose as long as they touch different bytes. Text may hold any bytes (lone surrogates stand for those
that are not UTF-8). An edit that adds or takes away whole instructions says so (`inserts`, `removes`): `splice` holds
the result to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace as changed
from typing import NamedTuple

from wizard.dockerfile.arguments import decode
from wizard.dockerfile.blanking import blank_span
from wizard.dockerfile.document import Document, Flag, Instruction, Reading, Span
from wizard.dockerfile.errors import EditConflict
from wizard.dockerfile.lines import BYTE_ORDER_MARK
from wizard.dockerfile.planned import difference, plan_of, read_alone
from wizard.dockerfile.scanner import parse
from wizard.dockerfile.style import LINE_WIDTH, style_of


class Edit(NamedTuple):
    """The bytes of `span` become `text`. Unless it says otherwise, it changes the one instruction that it lies in."""

    span: Span
    text: str
    inserts: str = ""
    """The new instructions among `text`, as whole lines."""
    removes: int | None = None
    """Index of the instruction that goes as a whole."""


def splice(document: Document, edits: Iterable[Edit]) -> Document:
    """The document with all edits applied, read anew; it knows the instructions that were `planned`.

    Raises EditConflict where two of them overlap, or where the result holds other instructions or parser directives
    than the edits mean to leave; DockerfileError where BuildKit would refuse the result. Insertions at one place come
    in the order given.
    """
    edits = tuple(edits)
    pieces: list[bytes] = []
    at = 0
    for edit in sorted(edits, key=lambda edit: (edit.span.start, edit.span.end)):
        if edit.span.start < at:
            line = document.source.count(b"\n", 0, edit.span.start) + 1
            raise EditConflict("two edits change the same words", path=document.path, line=line)
        pieces += (document.source[at : edit.span.start], edit.text.encode("utf-8", "surrogateescape"))
        at = edit.span.end
    pieces.append(document.source[at:])
    return _held_to(plan_of(document, edits), document, b"".join(pieces))


def assemble(document: Document, pieces: Iterable[str]) -> Document:
    """A new file in place of a document, out of whole lines; it knows the instructions that were `planned`.

    Every piece is read by itself too, so none of them can swallow the next. Raises as `splice` does.
    """
    encoded = [piece.encode("utf-8", "surrogateescape") for piece in pieces]
    planned = tuple(
        reading for piece in encoded for reading in read_alone(document, piece.removeprefix(BYTE_ORDER_MARK))
    )
    return _held_to(planned, document, b"".join(encoded))


def _held_to(planned: tuple[Reading, ...], document: Document, source: bytes) -> Document:
    result = parse(source, document.path)
    wrong = difference(planned, result)
    if wrong is not None:
        raise EditConflict(f"the edited file would read otherwise: {wrong}", path=document.path)
    if [(d.name, d.value) for d in result.directives] != [(d.name, d.value) for d in document.directives]:
        raise EditConflict("an edit changes the parser directives", path=document.path)
    return changed(result, planned=planned)


def block(document: Document, instruction: Instruction) -> Span:
    """The comment lines directly above an instruction and the instruction: what moves together."""
    start = instruction.span.start
    for comment in reversed(document.comments):
        if comment.span.end == start:
            start = comment.span.start
    return Span(start, instruction.span.end)


def block_text(document: Document, instruction: Instruction) -> str:
    """That block as text for another place, as whole lines; with a blank line above it where it has one."""
    span = block(document, instruction)
    text = decode(span.of(document.source))
    apart = document.source[: span.start].endswith((b"\n\n", b"\r\n\r\n"))
    return ("\n" if apart else "") + text + ("" if text.endswith("\n") else "\n")


def insert_before(document: Document, instruction: Instruction, text: str) -> Edit:
    """New lines above an instruction and its comments."""
    at = block(document, instruction).start
    return Edit(Span(at, at), _lines(document, text, at), inserts=text)


def insert_after(document: Document, instruction: Instruction, text: str) -> Edit:
    """New lines below an instruction."""
    tail = _dangling_tail(document, instruction)
    if tail is not None:
        return Edit(tail, _closed(document, tail) + _lines(document, text, instruction.span.start), inserts=text)
    end = instruction.span.end
    lines = _lines(document, text, instruction.span.start)
    if document.source[:end].endswith(b"\n"):
        return Edit(Span(end, end), lines, inserts=text)
    newline = newline_at(document, instruction.span.start)
    return Edit(Span(end, end), newline + lines.removesuffix(newline), inserts=text)


def delete(document: Document, instruction: Instruction, first: Instruction | None = None) -> Edit:
    """Takes an instruction away, with the comments directly above it and one of two blank lines around it: around all
    of them, where everything from `first` on goes."""
    span = block(document, instruction)
    source = document.source
    before = source[: block(document, first or instruction).start]
    above = before.rstrip(b" \t").endswith((b"\n\n", b"\n\r\n")) or not before.strip()
    below = re.compile(rb"[ \t]*\r?\n").match(source, span.end)
    end = below.end() if above and below else span.end
    return Edit(Span(span.start, end), "", removes=instruction.index)


def move(
    document: Document,
    instruction: Instruction,
    *,
    before: Instruction | None = None,
    after: Instruction | None = None,
) -> tuple[Edit, ...]:
    """Moves an instruction with the comments above it directly before or after another one."""
    if _dangling_tail(document, instruction) is not None:
        raise EditConflict("an instruction that ends in a continuation cannot move", line=instruction.start_line)
    text = decode(block(document, instruction).of(document.source))
    if before is not None:
        there = insert_before(document, before, text)
    elif after is not None:
        there = insert_after(document, after, text)
    else:
        raise TypeError("move() needs before or after")
    if instruction.heredocs and text.rstrip("\r\n") not in there.text:
        raise EditConflict("a heredoc cannot move to where lines end otherwise", line=instruction.start_line)
    return delete(document, instruction), there


def replace(instruction: Instruction, text: str) -> Edit:
    """A new argument for an instruction; keyword and flags stay. Comments between its lines go."""
    return Edit(instruction.argument_span, text)


def set_flag(document: Document, instruction: Instruction, name: str, value: str | None) -> Edit:
    """`--name=value`, in place of the first flag of that name or as a new one."""
    text = f"--{name}" if value is None else f"--{name}={value}"
    present = next((flag for flag in instruction.flags if flag.name == name), None)
    return Edit(present.span, text) if present else add_flags(document, instruction, (text,))


def add_flags(document: Document, instruction: Instruction, flags: Sequence[str]) -> Edit:
    """New flags behind those that are there; on lines of their own where the instruction has several, or is long."""
    style = style_of(document)
    at = instruction.flags[-1].span.end if instruction.flags else instruction.keyword_span.end
    gap = re.compile(rb"[ \t]*").match(document.source, at)
    end = gap.end() if gap else at
    if end < instruction.argument_span.start or not instruction.argument:
        # What follows stands on another line already.
        return Edit(Span(at, at), "".join(f" {flag}" if n == 0 else f"{style.break_line}{flag}"
                                          for n, flag in enumerate(flags)))  # fmt: skip
    line_start = document.source.rfind(b"\n", 0, at) + 1
    one_line = [decode(document.source[line_start:at]), *flags, instruction.argument]
    lines = instruction.argument_span.of(document.source).count(b"\n")
    is_run = instruction.keyword == "RUN"
    broken = is_run and (lines or len(" ".join(one_line)) > LINE_WIDTH or len(flags) + len(instruction.flags) > 1)
    between = style.break_line if broken else " "
    lead = between if instruction.flags else " "
    return Edit(Span(at, end), lead + between.join(flags) + between)


def remove_flag(document: Document, instruction: Instruction, flag: Flag) -> Edit:
    """Takes a flag away, and its line where it has one of its own."""
    return remove_span(document, instruction, flag.span)


def remove_spans(document: Document, instruction: Instruction, spans: Iterable[Span]) -> tuple[Edit, ...]:
    """Takes words of an instruction away; words that stand side by side go in one edit."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        if merged and not blank_span(document.source, Span(merged[-1].end, span.start), document.escape).strip():
            merged[-1] = Span(merged[-1].start, span.end)
        else:
            merged.append(span)
    return tuple(remove_span(document, instruction, span) for span in merged)


def remove_span(document: Document, instruction: Instruction, span: Span) -> Edit:
    """Takes words of an instruction away with the blanks that set them off.

    Words that have lines of their own go with these lines and the comment lines directly above; where they were the
    last, the continuation before them goes too.
    """
    source = document.source
    line_start = max(source.rfind(b"\n", 0, span.start) + 1, instruction.span.start)
    newline = source.find(b"\n", span.end)
    line_end = newline + 1 if newline >= 0 else len(source)
    content_end = span.end + len(source[span.end : line_end].rstrip(b"\r\n"))
    after = source[span.end : content_end].strip()
    if (
        after.startswith(b"#")
        and not source[line_start : span.start].strip()
        and span.end < instruction.argument_span.end
    ):
        # A comment of the shell, up to the end of the instruction. Alone on its line it would be one of the file, and
        # what follows that line would be a part of the instruction.
        return Edit(Span(_before_line(document, instruction, line_start)[0], span.end), "")
    if source[line_start : span.start].strip():
        if after and after != document.escape.encode():
            return Edit(Span(span.start, _skip_blanks(source, span.end)), "")
        start = line_start + len(source[line_start : span.start].rstrip())
        return Edit(Span(start, span.end), "")
    if after and after != document.escape.encode():
        return Edit(Span(span.start, _skip_blanks(source, span.end)), "")
    first = line_start
    for comment in reversed(instruction.comments):
        if comment.span.end == first:
            first = comment.span.start
    if after:
        return Edit(Span(first, line_end), "")
    previous_end, kept = _before_line(document, instruction, first)
    text = decode(kept).rstrip("\r\n")
    return Edit(Span(previous_end, content_end), f"{newline_at(document, first)}{text}" if text else "")


def _before_line(document: Document, instruction: Instruction, line_start: int) -> tuple[int, bytes]:
    """Where the words before a line end, and the comment and blank lines between them and it."""
    source = document.source
    start = instruction.keyword_span.start
    text = blank_span(source, Span(start, line_start), document.escape).rstrip()
    end = start + len(text)
    newline = source.find(b"\n", end, line_start)
    return end, source[newline + 1 : line_start] if newline >= 0 else b""


def _skip_blanks(source: bytes, at: int) -> int:
    while source[at : at + 1] in (b" ", b"\t"):
        at += 1
    return at


def newline_at(document: Document, offset: int) -> str:
    """The line end of the line that holds an offset, or of the one before it, or the file's usual one."""
    end = document.source.find(b"\n", offset)
    end = document.source.rfind(b"\n") if end < 0 else end
    if end < 0:
        return document.newline
    return "\r\n" if document.source[:end].endswith(b"\r") else "\n"


def _lines(document: Document, text: str, beside: int) -> str:
    """Whole lines with the line ends of a line beside them."""
    newline = newline_at(document, beside)
    return re.sub(r"\r?\n", lambda _: newline, text.removesuffix("\n").removesuffix("\r")) + newline


def _dangling_tail(document: Document, instruction: Instruction) -> Span | None:
    """What stands behind the argument of an instruction that ends in a continuation at the end of the file."""
    if instruction.heredocs:
        return None
    end = max(instruction.argument_span.end, instruction.keyword_span.end)
    tail = Span(end, instruction.span.end)
    first = tail.of(document.source).split(b"\n")[0]
    return tail if first.strip() == document.escape.encode() else None


def _closed(document: Document, tail: Span) -> str:
    """That tail without its continuations, ending in a line end."""
    lines = decode(tail.of(document.source)).splitlines(keepends=True)
    kept = [
        line if line.lstrip().startswith("#") else line.replace(document.escape, "").lstrip(" \t") for line in lines
    ]
    text = "".join(kept)
    return text if text.endswith("\n") else text + document.newline
