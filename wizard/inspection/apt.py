"""How the Debian steps of a file depend on each other, through the package lists and downloads that a layer keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.stages import base_stage
from wizard.inspection.apt_use import AptUse, ListUse, apt_use
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
        for other in stage.instructions:
            if other.index > instruction.index and other.index in self.steps:
                yield other
        for follower in self._followers(stage):
            yield from self.later(follower, follower.instructions[0])

    def needs_lists(self, stage: Stage, instruction: Instruction) -> tuple[Instruction, str] | None:
        """The first step after this one that finds no lists if this one leaves none, and what it does; None where
        there is no such."""
        for other in stage.instructions:
            use = self.steps.get(other.index) if other.index > instruction.index else None
            if use is None:
                continue
            if use.lists == "refreshes" or use.unseen_refreshes:
                return None
            if use.lists == "needs":
                return other, "uses apt without `apt-get update`"
            # What a running container does with apt is left to the day it runs: lists of the build are old by then.
            if use.unseen and other.keyword in ("RUN", "ONBUILD"):
                return other, f"may use apt ({use.unseen})"
        found = (self.needs_lists(follower, follower.instructions[0]) for follower in self._followers(stage))
        return next((one for one in found if one is not None), None)

    def _followers(self, stage: Stage) -> list[Stage]:
        """The stages built upon this one, and those of which only the build's arguments say what is below them."""
        return [
            other
            for other in self.document.stages[stage.index + 1 :]
            if base_stage(self.document, other) is stage or (stage.name and "$" in other.base)
        ]


def apt_flow(workspace: Workspace, document: Document) -> AptFlow:
    """Read all steps of the file, and the scripts of the repo that they run."""
    steps: dict[int, AptUse] = {}
    for stage in document.stages:
        for reading in read_steps(document, stage):
            use = apt_use(workspace, document, stage, reading)
            if use != AptUse():
                steps[reading.instruction.index] = use
    return AptFlow(document, steps)
