"""Steps that are printed with a stage of another build.

Where two builds run at once, a step that both need runs once, and both see it under the name that it has in the build
that asked for it first (BuildKit's solver merges equal vertexes; seen on engine 28.5). So a step whose stage is not in
our file, or does not have as many steps there, is looked for by its text.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from wizard.build.lines import counted, numbered, squeeze, text_of
from wizard.build.steps import SINGLE_STAGE, StepName
from wizard.dockerfile.document import Document, Instruction, Stage

_VARIABLE = re.compile(r"\$(?:\{[^}]*\}|\w+)")

Place = tuple[str, int]
"""Stage and number."""


class OwnSteps:
    """The numbered steps of our own file."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._single = len(document.stages) == 1
        self._stages = {self._printed(stage): (stage, numbered(stage)) for stage in document.stages}

    def has(self, step: StepName) -> bool:
        """Whether a step is printed as our own file would have it."""
        if step.only_stage and not self._single:
            return False
        if step.stage not in self._stages:
            return step.stage in {stage.buildkit_name for stage in self._document.stages}
        stage, instructions = self._stages[step.stage]
        # A base image takes a number, and so does every trigger in it.
        first = step.total - counted(stage) + 1
        if first in (1, 2) or step.command.startswith(("FROM ", "ONBUILD ")):
            return True
        own = instructions[step.index - first :][:1] if 0 < first <= step.index else ()
        return any(_same(step.command, instruction) for instruction in own)

    def find(self, step: StepName, taken: Collection[Place]) -> StepName | None:
        """The step as our file would have it printed: the first with this text whose place is not taken.

        Where all are taken it is one of those: BuildKit found only later that it is the same as another build's.
        """
        found = [
            replace(step, stage=name, only_stage=self._single, index=number, total=counted(stage) + first - 1)
            for name, (stage, instructions) in self._stages.items()
            for first in (self._first(stage),)
            for number, instruction in enumerate(instructions, start=first)
            if _same(step.command, instruction)
        ]
        free = (place for place in found if (place.stage, place.index) not in taken)
        return next(free, found[0] if found else None)

    def _printed(self, stage: Stage) -> str:
        return SINGLE_STAGE if self._single else stage.buildkit_name

    def _first(self, stage: Stage) -> int:
        """The number of the first step after FROM, where the base image has no triggers."""
        from wizard.dockerfile.expansion import expanded_base
        from wizard.dockerfile.stages import base_stage

        above = base_stage(self._document, stage) is not None or expanded_base(self._document, stage) == "scratch"
        return 1 if above else 2


def _same(command: str, instruction: Instruction) -> bool:
    """Whether BuildKit would print the instruction so; it puts in the values of variables."""
    text = squeeze(text_of(instruction))
    parts = _VARIABLE.split(text)
    if len(parts) == 1:
        return squeeze(command) == text
    return re.fullmatch(".*".join(map(re.escape, parts)), squeeze(command), re.DOTALL) is not None
