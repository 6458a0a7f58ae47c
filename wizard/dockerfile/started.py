"""What a container of a stage starts: CMD, ENTRYPOINT and HEALTHCHECK as they end up in the image.

Source: BuildKit's frontend/dockerfile/dockerfile2llb (`dispatchCmd`, `dispatchEntrypoint`), tried on engine 28.5: an
ENTRYPOINT drops a CMD that comes from below the stage, one of the same stage stays.
"""

from __future__ import annotations

from dataclasses import dataclass

from wizard.dockerfile.arguments import split_probe
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
    found = _in_force(document, stage)
    scratch = expanded_base(document, lineage(document, stage)[0]) == "scratch"

    def words(keyword: str) -> tuple[str, ...] | None:
        if keyword not in found:
            return () if scratch else None
        place = found[keyword]
        return () if place is None else _words(document, *place)

    return Started(words("ENTRYPOINT"), words("CMD"))


def starting(document: Document, stage: Stage) -> tuple[Instruction, ...]:
    """The CMD, ENTRYPOINT and HEALTHCHECK that a container of this stage runs, of this file, in its order; for one
    that an ONBUILD left, what it carries."""
    places = (place for place in _in_force(document, stage).values() if place is not None)
    return tuple(sorted((instruction for _, instruction in places), key=lambda instruction: instruction.index))


def _in_force(document: Document, stage: Stage) -> dict[str, tuple[Stage, Instruction] | None]:
    """By keyword: the instruction that counts, and the stage that it stands in or is triggered in.

    None for what was taken away again; nothing for what is left to the base image.
    """
    found: dict[str, tuple[Stage, Instruction] | None] = {}
    below: Stage | None = None
    for one in lineage(document, stage):
        cmd_here = False
        for instruction in (*triggers(document, below), *one.instructions):
            keyword = instruction.keyword
            if keyword == "HEALTHCHECK":
                found[keyword] = None if split_probe(instruction.argument)[0].upper() == "NONE" else (one, instruction)
            elif keyword in ("CMD", "ENTRYPOINT"):
                found[keyword] = one, instruction
                cmd_here = cmd_here or keyword == "CMD"
                if not cmd_here:
                    found["CMD"] = None
        below = one
    return found


def _words(document: Document, stage: Stage, instruction: Instruction) -> tuple[str, ...]:
    if instruction.json is not None:
        return instruction.json
    own = instruction in stage.instructions
    state = environment(
        document, stage, instruction if own else stage.instructions[min(1, len(stage.instructions) - 1)]
    )
    return (*(state.shell or _DEFAULT_SHELL), instruction.argument)
