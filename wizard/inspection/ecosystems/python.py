"""Python packaging: which files an install reads, who installs, and for which Python."""

from __future__ import annotations

import posixpath
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from wizard.errors import BadInput
from wizard.inspection.ecosystems.requirements import (
    Requirement,
    RequirementLine,
    RequirementsFile,
    normalise_name,
    parse_requirements,
    read_requirements,
    read_tree,
)
from wizard.inspection.masking import shown
from wizard.inspection.values import Ecosystem, Evidence

if TYPE_CHECKING:
    from wizard.dockerfile.document import Document, Stage
    from wizard.inspection.files import Listing
    from wizard.workspace import Workspace

__all__ = [
    "Manifests",
    "Requirement",
    "RequirementLine",
    "RequirementsFile",
    "manifests",
    "normalise_name",
    "parse_requirements",
    "python_ecosystem",
    "python_version",
    "read_requirements",
    "read_tree",
    "version_of_image",
]

PYTHON_MANAGERS = frozenset({"pip", "uv", "poetry", "pdm", "pipenv", "conda"})
_LOCKS = (("uv.lock", "uv"), ("poetry.lock", "poetry"), ("pdm.lock", "pdm"), ("Pipfile.lock", "pipenv"),
          ("Pipfile", "pipenv"))  # fmt: skip
_PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "Pipfile.lock", "poetry.lock", "pdm.lock",
                  "uv.lock", "environment.yml", "conda-lock.yml")  # fmt: skip
# Debian's and Ubuntu's own python3, by release. Source: packages.debian.org and packages.ubuntu.com, package python3.
_DISTRIBUTION_PYTHON = {
    "bullseye": (3, 9), "bookworm": (3, 11), "trixie": (3, 13), "11": (3, 9), "12": (3, 11), "13": (3, 13),
    "focal": (3, 8), "jammy": (3, 10), "noble": (3, 12), "20.04": (3, 8), "22.04": (3, 10), "24.04": (3, 12),
}  # fmt: skip


class Manifests(NamedTuple):
    """What `pip install -r FILE` reads of the repo, besides package indexes."""

    files: tuple[str, ...]
    """Requirements and constraints files, each given one followed by those it includes; relative to the root."""
    reads_sources: tuple[Evidence, ...] = ()
    """Lines that install a local project (`-e .`, `./pkg`): the install needs more than the manifests."""
    unresolved: tuple[Evidence, ...] = ()
    """Lines about which nothing can be said: an include that is an address, missing or out of the repo, a line that
    depends on the environment, a line that pip would refuse."""


def manifests(workspace: Workspace, *paths: str) -> Manifests:
    """Every file that an install of these requirements files reads. Raises BadInput where a given one is unreadable."""
    files: dict[str, RequirementsFile] = {}
    for path in paths:
        for file in read_tree(workspace, path):
            files.setdefault(file.path, file)
    sources: list[Evidence] = []
    unresolved: list[Evidence] = []
    for file in files.values():
        for line in file.lines:
            evidence = Evidence(file.path, line.line, shown(line.text))
            if line.requirement is not None and line.requirement.path is not None:
                sources.append(evidence)
            if (
                line.kind == "unknown"
                or line.variables
                or (line.kind in ("include", "constraint") and file.resolve(line) not in files)
            ):
                unresolved.append(evidence)
            elif line.option == "--find-links" and not re.match(r"https?:", line.value):
                sources.append(evidence)
    return Manifests(tuple(files), tuple(sources), tuple(unresolved))


def python_ecosystem(workspace: Workspace, document: Document | None, listing: Listing) -> Ecosystem | None:
    """The repo's Python packaging, None where there is no sign of Python.

    The manager is the one of the Dockerfile's RUN lines, else the one whose lock file is there, else pip.
    """
    evidence: list[Evidence] = []
    used: list[str] = []
    managers: list[str] = []
    for manager, names, place in _installs(document) if document is not None else ():
        managers.append(manager)
        used += names
        evidence.append(place)
    found = list(dict.fromkeys(path for name in used if (path := locate(workspace, name)) is not None))
    if not found or managers[0] not in ("pip", "uv"):
        found += _project_files(workspace)
        found += [] if used else _guessed_requirements(workspace, listing)
    if not managers and not found and not any(path.endswith(".py") for path in listing.below(workspace.context)):
        return None
    present = {PurePosixPath(path).name for path in found}
    suggested = next((manager for name, manager in _LOCKS if name in present), "pip")
    read = (included for path in dict.fromkeys(found) for included in _with_includes(workspace, path))
    return Ecosystem("python", managers[0] if managers else suggested, tuple(dict.fromkeys(read)), tuple(evidence))


def locate(workspace: Workspace, name: str) -> str | None:
    """The repo's file that a RUN line means by `requirements.txt` or `/app/requirements/base.txt`: the longest tail of
    the path that is a file of the build context. None where there is none or the path holds variables."""
    if "$" in name:
        return None
    parts = [part for part in posixpath.normpath(name).split("/") if part not in ("", ".", "..")]
    for start in range(len(parts)):
        path = workspace.from_context("/".join(parts[start:]))
        if workspace.is_file(path):
            return path
    return None


def _installs(document: Document) -> list[tuple[str, tuple[str, ...], Evidence]]:
    """The Python installs of the RUN lines: manager, requirements and constraints files as written, place."""
    from wizard.dockerfile.installs import installs
    from wizard.dockerfile.shell import parse_run

    found: list[tuple[str, tuple[str, ...], Evidence]] = []
    for instruction in document.instructions:
        if instruction.keyword != "RUN":
            continue
        for install in installs(parse_run(document, instruction)):
            if install.manager in PYTHON_MANAGERS:
                text = " ".join(word.text for word in install.command.words)
                line = document.source.count(b"\n", 0, install.command.span.start) + 1
                files = (*install.requirement_files, *install.constraint_files)
                found.append((install.manager, files, Evidence(document.path, line, shown(text))))
    return found


def _project_files(workspace: Workspace) -> list[str]:
    paths = (workspace.from_context(name) for name in _PROJECT_FILES)
    return [path for path in paths if workspace.is_file(path)]


def _guessed_requirements(workspace: Workspace, listing: Listing) -> list[str]:
    """Requirements files by their name, where no RUN line names one."""
    return [
        path
        for path in listing.below(workspace.context)
        if re.fullmatch(r"requirements.*\.txt", path.rpartition("/")[2])
        or re.search(r"(?:^|/)requirements/[^/]+\.txt$", path)
    ]


def _with_includes(workspace: Workspace, path: str) -> tuple[str, ...]:
    if not path.endswith((".txt", ".in")):
        return (path,)
    try:
        return manifests(workspace, path).files
    except BadInput:
        return (path,)


def python_version(document: Document, stage: Stage | None = None) -> tuple[int, int] | None:
    """The Python of a stage (the last one by default) as its base image's tag tells it; None where it does not."""
    from wizard.dockerfile.expansion import expanded_base
    from wizard.dockerfile.stages import base_stage

    if not document.stages:
        return None
    lowest = stage or document.stages[-1]
    while (below := base_stage(document, lowest)) is not None:
        lowest = below
    image = expanded_base(document, lowest)
    return version_of_image(image) if image else None


def version_of_image(image: str) -> tuple[int, int] | None:
    """`python:3.11.4-slim` as (3, 11); also images with `python3.11` in their tag, and Debian's and Ubuntu's own."""
    name, _, tag = image.split("@")[0].rpartition(":")
    repository = (name or tag).rsplit("/", 1)[-1]
    tag = tag if name else ""
    direct = re.match(r"(\d+)\.(\d+)", tag) if repository in ("python", "pypy") or "python" in repository else None
    named = re.search(r"(?:python|py)-?(\d)\.?(\d+)", tag) or re.search(r"python-?(\d)\.?(\d+)", repository)
    match = direct or named
    if match:
        return int(match[1]), int(match[2])
    if repository in ("debian", "ubuntu"):
        return _DISTRIBUTION_PYTHON.get(tag.removesuffix("-slim").split("-")[0])
    return None
