"""What becomes of a copy that stands between the sources and an install, where the sources move below that install."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.inspection.copies.barriers import named_by
from wizard.inspection.copies.placed import (
    MANIFESTS,
    ContextCopy,
    brings_only,
    context_copies,
    context_path,
    copies_sources,
    lands_at,
    lies_in,
)
from wizard.inspection.ecosystems.node import all_names
from wizard.inspection.installs.node import reads_project
from wizard.inspection.installs.reads import reads_of
from wizard.inspection.step_folders import state_of
from wizard.inspection.steps import Reading
from wizard.workspace import Workspace


def beside_sources(
    workspace: Workspace,
    document: Document,
    stage: Stage,
    copy: Instruction,
    moved: Sequence[Instruction],
    destinations: Sequence[str],
    following: Sequence[Reading],
) -> tuple[str, str | None]:
    """Whether another COPY or ADD `stays` where it is or goes `along` with the copies that move before it.

    With the reason why these may not move past it, where it puts files among the sources (which go to `destinations`)
    that one of the `following` installs may need.
    """
    place = lands_at(document, stage, copy)
    if place is None:
        return "stays", "where this copy goes depends on a value that only the build knows"
    if not any(lies_in(place, folder) or lies_in(folder, place) for folder in destinations):
        return "stays", None
    of_context = next((one for one in context_copies(document, stage) if one.instruction is copy), None)
    if of_context is not None:
        return ("stays" if _means_the_same_above(workspace, document, stage, of_context, moved) else "along"), None
    if place in destinations or any(lies_in(folder, place) for folder in destinations):
        return "stays", "this copy puts files among the sources that are not in the build context"
    for later in following:
        if later.installs:
            manifests = reads_of(workspace, document, stage, later).found
            named = any(named_by(document, stage, later, place)) or any(lies_in(m.image_path, place) for m in manifests)
            projects = [install for install in later.installs if reads_project(install)]
            folders = [state_of(document, stage, later, install.command).workdir for install in projects]
            if named or any(_of_a_project(folder, place) for folder in folders):
                return "stays", f"an install may read what this copy puts to {place}"
    return "along", None


def _of_a_project(workdir: str | None, place: str) -> bool:
    """Whether a place is a file that Node's managers look for, their folder, or among the modules that they install."""
    if workdir is None:
        return True
    read = {posixpath.join(workdir, name) for name in all_names()}
    return place in read or lies_in(workdir, place) or lies_in(place, posixpath.join(workdir, "node_modules"))


def _means_the_same_above(
    workspace: Workspace, document: Document, stage: Stage, copy: ContextCopy, moved: Sequence[Instruction]
) -> bool:
    """Whether those that move may come after this one too: of its files they bring the same ones, or none."""
    if copies_sources(workspace, copy) or not brings_only(workspace, copy, MANIFESTS):
        return False
    before = tuple(one for one in context_copies(document, stage) if one.instruction in moved)
    others = [one for one in moved if all(known.instruction is not one for known in before)]
    elsewhere = [lands_at(document, stage, one) for one in others]
    for source in copy.sources:
        target = (
            f"{copy.destination.rstrip('/')}/{posixpath.basename(source)}" if copy.into_folder else copy.destination
        )
        if any(place is None or lies_in(target, place) or lies_in(place, target) for place in elsewhere):
            return False
        found = context_path(workspace, before, target)
        if found is not None and (found[0] != source or _ownership(found[1]) != _ownership(copy)):
            return False
    return True


def _ownership(copy: ContextCopy) -> tuple[str | None, str | None]:
    return copy.instruction.flag("chown"), copy.instruction.flag("chmod")
