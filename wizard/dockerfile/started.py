"""What a container of a stage starts: CMD and ENTRYPOINT as they end up in the image.

Source: BuildKit's frontend/dockerfile/dockerfile2llb (`dispatchCmd`, `dispatchEntrypoint`), tried on engine 28.5: an
ENTRYPOINT drops a CMD that comes from below the stage, one of the same stage stays.
"""

from __future__ import annotations

from dataclasses import dataclass

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.expansion import expanded_base
from wizard.dockerfile.stages import lineage, triggers
from wizard.dockerfile.state import environment

_DEFAULT_SHELL = ("/bin/sh", "-c")


@dataclass(frozen=True, slots=True)
class Started:
    """The two lists of words. None: as the base image has it; empty: there is none."""

    entrypoint: tuple[str, ...] | None
    cmd: tuple[str, ...] | None


def started(document: Document, stage: Stage) -> Started:
    """What a container of this stage starts. A shell form comes with the shell in force."""
    chain = lineage(document, stage)
    scratch = expanded_base(document, chain[0]) == "scratch"
    result = Started((), ()) if scratch else Started(None, None)
    below: Stage | None = None
    for one in chain:
        cmd_here = False
        for instruction in (*triggers(document, below), *one.instructions):
            if instruction.keyword == "CMD":
                result = Started(result.entrypoint, _words(document, one, instruction))
                cmd_here = True
            elif instruction.keyword == "ENTRYPOINT":
                result = Started(_words(document, one, instruction), result.cmd if cmd_here else ())
        below = one
    return result


def _words(document: Document, stage: Stage, instruction: Instruction) -> tuple[str, ...]:
    if instruction.json is not None:
        return instruction.json
    own = instruction in stage.instructions
    state = environment(
        document, stage, instruction if own else stage.instructions[min(1, len(stage.instructions) - 1)]
    )
    return (*(state.shell or _DEFAULT_SHELL), instruction.argument)
