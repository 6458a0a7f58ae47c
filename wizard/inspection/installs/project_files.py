"""The files of a project that stand beside each other where an install runs, and which COPY put them there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from wizard.dockerfile.document import Document, Stage
from wizard.dockerfile.installs import Install
from wizard.inspection.context.measure import read_ignore_file
from wizard.inspection.copies.file_changes import changed_before
from wizard.inspection.copies.placed import (
    ContextCopy,
    context_copies,
    context_path,
    folders_named,
    lies_in,
)
from wizard.inspection.git import ignored as ignored_by_git
from wizard.inspection.installs.pip import Manifest
from wizard.inspection.places import line_at
from wizard.inspection.step_folders import folder_of
from wizard.inspection.steps import Reading
from wizard.workspace import Workspace


def files_beside(
    workspace: Workspace,
    document: Document,
    stage: Stage,
    reading: Reading,
    install: Install,
    names: Sequence[str],
    of_a_project: Collection[str],
    *,
    refused: Mapping[str, str],
    may_come: Collection[str] = (),
) -> tuple[Manifest, ...] | str:
    """The files of these names in the folder where an install runs, the first of them without fail; else why not, in
    words.

    None of the names `of_a_project` may stand in a folder above.
    `refused`: names of files that must not be there, each with the reason. `may_come`: names of files that a pipeline
    may write before it builds; where a copy would bring them, they are found as optional ones.
    """
    words = f"{install.manager} {install.verb}"
    mounts = (flag.value or "" for flag in reading.instruction.flags if flag.name == "mount")
    if any(re.search(r"\btype=(?:cache|secret|ssh|tmpfs)\b", mount) is None for mount in mounts):
        return f"`{words}` has files mounted, and what it reads of them is not worked out"
    workdir = folder_of(document, stage, reading, install.command)
    if workdir is None:
        return f"where `{words}` runs depends on a value that only the build knows"
    copies = tuple(c for c in context_copies(document, stage) if c.instruction.index < reading.instruction.index)
    place = context_path(workspace, copies, posixpath.join(workdir, names[0]))
    if place is None:
        return f"`{words}`: no COPY of this stage is known to provide {workdir}/{names[0]}"
    ignored = read_ignore_file(workspace, document.path)
    above = _above(workspace, copies, workdir, of_a_project)
    if above is not None:
        return f"{above} lies above the folder where `{words}` runs, which may be a part of it"
    found: list[Manifest] = []
    untracked = ignored_by_git(workspace, workspace.context)
    folder = posixpath.dirname(place[0])
    for name in (*names, *refused):
        inside = posixpath.join(workdir, name)
        provided = context_path(workspace, copies, inside)
        # A lock may be kept out of the image on purpose: then the install does not see it today either.
        if provided is not None and ignored.explain(provided[0])[0]:
            continue
        if provided is None:
            if name in may_come:
                found += _if_it_comes(workspace, document, copies, inside, posixpath.join(folder, name))
            continue
        if name in refused:
            return f"{provided[0]} is there, and {refused[name]}"
        if provided[0] != posixpath.join(folder, name):
            return f"{inside} is copied from {provided[0]}, which is not beside {place[0]}"
        changer = changed_before(document, stage, reading, inside, provided[1].instruction)
        if changer is not None:
            return f"{line_at(changer.start_line)} may change {inside} before the install reads it"
        path = workspace.from_context(provided[0])
        if workspace.locate(path).is_symlink():
            return f"{path} is a link, and what a COPY of it brings is not worked out"
        found.append(Manifest(inside, path, provided[1], name != names[0] and path in untracked))
    if not found or posixpath.basename(found[0].path) != names[0]:
        return f"the ignore file keeps {place[0]} out of the build context"
    return tuple(found)


def _if_it_comes(
    workspace: Workspace, document: Document, copies: tuple[ContextCopy, ...], inside: str, path: str
) -> Iterator[Manifest]:
    """Settings that are not there now, and that a copy would bring: a pipeline may write them before it builds."""
    if read_ignore_file(workspace, document.path).explain(f"{path}*")[0]:
        return
    for copy in reversed(copies):
        if lies_in(inside, copy.destination):
            below = posixpath.relpath(inside, copy.destination)
            folders = (folder for source in copy.sources for folder in folders_named(workspace, source))
            if any(posixpath.normpath(posixpath.join(folder, below)) == path for folder in folders):
                yield Manifest(inside, workspace.from_context(path), copy, optional=True)
                return


def _above(
    workspace: Workspace, copies: tuple[ContextCopy, ...], workdir: str, of_a_project: Collection[str]
) -> str | None:
    """A file of a project in a folder above, which would make this one a part of it."""
    folder = posixpath.dirname(workdir)
    while any(lies_in(folder, copy.destination) for copy in copies):
        for name in of_a_project:
            found = context_path(workspace, copies, posixpath.join(folder, name))
            if found is not None:
                return found[0]
        if folder == "/":
            break
        folder = posixpath.dirname(folder)
    return None


def put_over(workspace: Workspace, copy: ContextCopy, made: str) -> tuple[str, ...]:
    """The folders of the context that a copy would put over one that an install makes (absolute, in the image)."""
    if lies_in(copy.destination, made):
        return copy.sources
    if not lies_in(made, copy.destination):
        return ()
    inside = posixpath.relpath(made, copy.destination)
    folders = (folder for source in copy.sources for folder in folders_named(workspace, source))
    return tuple(posixpath.normpath(posixpath.join(folder, inside)) for folder in folders)
