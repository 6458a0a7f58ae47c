"""Who reads what a step leaves in a cache folder, and would not find it where a cache mount stands in."""

from __future__ import annotations

import posixpath
from functools import lru_cache

from wizard.dockerfile.cleaning import cleans
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.installs import installs, program, unwrap
from wizard.dockerfile.script import Command
from wizard.dockerfile.shell import parse_run
from wizard.dockerfile.sources import operands
from wizard.dockerfile.stages import lineage, mount_options, references, source_stage
from wizard.dockerfile.state import State, environment
from wizard.inspection.copies.placed import lies_in

_READS_NOTHING = frozenset({"rm", "rmdir", "unlink", "mkdir", "install", "chmod", "chown", "echo", "printf"})
_REMOVING = frozenset({"-delete", "rm"})


def reader_of(document: Document, stage: Stage, instruction: Instruction, folder: str) -> Instruction | None:
    """A command of this step or of a later one that names the folder, or a copy or mount of it out of the stage."""
    return next(
        (
            reader
            for reader, stages in _readers(document, folder)
            if reader.index >= instruction.index and stage.index in stages
        ),
        None,
    )


@lru_cache(maxsize=16)
def _readers(document: Document, folder: str) -> tuple[tuple[Instruction, frozenset[int]], ...]:
    """All that read the folder, in file order, each with the numbers of the stages whose folder it may be.

    Kept: it is asked for each step that fills the folder.
    """
    found = []
    for stage in document.stages:
        for instruction in stage.instructions:
            seen_from = [stage] if _names(document, instruction, folder) else []
            sources = [source_stage(document, instruction, reference) for reference in references(instruction)]
            state = environment(document, stage, instruction)
            takes = any(sources) and (
                _takes(instruction, state, folder) or _takes_home(document, stage, instruction, folder)
            )
            if takes:
                seen_from += [source for source in sources if source is not None]
            if seen_from:
                numbers = {below.index for one in seen_from for below in lineage(document, one)}
                found.append((instruction, frozenset(numbers)))
    return tuple(found)


def _names(document: Document, instruction: Instruction, folder: str) -> bool:
    if instruction.keyword != "RUN":
        return False
    script = parse_run(document, instruction)
    if script.opaque is not None:
        return folder in instruction.argument
    return any(uses(command, folder) for command in script.commands)


def uses(command: Command, folder: str) -> bool:
    """Whether a command names the folder or something in it, and does more than to make or to empty it."""
    # First, because nearly no command names it.
    if not any(folder in word.text for word in command.words):
        return False
    _, words = unwrap(command)
    if not words or cleans(command) is not None or program(words[0]) in _READS_NOTHING:
        return False
    texts = [word.text for word in words[1:]]
    removes = program(words[0]) == "find" and bool(_REMOVING & set(texts))
    return not removes and any(f"{folder}/" in f"{text.rstrip('/')}/" for text in texts)


def _takes(instruction: Instruction, state: State, folder: str) -> bool:
    """Whether a COPY or a mount of another stage names the folder, something in it, or the folder right above it.

    Who copies more than that (all of /root, all of /var) does not ask for caches.
    """
    if instruction.keyword == "COPY":
        written = list(operands(instruction)[:-1])
    else:
        mounts = [mount_options(flag.value or "") for flag in instruction.flags if flag.name == "mount"]
        written = [mount.get("source") or mount.get("src") or "/" for mount in mounts if mount.get("from")]
    paths = (posixpath.normpath(f"/{(state.expand(path) or path).lstrip('/')}") for path in written)
    return any(path == posixpath.dirname(folder) or lies_in(path, folder) for path in paths)


def _takes_home(document: Document, stage: Stage, instruction: Instruction, folder: str) -> bool:
    """Whether a COPY takes the home whole to the same place, for installs that follow: they may count on its caches."""
    home = posixpath.dirname(posixpath.dirname(folder))
    if instruction.keyword != "COPY" or not all(posixpath.normpath(word) == home for word in operands(instruction)):
        return False
    later = (run for run in stage.instructions if run.keyword == "RUN" and run.index > instruction.index)
    return any(installs(parse_run(document, run)) for run in later)
