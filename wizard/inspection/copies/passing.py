"""Whether a copy from the build context means the same below another instruction, and that one the same above it."""

from __future__ import annotations

import posixpath

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.inspection.copies.barriers import barrier
from wizard.inspection.copies.placed import (
    IMAGE_FOLDER,
    ContextCopy,
    brought,
    context_copies,
    copies_more_than_manifests,
    lands_at,
    lies_in,
)
from wizard.inspection.copies.unknown_content import is_of_system
from wizard.inspection.ecosystems.node import all_names
from wizard.inspection.installs.node import reads_project
from wizard.inspection.installs.reads import reads_of
from wizard.inspection.steps import Reading
from wizard.workspace import Workspace


def named_files(workspace: Workspace, document: Document, copy: ContextCopy) -> frozenset[str] | None:
    """Where the files of a copy land that brings nothing but named files and manifests; None for one that brings
    folders, or dot files, or files of the system: programs look for those without being told."""
    if copies_more_than_manifests(workspace, copy) or copy.instruction.keyword != "COPY" or copy.instruction.heredocs:
        return None
    files = brought(workspace, document.path, copy)
    if not files or is_of_system(copy.destination):
        return None
    if any(posixpath.basename(place).startswith(".") for _, place in files):
        return None
    return frozenset(place for _, place in files)


def cannot_pass_step(
    workspace: Workspace, document: Document, stage: Stage, copy: ContextCopy, files: frozenset[str], step: Reading
) -> str | None:
    """Why a copy of these files may not stand below a RUN: empty where the step reads them, None where it is known not
    to look at them."""
    words = step.instruction.span.of(document.source).decode("utf-8", "replace")
    if any(posixpath.basename(file) in words for file in files):
        return ""
    found = reads_of(workspace, document, stage, step)
    if any(manifest.copy.instruction is copy.instruction for manifest in found.found):
        return ""
    if found.apart:
        return "the step installs the project itself, from its sources"
    of_node = any(map(reads_project, step.installs))
    if of_node and (found.undecided or any(posixpath.basename(place) in all_names() for place in files)):
        return ""
    return barrier(workspace, document, stage, step, [copy.destination])


def overlaps(
    workspace: Workspace, document: Document, stage: Stage, copy: ContextCopy, files: frozenset[str] | None,
    other: Instruction,
) -> bool:  # fmt: skip
    """Whether two copies may put something to the same place, or make the same folder in ways of their own."""
    place = lands_at(document, stage, other)
    if place is None or _unlike(copy.instruction, other) or any(flag.name == "parents" for flag in other.flags):
        return True
    if IMAGE_FOLDER in (place[: len(IMAGE_FOLDER)], copy.destination[: len(IMAGE_FOLDER)]) and not (
        place.startswith(IMAGE_FOLDER) and copy.destination.startswith(IMAGE_FOLDER)
    ):
        return True
    known = next((one for one in context_copies(document, stage) if one.instruction is other), None)
    others = named_files(workspace, document, known) if known is not None else None
    if files is not None and others is not None:
        return bool(files & others)
    if files is not None:
        return any(lies_in(file, place) or lies_in(place, file) for file in files)
    return lies_in(place, copy.destination) or lies_in(copy.destination, place)


def _unlike(one: Instruction, other: Instruction) -> bool:
    """Whether they make folders for different users, or with different modes."""
    return any(one.flag(name) != other.flag(name) for name in ("chown", "chmod"))
