"""Whether the build changes a file of the context, after it was copied and before an install reads it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from functools import lru_cache

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
    for instruction in _writers(document, stage, image_path):
        if copied.index < instruction.index < reading.instruction.index:
            return instruction
    here = reading.instruction
    end = reading.installs[-1].command.span.start
    return here if here.keyword == "RUN" and _may_write(document, here, image_path, end) else None


@lru_cache(maxsize=256)
def _writers(document: Document, stage: Stage, image_path: str) -> tuple[Instruction, ...]:
    """The steps of a stage that may write the file. Kept: every install asks for the same few files."""
    return tuple(_writing(document, stage, image_path))


def _writing(document: Document, stage: Stage, image_path: str) -> Iterator[Instruction]:
    name = posixpath.basename(image_path)
    for instruction in stage.instructions:
        if instruction.keyword in ("COPY", "ADD"):
            # Copies from the context are looked through already; the last of them counts.
            if not (instruction.flag("from") or instruction.heredocs):
                continue
            place = lands_at(document, stage, instruction)
            if place is None or place == image_path or (name in instruction.argument and lies_in(image_path, place)):
                yield instruction
        elif instruction.keyword == "RUN" and _may_write(document, instruction, image_path, None):
            yield instruction


def _may_write(document: Document, instruction: Instruction, image_path: str, end: int | None) -> bool:
    """Whether a command of a RUN may write the file, before the byte `end` of the Dockerfile where one is given."""
    name = posixpath.basename(image_path).encode()
    if name not in instruction.span.of(document.source):
        return False
    script = parse_run(document, instruction)
    return script.opaque is not None or any(
        name in command.span.of(document.source) and not _only_reads(command)
        for command in script.commands
        if end is None or command.span.start < end
    )


def _only_reads(command: Command) -> bool:
    if command.redirects:
        return False
    if command.kind != "command":
        return True
    _, words = unwrap(command)
    return not words or program(words[0]) in _ONLY_READ or install(command) is not None
