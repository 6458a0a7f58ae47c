"""Which copies from the build context bring sources, and not only what package managers read."""

from __future__ import annotations

import posixpath
from collections.abc import Collection

from wizard.inspection.copies.placed import MANIFESTS, ContextCopy, brings_only, copies_more_than_manifests, lies_in
from wizard.inspection.copies.settings import lies_in_home_settings
from wizard.inspection.installs.pip import requirement_files
from wizard.inspection.steps import Reading
from wizard.workspace import Workspace

_SYSTEM_FOLDERS = (
    "/etc", "/bin", "/sbin", "/lib", "/run", "/dev", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/share",
    "/usr/local/bin", "/usr/local/sbin", "/usr/local/lib", "/usr/local/share", "/usr/local/etc",
)  # fmt: skip


def brings_sources(workspace: Workspace, copy: ContextCopy | None, following: Collection[Reading]) -> bool:
    """Whether it copies more than what the installs of the following steps read, to a place where sources live."""
    if copy is None or not _may_bring_sources(workspace, copy):
        return False
    if copies_more_than_manifests(workspace, copy):
        return True
    if not any(source.endswith(".py") for source in copy.sources):
        return False
    wanted = {posixpath.basename(name) for later in following for i in later.installs for name in requirement_files(i)}
    return bool({posixpath.basename(source) for source in copy.sources} - wanted)


def brings_folders(workspace: Workspace, copy: ContextCopy | None) -> bool:
    """Whether it copies folders or patterns that hold more than manifests, to a place where sources live."""
    return copy is not None and _may_bring_sources(workspace, copy) and copies_more_than_manifests(workspace, copy)


def _may_bring_sources(workspace: Workspace, copy: ContextCopy) -> bool:
    if copy.instruction.heredocs or lies_in_home_settings(copy.destination):
        return False
    if "." not in copy.sources and any(lies_in(copy.destination, folder) for folder in _SYSTEM_FOLDERS):
        return False
    return not brings_only(workspace, copy, MANIFESTS)
