"""Which files each npm, yarn or pnpm install of a stage reads, where they stand, and which COPY put them there."""

from __future__ import annotations

import posixpath
from functools import lru_cache

from wizard.assets import knowledge
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.installs import Install
from wizard.inspection.ecosystems.node import all_names, judge_project, names_of_more, names_read
from wizard.inspection.installs.pip import Manifest, ManifestsOf
from wizard.inspection.installs.project_files import files_beside
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


@lru_cache(maxsize=4096)
def project_of(workspace: Workspace, document: Document, stage: Stage, reading: Reading) -> ManifestsOf:
    """The manifests of all Node installs of one RUN, with the reason where the installs may read more.

    Kept: several rules ask, and dependency-layer about every install once more per copy.
    """
    found: dict[str, Manifest] = {}
    undecided: str | None = None
    makes: tuple[str, ...] = ()
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
        makes += read.makes
        found |= {manifest.image_path: manifest for manifest in read.found}
    return ManifestsOf(tuple(found.values()), None, undecided, makes)


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
    names, more = names_read(install.manager), names_of_more(install.manager)
    found = files_beside(
        workspace, document, stage, reading, install, names, all_names(), refused=more, may_come=(_SETTINGS,)
    )
    if isinstance(found, str):
        return ManifestsOf(because=found)
    there = [one.path for one in found if workspace.is_file(one.path)]
    project = judge_project(workspace, there, scripts=not install.has("--ignore-scripts"))
    if project.because is None and not is_frozen(install) and len(there) > 1:
        again = _installs_again(document, reading)
        if again is not None:
            line = line_at(again.start_line)
            return ManifestsOf(
                because=f"`{words}` may write the lock that {line} reads, and the sources bring an old one"
            )
    made = posixpath.join(posixpath.dirname(found[0].image_path), "node_modules")
    return ManifestsOf(found, project.because, project.undecided, makes=(made,))


def _installs_again(document: Document, reading: Reading) -> Instruction | None:
    """A later step of the file that installs a project again."""
    for stage in document.stages:
        for later in read_steps(document, stage):
            if later.instruction.index > reading.instruction.index and any(map(reads_project, later.installs)):
                return later.instruction
    return None
