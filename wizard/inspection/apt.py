"""How the Debian steps of a file depend on each other, through the package lists and downloads that a layer keeps."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.stages import base_stage
from wizard.inspection.copies import context_copies, context_path, working_directory
from wizard.inspection.files import read_text
from wizard.inspection.steps import APT, Reading, read_steps
from wizard.workspace import Workspace

ListUse = Literal["refreshes", "needs"]
"""Whether a step's first apt command fetches the package lists, or has to find them."""

_REFRESH = re.compile(r"(?<![\w./-])(?:apt-get|apt|aptitude)\b[^\n;&|]*?\supdate\b")
_NEED = re.compile(
    r"(?<![\w./-])(?:apt-get|apt|aptitude)\b[^\n;&|]*?\s"
    r"(?:install|reinstall|build-dep|satisfy|upgrade|dist-upgrade|full-upgrade|source|download)\b"
)
_MOST_BYTES = 200_000


@dataclass(frozen=True)
class AptFlow:
    """What every step of a file does with apt, and which steps come after it."""

    document: Document
    uses: Mapping[int, ListUse]
    """By the instruction's index; steps that leave apt alone are not in it."""

    def later(self, stage: Stage, instruction: Instruction) -> Iterator[Instruction]:
        """The steps that use apt after this one, here and in all stages built upon this one."""
        for other in stage.instructions:
            if other.index > instruction.index and other.index in self.uses:
                yield other
        for follower in self._followers(stage):
            yield from self.later(follower, follower.instructions[0])

    def needs_lists(self, stage: Stage, instruction: Instruction) -> Instruction | None:
        """The first step after this one that finds no lists if this one leaves none; None where there is no such."""
        for other in stage.instructions:
            use = self.uses.get(other.index) if other.index > instruction.index else None
            if use == "refreshes":
                return None
            if use == "needs":
                return other
        found = (self.needs_lists(follower, follower.instructions[0]) for follower in self._followers(stage))
        return next((one for one in found if one is not None), None)

    def _followers(self, stage: Stage) -> list[Stage]:
        return [other for other in self.document.stages if base_stage(self.document, other) is stage]


def apt_flow(workspace: Workspace, document: Document) -> AptFlow:
    """Read all steps of the file, and the scripts of the repo that they run."""
    uses: dict[int, ListUse] = {}
    for stage in document.stages:
        for reading in read_steps(document, stage):
            use = _use(workspace, document, stage, reading)
            if use is not None:
                uses[reading.instruction.index] = use
    return AptFlow(document, uses)


def _use(workspace: Workspace, document: Document, stage: Stage, reading: Reading) -> ListUse | None:
    instruction = reading.instruction
    if instruction.keyword not in ("RUN", "ONBUILD", "CMD", "ENTRYPOINT"):
        return None
    verbs = [install.verb for install in reading.installs if install.manager in APT]
    if verbs:
        return "refreshes" if verbs[0] == "update" else "needs"
    bodies = (heredoc.body.of(document.source).decode("utf-8", "replace") for heredoc in instruction.heredocs)
    text = "\n".join((instruction.argument, *bodies))
    scripts = _scripts(workspace, document, stage, reading)
    return next((use for one in (text, *scripts) if (use := _use_of(one)) is not None), None)


def _use_of(text: str) -> ListUse | None:
    refresh, need = _REFRESH.search(text), _NEED.search(text)
    if refresh and (need is None or refresh.start() < need.start()):
        return "refreshes"
    return "needs" if need else None


def _scripts(workspace: Workspace, document: Document, stage: Stage, reading: Reading) -> Iterator[str]:
    """The text of the repo's files that a step names: what it may run."""
    instruction = reading.instruction
    folder = working_directory(document, stage, instruction)
    if reading.script is not None and reading.script.opaque is None:
        names = [word.value for command in reading.script.commands for word in command.words if word.value]
        names += ["Makefile" for command in reading.script.commands if command.name == "make"]
    else:
        names = list(instruction.json or instruction.argument.split())
    copies = tuple(copy for copy in context_copies(document, stage) if copy.instruction.index < instruction.index)
    for name in dict.fromkeys(names):
        if folder is None or not re.fullmatch(r"[\w./@+-]+", name):
            continue
        place = context_path(workspace, copies, posixpath.normpath(posixpath.join(folder, name)))
        text = read_text(workspace, workspace.from_context(place[0]), _MOST_BYTES) if place else None
        if text is not None:
            yield text
