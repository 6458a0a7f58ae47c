"""An install of a project divided in two: what the project depends on first, the project itself below its sources."""

from __future__ import annotations

from collections.abc import Sequence

from wizard.dockerfile.arguments import decode
from wizard.dockerfile.document import Document, Instruction
from wizard.dockerfile.editing import Edit
from wizard.dockerfile.run_editing import remove_commands
from wizard.inspection.steps import Reading

_FOR_THE_STEP = frozenset({"set", "export", ":", "true", "umask"})
"""Commands that count for those after them in the same step only."""


def with_edits(document: Document, instruction: Instruction, edits: Sequence[Edit]) -> str:
    """A second version of an instruction, with these edits of it; without a line end."""
    pieces: list[str] = []
    at = instruction.span.start
    for edit in sorted(edits, key=lambda edit: edit.span.start):
        pieces += (decode(document.source[at : edit.span.start]), edit.text)
        at = edit.span.end
    return "".join((*pieces, decode(document.source[at : instruction.span.end]))).rstrip("\r\n")


def without_what_stays(document: Document, reading: Reading, apart: Sequence[Edit]) -> tuple[Edit, ...]:
    """Takes out of the lower step what stands before its first project install: the step above has done it.

    Raises EditConflict where the rest would mean something else.
    """
    if reading.script is None:
        return ()
    first = min(edit.span.start for edit in apart)
    before = [command for command in reading.script.top if command.span.end < first]
    done = [command for command in before if command.name not in _FOR_THE_STEP and command.kind == "command"]
    return remove_commands(document, reading.script, done)
