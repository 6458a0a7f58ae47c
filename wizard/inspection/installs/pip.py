"""Which files each pip install of a stage reads, where they stand in the image, and which COPY put them there."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from wizard.dockerfile.document import Document, Stage
from wizard.dockerfile.editing import Edit
from wizard.dockerfile.installs import Install
from wizard.errors import DockwizError
from wizard.inspection.context.measure import is_ignored
from wizard.inspection.copies.file_changes import changed_before
from wizard.inspection.copies.placed import ContextCopy, context_copies, context_path
from wizard.inspection.ecosystems.python import manifests
from wizard.inspection.places import line_at, place_at
from wizard.inspection.step_folders import folder_of
from wizard.inspection.steps import Reading
from wizard.workspace import Workspace

_FILE_OPTIONS = frozenset({"-r", "--requirement", "-c", "--constraint"})
_PROJECT_OPTIONS = ("--group", "--requirements-from-script")
"""Source: pip.pypa.io, pip install: dependency groups of pyproject.toml (25.1), inline metadata of a script (26.0)."""
PIP_INSTALLS = r"\b(?:pip3?|uv\s+pip)\b[^;&|]{0,300}\binstall\b"
"""How an install of pip looks in a step that cannot be read otherwise."""


def is_pip(install: Install) -> bool:
    """Whether it is `pip install` or `uv pip install`, which read requirements files and nothing else of a project."""
    return (install.manager, install.verb) in (("pip", "install"), ("uv", "pip install"))


def reads_manifests(install: Install) -> bool:
    """Whether it reads requirements files and nothing else of a project: pip's `download` and `wheel` too."""
    return is_pip(install) or (install.manager, install.verb) in (("pip", "download"), ("pip", "wheel"))


class Manifest(NamedTuple):
    """A requirements or constraints file that an install reads."""

    image_path: str
    path: str
    """Relative to the root."""
    copy: ContextCopy
    """What put it into the image."""
    optional: bool = False
    """The install does without it, and another checkout may not have it: it is to be copied by a pattern."""


class ManifestsOf(NamedTuple):
    """The files that one install instruction reads; with `because`, that could not be worked out."""

    found: tuple[Manifest, ...] = ()
    because: str | None = None
    undecided: str | None = None
    """What could not be decided about what else it reads: then a person has to judge."""
    makes: tuple[str, ...] = ()
    """Folders of the image that it fills, and that nothing of the host may be copied over."""
    apart: tuple[Edit, ...] = ()
    """Where it installs the project too: what makes it install only what the project depends on, from these files."""


def requirement_files(install: Install) -> tuple[str, ...]:
    """Requirements and constraints files as written in the command."""
    return (*install.requirement_files, *install.constraint_files)


@lru_cache(maxsize=4096)
def manifests_of(workspace: Workspace, document: Document, stage: Stage, reading: Reading) -> ManifestsOf:
    """The manifests of all pip installs of one RUN, those included by others too.

    Kept: most rules ask for them.
    """
    if not any(reads_manifests(install) for install in reading.installs):
        return ManifestsOf()
    instruction = reading.instruction
    copies = tuple(c for c in context_copies(document, stage) if c.instruction.index < instruction.index)
    found: dict[str, Manifest] = {}
    for install in reading.installs:
        if not reads_manifests(install):
            continue
        workdir = folder_of(document, stage, reading, install.command)
        if any(option.name in _FILE_OPTIONS and option.value is None for option in install.options):
            return ManifestsOf(because="the name of a requirements file depends on a value that only the build knows")
        if install.has(*_PROJECT_OPTIONS):
            return ManifestsOf(because="the install reads a list of packages in pyproject.toml or a script")
        for name in requirement_files(install):
            if workdir is None or "$" in name or "://" in name:
                return ManifestsOf(because=f"where {name} stands depends on a value that only the build knows")
            problem = add_requirements(workspace, copies, posixpath.normpath(posixpath.join(workdir, name)), found)
            if problem is not None:
                return ManifestsOf(because=problem)
    because = not_as_here(workspace, document, stage, reading, found.values())
    if because is not None:
        return ManifestsOf(because=because)
    return ManifestsOf(tuple(found.values()))


def add_requirements(
    workspace: Workspace, copies: tuple[ContextCopy, ...], image_path: str, found: dict[str, Manifest]
) -> str | None:
    """Add a requirements file, by its path in the image, and what it includes. Gives the reason where it cannot be
    told."""
    place = context_path(workspace, copies, image_path)
    if place is None:
        return f"no COPY of this stage is known to provide {image_path}"
    path = workspace.from_context(place[0])
    try:
        read = manifests(workspace, path)
    except DockwizError as error:
        return str(error)
    if read.reads_sources:
        line = read.reads_sources[0]
        why = f"installs the local path `{line.text}`, so the install needs the sources"
        return f"{place_at(line.path, line.line)} {why}"
    if read.unresolved:
        line = read.unresolved[0]
        return f"{place_at(line.path, line.line)} `{line.text}` cannot be resolved"
    for file in read.files:
        beside = posixpath.relpath(file, posixpath.dirname(path) or ".")
        inside = posixpath.normpath(posixpath.join(posixpath.dirname(image_path), beside))
        inside = image_path if file == path else inside
        included = context_path(workspace, copies, inside)
        if included is None or workspace.from_context(included[0]) != file:
            return f"no COPY of this stage is known to provide {inside}"
        found.setdefault(inside, Manifest(inside, file, included[1]))
    return None


def not_as_here(
    workspace: Workspace, document: Document, stage: Stage, reading: Reading, manifests: Iterable[Manifest]
) -> str | None:
    """Why one of the files that an install reads may be another one in the image than in the repo."""
    for manifest in manifests:
        if is_ignored(workspace, document.path, manifest.path):
            return f"the ignore file keeps {manifest.path} out of the build context"
        changer = changed_before(document, stage, reading, manifest.image_path, manifest.copy.instruction)
        if changer is not None:
            return f"{line_at(changer.start_line)} may change {manifest.image_path} before the install reads it"
    return None
