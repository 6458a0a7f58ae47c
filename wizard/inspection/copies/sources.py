"""Which copies from the build context bring sources, and not only what package managers read.

A folder counts as sources where it goes to the place that the project has in the image. One that goes elsewhere
(`COPY repo /opt/repo`) may be what an install looks for there: a local repository, wheels, a compiler.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection

from wizard.dockerfile.document import Document, Stage
from wizard.dockerfile.stages import lineage
from wizard.inspection.copies.placed import (
    IMAGE_FOLDER,
    MANIFESTS,
    ContextCopy,
    brings_only,
    context_path,
    copies_more_than_manifests,
    lands_at,
    lies_in,
)
from wizard.inspection.copies.settings import lies_in_home_settings
from wizard.inspection.installs.pip import requirement_files
from wizard.inspection.installs.reads import reads_of
from wizard.inspection.steps import Reading
from wizard.workspace import Workspace

_SYSTEM_FOLDERS = (
    "/etc", "/bin", "/sbin", "/lib", "/run", "/dev", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/share",
    "/usr/local/bin", "/usr/local/sbin", "/usr/local/lib", "/usr/local/share", "/usr/local/etc",
)  # fmt: skip


def brings_sources(
    workspace: Workspace, document: Document, stage: Stage, copy: ContextCopy | None, following: Collection[Reading]
) -> bool:
    """Whether it copies more than what the installs of the following steps read, to the project's place."""
    if copy is None or not _may_bring_sources(workspace, copy):
        return False
    if copies_more_than_manifests(workspace, copy):
        return goes_to_project(workspace, document, stage, copy, following)
    if not any(source.endswith(".py") for source in copy.sources):
        return False
    wanted = {posixpath.basename(name) for later in following for i in later.installs for name in requirement_files(i)}
    return bool({posixpath.basename(source) for source in copy.sources} - wanted)


def brings_folders(workspace: Workspace, copy: ContextCopy | None) -> bool:
    """Whether it copies folders or patterns that hold more than manifests, to a place where sources live."""
    return copy is not None and _may_bring_sources(workspace, copy) and copies_more_than_manifests(workspace, copy)


def goes_to_project(
    workspace: Workspace, document: Document, stage: Stage, copy: ContextCopy, following: Collection[Reading]
) -> bool:
    """Whether it brings the whole build context, goes to a folder that the stage works in or below that, or brings the
    manifests of an install."""
    if "." in copy.sources or lies_in(copy.destination, IMAGE_FOLDER):
        return True
    workdirs = (
        lands_at(document, below, instruction)
        for below in lineage(document, stage)
        for instruction in below.instructions
        if instruction.keyword == "WORKDIR"
    )
    if any(folder and folder != "/" and lies_in(copy.destination, folder) for folder in workdirs):
        return True
    manifests = (m for later in following if later.installs for m in reads_of(workspace, document, stage, later).found)
    return any(context_path(workspace, (copy,), manifest.image_path) for manifest in manifests)


def _may_bring_sources(workspace: Workspace, copy: ContextCopy) -> bool:
    if copy.instruction.heredocs or lies_in_home_settings(copy.destination):
        return False
    if "." not in copy.sources and any(lies_in(copy.destination, folder) for folder in _SYSTEM_FOLDERS):
        return False
    return not brings_only(workspace, copy, MANIFESTS)
