"""Whether a copy of the sources means the same further down in its stage."""

from __future__ import annotations

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.stages import lineage
from wizard.dockerfile.state import environment
from wizard.inspection.copies.placed import IMAGE_FOLDER, ContextCopy, lands_at, lies_in
from wizard.inspection.copies.settings import home_settings
from wizard.inspection.places import line_at
from wizard.workspace import Workspace

_SYSTEM_NAMES = ("etc", "usr", "bin", "lib", "opt", "root", "var", "home")


def immovable(workspace: Workspace, document: Document, stage: Stage, copy: ContextCopy) -> str | None:
    """Why the copy of the sources may not move at all."""
    instruction = copy.instruction
    odd = next(
        (flag.name for flag in instruction.flags if flag.name in ("exclude", "parents", "keep-git-dir", "checksum")),
        None,
    )
    if odd is not None:
        return f"the copy uses --{odd}, and what it brings is not worked out"
    state = environment(document, stage, instruction)
    if copy.destination in ("/", IMAGE_FOLDER):
        over = next((name for name in _SYSTEM_NAMES if _brings(workspace, copy, name)), None)
        if over is not None:
            return f"the sources are copied over the root folder and bring {over}/, which installs may read"
    settings = home_settings(workspace, copy, state.home)
    if settings is not None:
        return f"the sources go to the home folder and bring {settings}, which installs may read"
    return None


def _brings(workspace: Workspace, copy: ContextCopy, name: str) -> bool:
    """Whether the copy puts something of this name directly into its destination."""
    return any(workspace.exists(workspace.from_context(f"{source}/{name}")) for source in copy.sources)


def cannot_land(
    document: Document, stage: Stage, instruction: Instruction, last: Instruction, copy: ContextCopy | None
) -> str | None:
    """Why this copy would mean something else below `last`; None where it means the same."""
    line = line_at(instruction.start_line)
    text = instruction.argument + "".join(flag.value or "" for flag in instruction.flags)
    between = [i for i in stage.instructions if instruction.index < i.index <= last.index]
    if "$" in text and any(i.keyword in ("ARG", "ENV") for i in between):
        return f"{line}: the copy uses variables, and ARG or ENV stand between it and the install"
    if any(i.keyword == "WORKDIR" for i in between):
        target = (instruction.json or tuple(word.text for word in instruction.words))[-1]
        if not target.startswith("/"):
            return f"{line}: the copy is relative to a WORKDIR that changes before the install"
    if copy is None and not instruction.flag("from"):
        return f"{line}: where this copy goes depends on a value that only the build knows"
    if copy is not None and (instruction.flag("chown") or instruction.flag("chmod")):
        made = _made_by_workdir(document, stage, copy, between)
        if made is not None:
            return f"{line}: the copy makes {made} for its own user, and WORKDIR would make it for root"
    return None


def _made_by_workdir(document: Document, stage: Stage, copy: ContextCopy, between: list[Instruction]) -> str | None:
    """The destination, where no WORKDIR above the copy has made it and one below it would."""
    index = copy.instruction.index
    before = [i for below in lineage(document, stage) for i in below.instructions if i.index < index]

    def makes(instruction: Instruction) -> bool:
        place = lands_at(document, stage, instruction) if instruction.keyword == "WORKDIR" else None
        return place is not None and lies_in(place, copy.destination)

    return copy.destination if any(map(makes, between)) and not any(map(makes, before)) else None
