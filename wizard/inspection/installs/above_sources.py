"""What installs ask for where they come before the copies of the sources: manifests, and no folders of the host."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Sequence

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.stages import lineage
from wizard.inspection.context.ignoring import Kept, keep_out
from wizard.inspection.copies.placed import ContextCopy
from wizard.inspection.installs.pip import Manifest
from wizard.inspection.installs.project import installs_project
from wizard.inspection.installs.project_files import put_over
from wizard.inspection.installs.reads import reads_of
from wizard.inspection.steps import Reading, read_steps
from wizard.inspection.values import Inspection
from wizard.workspace import Workspace


def manifests_to_copy(
    workspace: Workspace,
    document: Document,
    stage: Stage,
    installs: Sequence[Reading],
    moved: Collection[Instruction],
) -> Iterator[tuple[Instruction, tuple[Manifest, ...]]]:
    """For each install the manifests that it would no longer find, once the `moved` copies stand below it; each
    manifest once, at its first reader."""
    given: set[str] = set()
    for reading in installs:
        found = reads_of(workspace, document, stage, reading).found
        missing = tuple(m for m in found if m.copy.instruction in moved and m.image_path not in given)
        given |= {manifest.image_path for manifest in missing}
        if missing:
            yield reading.instruction, missing


def kept_out(
    workspace: Workspace,
    document: Document,
    inspection: Inspection,
    stage: Stage,
    installs: Sequence[Reading],
    moved: Sequence[ContextCopy],
) -> Kept:
    """How folders of the host stay out that the moved copies would put over what an install has made."""
    made = [folder for one in installs for folder in reads_of(workspace, document, stage, one).makes]
    edits: dict[str, bytes | None] = {}
    for name in dict.fromkeys(map(posixpath.basename, made)):
        folders = [folder for folder in made if posixpath.basename(folder) == name]
        outside = [path for copy in moved for folder in folders for path in put_over(workspace, copy, folder)]
        kept = keep_out(workspace.edit(edits), document, inspection, outside, f"**/{name}")
        if kept.because is not None:
            return kept
        edits |= kept.edits
    return Kept(edits)


def is_divided(
    workspace: Workspace, document: Document, stage: Stage, reading: Reading, above: Sequence[Reading]
) -> bool:
    """Whether it installs a project of which a step above the sources has installed what it depends on."""
    earlier = [*above, *(r for below in lineage(document, stage)[:-1] for r in read_steps(document, below))]
    managers = {one.manager for r in earlier for one in r.installs if installs_project(one)}
    others = [one for one in reading.installs if not (installs_project(one) and one.manager in managers)]
    return not others and bool(reads_of(workspace, document, stage, reading).apart)
