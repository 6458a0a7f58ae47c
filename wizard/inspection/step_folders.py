"""In which folder of the image the commands of a step work, with what `cd` changes of it."""

from __future__ import annotations

from dataclasses import replace

from wizard.dockerfile.document import Document, Stage
from wizard.dockerfile.folders import entered, folder_at
from wizard.dockerfile.script import Command
from wizard.dockerfile.state import State, environment
from wizard.inspection.copies.placed import lies_in, working_directory
from wizard.inspection.steps import Reading

_IN_EVERY_IMAGE = frozenset({"/", "/etc", "/home", "/opt", "/root", "/srv", "/tmp", "/usr", "/usr/local", "/usr/src",
                             "/var", "/var/tmp"})  # fmt: skip


def folder_of(document: Document, stage: Stage, reading: Reading, command: Command) -> str | None:
    """Where the relative paths of a command start, as `working_directory` has it; None where it is not worked out."""
    start = working_directory(document, stage, reading.instruction)
    if start is None or reading.script is None:
        return start
    return folder_at(reading.script, command, environment(document, stage, reading.instruction), start)


def state_of(document: Document, stage: Stage, reading: Reading, command: Command) -> State:
    """The state that a command runs in: that of its step, in the folder that `cd` led to."""
    state = environment(document, stage, reading.instruction)
    folder = folder_of(document, stage, reading, command)
    moved = folder is not None and folder != working_directory(document, stage, reading.instruction)
    return replace(state, workdir=folder) if moved else state


def needed_folders(document: Document, stage: Stage, reading: Reading) -> tuple[str, ...]:
    """The folders that `cd` commands of a step enter, without those that are there in any case."""
    start = working_directory(document, stage, reading.instruction)
    if start is None or reading.script is None:
        return ()
    state = environment(document, stage, reading.instruction)
    found = entered(reading.script, state, start)
    return tuple(f for f in found if f is not None and f not in _IN_EVERY_IMAGE and not lies_in(start, f))
