"""How the Debian steps of a file depend on each other, through the package lists and downloads that a layer keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.stages import base_stage
from wizard.inspection.apt.use import AptUse, ListUse, apt_use
from wizard.inspection.steps import read_steps
from wizard.workspace import Workspace


class AptFlow(NamedTuple):
    """What every step of a file does with apt, and which steps come after it."""

    document: Document
    steps: Mapping[int, AptUse]
    """By the instruction's index; steps that leave apt alone are not in it."""

    def use(self, instruction: Instruction) -> ListUse | None:
        """How a step uses the package lists, as far as text shows it."""
        found = self.steps.get(instruction.index)
        return None if found is None else found.lists

    def later(self, stage: Stage, instruction: Instruction) -> Iterator[Instruction]:
        """The steps that use apt, or may use it, after this one, here and in all stages built upon this one."""
        for other in stage.instructions[instruction.index + 1 - stage.instructions[0].index :]:
            if other.index in self.steps:
                yield other
        seen: set[int] = set()
        todo = self._followers(stage)
        while todo:
            follower = todo.pop(0)
            if follower.index not in seen:
                seen.add(follower.index)
                yield from (other for other in follower.instructions if other.index in self.steps)
                todo += self._followers(follower)

    def needs_lists(self, stage: Stage, instruction: Instruction) -> tuple[Instruction, str] | None:
        """The first step after this one that finds no lists if this one leaves none, and what it does; None where
        there is no such."""
        seen: set[int] = set()
        todo = [(stage, instruction.index)]
        while todo:
            place, after = todo.pop(0)
            found = self._first_use(place, after)
            if isinstance(found, tuple):
                return found
            if found == "nothing":
                followers = [other for other in self._followers(place) if other.index not in seen]
                seen |= {other.index for other in followers}
                todo += [(other, other.instructions[0].index) for other in followers]
        return None

    def _first_use(self, stage: Stage, after: int) -> tuple[Instruction, str] | Literal["refreshes", "nothing"]:
        """What the rest of a stage does with the lists first: the step that needs them, and how."""
        for other in stage.instructions[after + 1 - stage.instructions[0].index :]:
            use = self.steps.get(other.index)
            if use is None:
                continue
            if use.lists == "refreshes" or use.unseen_refreshes:
                return "refreshes"
            if use.lists == "needs":
                return other, "uses apt without `apt-get update`"
            # What a running container does with apt is left to the day it runs: lists of the build are old by then.
            if use.unseen and other.keyword in ("RUN", "ONBUILD"):
                return other, f"may use apt ({use.unseen})"
        return "nothing"

    def _followers(self, stage: Stage) -> list[Stage]:
        """The stages built upon this one, and those that are built upon a stage which the build's arguments choose."""
        built, chosen = _builds_upon(self.document)
        if not stage.name or not chosen:
            return list(built.get(stage.index, ()))
        named = {other.index: other for other in (*built.get(stage.index, ()), *chosen) if other.index > stage.index}
        return [named[number] for number in sorted(named)]


@lru_cache(maxsize=16)
def _builds_upon(document: Document) -> tuple[Mapping[int, list[Stage]], list[Stage]]:
    """The stages built upon each stage, by its number; and those whose stage the build's arguments may choose."""
    built: dict[int, list[Stage]] = {}
    for stage in document.stages:
        base = base_stage(document, stage)
        if base is not None:
            built.setdefault(base.index, []).append(stage)
    return built, [stage for them in built.values() for stage in them if "$" in stage.base]


@lru_cache(maxsize=16)
def apt_flow(workspace: Workspace, document: Document) -> AptFlow:
    """Read all steps of the file, and the scripts of the repo that they run."""
    steps: dict[int, AptUse] = {}
    for stage in document.stages:
        for reading in read_steps(document, stage):
            use = apt_use(workspace, document, stage, reading)
            if use != AptUse():
                steps[reading.instruction.index] = use
    return AptFlow(document, steps)
