"""Whether the build changes a file of the context, after it was copied and before an install reads it."""

from __future__ import annotations

import posixpath

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.installs import install, program, unwrap
from wizard.dockerfile.script import Command
from wizard.dockerfile.shell import parse_run
from wizard.inspection.copies.placed import lands_at, lies_in
from wizard.inspection.steps import Reading

_ONLY_READ = frozenset(
    {"cat", "test", "[", "ls", "echo", "printf", "head", "tail", "wc", "grep", "diff", "cmp", "sha256sum", "md5sum",
     "chmod", "chown", "pip-audit", "safety"}
)  # fmt: skip


def changed_before(
    document: Document, stage: Stage, reading: Reading, image_path: str, copied: Instruction
) -> Instruction | None:
    """The first step between the copy and the install that may write the file: it names it, and is not known to only
    read it. What a program does with a file that no step names is not seen."""
    first = stage.instructions[0].index
    for instruction in stage.instructions[max(copied.index + 1 - first, 0) : reading.instruction.index + 1 - first]:
        if instruction.keyword in ("COPY", "ADD"):
            # Copies from the context are looked through already; the last of them counts.
            place = lands_at(document, stage, instruction)
            other = instruction.flag("from") or instruction.heredocs
            named = posixpath.basename(image_path) in instruction.argument
            if other and (place is None or place == image_path or (named and lies_in(image_path, place))):
                return instruction
        elif instruction.keyword == "RUN" and _may_write(document, instruction, reading, image_path):
            return instruction
    return None


def _may_write(document: Document, instruction: Instruction, reading: Reading, image_path: str) -> bool:
    name = posixpath.basename(image_path).encode()
    if name not in instruction.span.of(document.source):
        return False
    script = parse_run(document, instruction)
    if script.opaque is not None:
        return True
    end = reading.installs[-1].command.span.start if instruction is reading.instruction else script.span.end
    return any(
        name in command.span.of(document.source) and not _only_reads(command)
        for command in script.commands
        if command.span.start < end
    )


def _only_reads(command: Command) -> bool:
    if command.redirects:
        return False
    if command.kind != "command":
        return True
    _, words = unwrap(command)
    return not words or program(words[0]) in _ONLY_READ or install(command) is not None
