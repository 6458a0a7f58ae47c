"""Which files each npm, yarn or pnpm install of a stage reads, where they stand, and which COPY put them there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from wizard.assets import knowledge
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.installs import Install
from wizard.inspection.context.measure import read_ignore_file
from wizard.inspection.copies.file_changes import changed_before
from wizard.inspection.copies.placed import (
    ContextCopy,
    context_copies,
    context_path,
    folders_named,
    lies_in,
    working_directory,
)
from wizard.inspection.ecosystems.node import all_names, judge_project, names_of_more, names_read
from wizard.inspection.git import ignored as ignored_by_git
from wizard.inspection.installs.pip import Manifest, ManifestsOf
from wizard.inspection.places import line_at
from wizard.inspection.steps import Reading, read_steps
from wizard.workspace import Workspace

_LOCK_STAYS = ("--frozen-lockfile", "--pure-lockfile", "--no-package-lock", "--no-lockfile")
_SETTINGS = ".npmrc"
_GLOBAL = ("-g", "--global")


def reads_project(install: Install) -> bool:
    """Whether it installs what a package.json asks for."""
    return any(
        entry["name"] == install.manager and install.verb in entry["verbs"]
        for entry in knowledge("node_installs")["manager"]
    ) and not is_global(install)


def is_global(install: Install) -> bool:
    """`npm install -g`: it heeds neither the project nor its settings. Source: docs.npmjs.com, npmrc."""
    return install.manager == "npm" and install.verb == "install" and install.has(*_GLOBAL) and bool(install.packages)


def is_frozen(install: Install) -> bool:
    """Whether it leaves the lock as it is."""
    return install.verb == "ci" or install.has(*_LOCK_STAYS)


def project_of(workspace: Workspace, document: Document, stage: Stage, reading: Reading) -> ManifestsOf:
    """The manifests of all Node installs of one RUN, with the reason where the installs may read more."""
    found: dict[str, Manifest] = {}
    undecided: str | None = None
    for install in reading.installs:
        if not reads_project(install):
            continue
        problem = _unusual(install)
        if problem is not None:
            return ManifestsOf(because=problem)
        read = _project(workspace, document, stage, reading, install)
        if read.because is not None:
            return read
        undecided = undecided or read.undecided
        found |= {manifest.image_path: manifest for manifest in read.found}
    return ManifestsOf(tuple(found.values()), None, undecided)


def _unusual(install: Install) -> str | None:
    words = f"{install.manager} {install.verb}"
    if install.packages:
        return f"`{words} {install.packages[0].text}` writes to package.json, which the sources would bring anew"
    if install.wrappers:
        return f"`{words}` runs through {install.wrappers[0]}, and where it looks for package.json is not worked out"
    odd = next((o.name for o in install.options if o.name not in knowledge("node_installs")["options"]["names"]), None)
    return None if odd is None else f"which files `{words} {odd}` reads is not known to this rule"


def _project(workspace: Workspace, document: Document, stage: Stage, reading: Reading, install: Install) -> ManifestsOf:
    words = f"{install.manager} {install.verb}"
    mounts = (flag.value or "" for flag in reading.instruction.flags if flag.name == "mount")
    if any(re.search(r"\btype=(?:cache|secret|ssh|tmpfs)\b", mount) is None for mount in mounts):
        return ManifestsOf(because=f"`{words}` has files mounted, and what it reads of them is not worked out")
    workdir = working_directory(document, stage, reading.instruction)
    if workdir is None:
        return ManifestsOf(because=f"where `{words}` runs depends on a value that only the build knows")
    copies = tuple(c for c in context_copies(document, stage) if c.instruction.index < reading.instruction.index)
    place = context_path(workspace, copies, posixpath.join(workdir, "package.json"))
    if place is None:
        return ManifestsOf(because=f"`{words}`: no COPY of this stage is known to provide {workdir}/package.json")
    ignored = read_ignore_file(workspace, document.path)
    above = _above(workspace, copies, workdir)
    if above is not None:
        return ManifestsOf(because=f"{above} lies above the folder where `{words}` runs, which may be a part of it")
    found: list[Manifest] = []
    untracked = ignored_by_git(workspace, workspace.context)
    folder = posixpath.dirname(place[0])
    more = names_of_more(install.manager)
    for name in (*names_read(install.manager), *more):
        inside = posixpath.join(workdir, name)
        provided = context_path(workspace, copies, inside)
        # A lock may be kept out of the image on purpose: then the install does not see it today either.
        if provided is not None and ignored.explain(provided[0])[0]:
            continue
        if provided is None:
            found += _if_it_comes(workspace, document, copies, inside, posixpath.join(folder, name))
            continue
        if name in more:
            return ManifestsOf(because=f"{provided[0]} is there, and {more[name]}")
        if provided[0] != posixpath.join(folder, name):
            return ManifestsOf(because=f"{inside} is copied from {provided[0]}, which is not beside {place[0]}")
        changer = changed_before(document, stage, reading, inside, provided[1].instruction)
        if changer is not None:
            return ManifestsOf(because=f"{line_at(changer.start_line)} may change {inside} before the install reads it")
        path = workspace.from_context(provided[0])
        if workspace.locate(path).is_symlink():
            return ManifestsOf(because=f"{path} is a link, and what a COPY of it brings is not worked out")
        found.append(Manifest(inside, path, provided[1], name != "package.json" and path in untracked))
    if not found or posixpath.basename(found[0].path) != "package.json":
        return ManifestsOf(because=f"the ignore file keeps {place[0]} out of the build context")
    there = [one.path for one in found if workspace.is_file(one.path)]
    project = judge_project(workspace, there, scripts=not install.has("--ignore-scripts"))
    if project.because is None and not is_frozen(install) and len(there) > 1:
        again = _installs_again(document, reading)
        if again is not None:
            line = line_at(again.start_line)
            return ManifestsOf(
                because=f"`{words}` may write the lock that {line} reads, and the sources bring an old one"
            )
    return ManifestsOf(tuple(found), project.because, project.undecided)


def _if_it_comes(
    workspace: Workspace, document: Document, copies: tuple[ContextCopy, ...], inside: str, path: str
) -> Iterator[Manifest]:
    """Settings that are not there now, and that a copy would bring: a pipeline may write them before it builds."""
    if posixpath.basename(path) != _SETTINGS or read_ignore_file(workspace, document.path).explain(f"{path}*")[0]:
        return
    for copy in reversed(copies):
        if lies_in(inside, copy.destination):
            below = posixpath.relpath(inside, copy.destination)
            folders = (folder for source in copy.sources for folder in folders_named(workspace, source))
            if any(posixpath.normpath(posixpath.join(folder, below)) == path for folder in folders):
                yield Manifest(inside, workspace.from_context(path), copy, optional=True)
                return


def _installs_again(document: Document, reading: Reading) -> Instruction | None:
    """A later step of the file that installs a project again."""
    for stage in document.stages:
        for later in read_steps(document, stage):
            if later.instruction.index > reading.instruction.index and any(map(reads_project, later.installs)):
                return later.instruction
    return None


def _above(workspace: Workspace, copies: tuple[ContextCopy, ...], workdir: str) -> str | None:
    """A file of a project in a folder above, which would make this one a part of it."""
    folder = posixpath.dirname(workdir)
    while any(lies_in(folder, copy.destination) for copy in copies):
        for name in all_names():
            found = context_path(workspace, copies, posixpath.join(folder, name))
            if found is not None:
                return found[0]
        if folder == "/":
            break
        folder = posixpath.dirname(folder)
    return None


def modules_from_host(workspace: Workspace, copy: ContextCopy, workdir: str) -> tuple[str, ...]:
    """The folders of the context that a copy would put to where an install makes its node_modules."""
    target = posixpath.join(workdir, "node_modules")
    if lies_in(copy.destination, target):
        return copy.sources
    if not lies_in(target, copy.destination):
        return ()
    inside = posixpath.relpath(target, copy.destination)
    folders = (folder for source in copy.sources for folder in folders_named(workspace, source))
    return tuple(posixpath.normpath(posixpath.join(folder, inside)) for folder in folders)
