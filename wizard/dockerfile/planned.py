"""Which instructions a file is to hold once edits are made, told by the edits and not by the bytes they lead to.

An edit that swallows a neighbour (a heredoc that lost its end, a continuation too many) still gives a file that
BuildKit accepts; only the list of the instructions betrays it. So every changed instruction and every new line is read
by itself here, all others are taken as they were, and `splice` compares that list with what it reads in the result.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from wizard.dockerfile.document import Document, Instruction, Reading, Span
from wizard.dockerfile.errors import EditConflict
from wizard.dockerfile.grammar import Refused
from wizard.dockerfile.scanner import Scan


class PlannedEdit(Protocol):
    """What this module asks of an edit: see `wizard.dockerfile.editing.Edit`."""

    @property
    def span(self) -> Span: ...
    @property
    def text(self) -> str: ...
    @property
    def inserts(self) -> str: ...
    @property
    def removes(self) -> int | None: ...


class Difference(NamedTuple):
    """The first place where a file does not hold what was planned."""

    planned: str
    """The keyword that was to stand there; "" past the end."""
    found: str
    line: int | None
    """1-based line of what stands there instead; None past the end."""

    def __str__(self) -> str:
        if self.planned == self.found:
            return f"another {self.found} than planned"
        return f"{self.found or 'nothing'} where {self.planned or 'nothing'} was planned"


def reading_of(source: bytes, instruction: Instruction) -> Reading:
    """What an instruction says, without where it stands."""
    return Reading(
        instruction.keyword,
        tuple((flag.name, flag.value) for flag in instruction.flags),
        instruction.argument,
        tuple((h.name, h.expand, h.strip_tabs, h.body.of(source)) for h in instruction.heredocs),
    )


def readings(document: Document) -> tuple[Reading, ...]:
    """What the instructions of a file say, in order."""
    return tuple(reading_of(document.source, instruction) for instruction in document.instructions)


def plan_of(document: Document, edits: Sequence[PlannedEdit]) -> tuple[Reading, ...]:
    """The instructions that the edits mean to leave.

    An edit changes the one instruction that it lies in, unless it says what it `inserts` (before the first instruction
    that starts at or behind it) or `removes`. Raises EditConflict for an edit that reaches into a second instruction,
    and for one that leaves no instruction or several where one was.
    """
    removed = {edit.removes for edit in edits if edit.removes is not None}
    inserted = [edit for edit in edits if edit.inserts]
    inside: dict[int, list[PlannedEdit]] = {}
    for edit in edits:
        if edit.removes is None and not edit.inserts:
            for instruction in _touched(document, edit.span):
                inside.setdefault(instruction.index, []).append(edit)
    planned: list[Reading] = []
    for instruction in document.instructions:
        at = instruction.span.start
        above = document.instructions[instruction.index - 1].span.start if instruction.index else -1
        planned += _inserted(document, (e for e in inserted if above < e.span.start <= at))
        if instruction.index in inside and instruction.index not in removed:
            planned.append(_changed(document, instruction, inside[instruction.index]))
        elif instruction.index not in removed:
            planned.append(reading_of(document.source, instruction))
    last = document.instructions[-1].span.start
    planned += _inserted(document, (e for e in inserted if e.span.start > last))
    return tuple(planned)


def difference(planned: Sequence[Reading], document: Document) -> Difference | None:
    """Where a file holds something else than planned; None where it holds exactly that."""
    found = readings(document)
    for index in range(max(len(planned), len(found))):
        expected = planned[index] if index < len(planned) else None
        actual = found[index] if index < len(found) else None
        if expected != actual:
            line = document.instructions[index].start_line if actual else None
            return Difference(expected.keyword if expected else "", actual.keyword if actual else "", line)
    return None


def _touched(document: Document, span: Span) -> Iterator[Instruction]:
    """The instruction that an edit changes; none for an edit of comments and blank lines."""
    instructions = document.instructions
    first = bisect_right(instructions, span.start, key=lambda instruction: instruction.span.end)
    behind = bisect_left(instructions, max(span.end, span.start + 1), key=lambda instruction: instruction.span.start)
    touched = instructions[first:behind]
    last = instructions[-1]
    if not touched and span.start == last.span.end and not document.source.endswith(b"\n", 0, last.span.end):
        touched = (last,)
    if len(touched) > 1:
        raise EditConflict("an edit reaches into a second instruction", path=document.path, line=touched[1].start_line)
    return iter(touched)


def _inserted(document: Document, edits: Iterable[PlannedEdit]) -> Iterator[Reading]:
    for edit in sorted(edits, key=lambda edit: (edit.span.start, edit.span.end)):
        yield from read_alone(document, edit.inserts.encode("utf-8", "surrogateescape"))


def _changed(document: Document, instruction: Instruction, edits: list[PlannedEdit]) -> Reading:
    """The instruction with its edits, read without anything around it."""
    pieces: list[bytes] = []
    at = instruction.span.start
    for edit in sorted(edits, key=lambda edit: (edit.span.start, edit.span.end)):
        pieces += (document.source[at : edit.span.start], edit.text.encode("utf-8", "surrogateescape"))
        at = max(at, edit.span.end)
    pieces.append(document.source[at : instruction.span.end])
    found = read_alone(document, b"".join(pieces), instruction)
    if len(found) != 1:
        what = "leaves nothing of an instruction" if not found else "makes several instructions of one"
        raise EditConflict(f"an edit {what}", path=document.path, line=instruction.start_line)
    return found[0]


def read_alone(document: Document, text: bytes, instruction: Instruction | None = None) -> list[Reading]:
    """Lines read as a file of their own, with the escape character of the document.

    Raises EditConflict, at the line of the `instruction` that they come from, where that cannot be done.
    """
    source = b"# escape=" + document.escape.encode() + b"\n\n" + text
    try:
        return [reading_of(source, one) for one in Scan(source).instructions]
    except Refused as refusal:
        line = instruction.start_line if instruction else None
        raise EditConflict(
            f"an edit leaves what cannot be read: {refusal.message}", path=document.path, line=line
        ) from None
