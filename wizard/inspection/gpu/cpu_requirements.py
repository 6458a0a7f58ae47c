"""The copy of a requirements file for an image without a GPU."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from wizard.dockerfile.editing import Edit
from wizard.errors import DockwizError
from wizard.inspection.context.measure import is_ignored
from wizard.inspection.ecosystems.requirements import (
    RequirementLine,
    RequirementsFile,
    normalise_name,
    read_requirements,
)
from wizard.inspection.git import line_change_counts
from wizard.inspection.gpu.torch_pulls import Pull, is_cuda_library
from wizard.inspection.installs.beside import bring_beside, names_file, read_instead
from wizard.workspace import Workspace

SUFFIX = "-docker-cpu"
HEADER = "# Made by dockwiz from"


class OwnFile(NamedTuple):
    """The copy of a requirements file for the image."""

    original: str
    path: str
    content: bytes


def copy_path(original: str) -> str:
    """`requirements/base.txt` as `requirements/base-docker-cpu.txt`."""
    stem, suffix = posixpath.splitext(original)
    return f"{stem}{SUFFIX}{suffix or '.txt'}"


def left_out(file: RequirementsFile, table: Mapping[str, Any]) -> tuple[RequirementLine, ...]:
    """The lines that only a CUDA build of torch has a use for."""
    return tuple(line for line in file.lines if is_cuda_library(line.requirement, table))


def cpu_listing(workspace: Workspace, file: RequirementsFile, table: Mapping[str, Any]) -> bytes:
    """The file's packages, those first that change least, and the file itself last, so that no addition is missed.

    Where CUDA libraries are left out the file itself cannot be included; then every line of it is here but theirs.
    """
    counts = line_change_counts(workspace, file.path)
    family = frozenset(table["family"])
    dropped = left_out(file, table)

    def frequency(line: RequirementLine) -> tuple[bool, int]:
        name = normalise_name((line.requirement.name if line.requirement else None) or "")
        return name not in family, counts.get(name, 0)

    kept = [line for line in file.lines if line.requirement is not None and line not in dropped]
    # An option counts for the whole install wherever it stands; an address with a password is not written twice.
    options = [line.text for line in file.lines if line.kind in ("index", "option")] if dropped else []
    included = [line.text for line in file.lines if line.kind in ("include", "constraint")]
    if not dropped:
        # Direct references come with the file below: pip takes a name twice, and an address once.
        kept = [line for line in kept if line.requirement and line.requirement.url is None and not line.variables]
        included = []
    name = posixpath.basename(file.path)
    lines = [
        f"{HEADER} {name} for the image without a GPU: the same packages,",
        "# those first that change least. The Dockerfile installs the torch family before, from the CPU index.",
        *options,
        *(line.text if dropped else _wanted(line, family) for line in sorted(kept, key=frequency)),
        *included,
    ]
    if dropped:
        names = ", ".join(line.requirement.name or "" for line in dropped if line.requirement)
        lines += [f"# Left out, because only the CUDA build of torch uses them: {names}.",
                  f"# What is added to {name} has to be added here, too."]  # fmt: skip
    else:
        lines += ["# The versions, and what is added later:", f"-r {name}"]
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


def _wanted(line: RequirementLine, family: frozenset[str]) -> str:
    """A package by its name: its version stands in the person's file alone, so that it can change there. The torch
    family keeps it: an install that does not fit the Dockerfile's step has to fail, not to fetch CUDA."""
    requirement = line.requirement
    if requirement is None or requirement.name is None or requirement.name in family:
        return line.text
    extras = f"[{','.join(requirement.extras)}]" if requirement.extras else ""
    marker = f"; {requirement.marker}" if requirement.marker else ""
    return f"{requirement.name}{extras}{marker}"


def own_file(workspace: Workspace, dockerfile: str, pull: Pull, table: Mapping[str, Any]) -> OwnFile | None:
    """The copy, where one requirements file alone is installed and a COPY can bring ours beside it; None elsewhere."""
    if len(pull.install.requirement_files) != 1:
        return None
    name = posixpath.basename(pull.install.requirement_files[0])
    manifest = next((m for m in pull.manifests if posixpath.basename(m.image_path) == name), None)
    if manifest is None or posixpath.basename(manifest.path) != name:
        return None
    copy, path = manifest.copy, copy_path(manifest.path)
    beside = names_file(workspace, manifest) and copy.into_folder and copy.instruction.json is None
    if not (beside or copy.sources == (".",)) or workspace.exists(path) or is_ignored(workspace, dockerfile, path):
        return None
    try:
        file = read_requirements(workspace, manifest.path)
    except DockwizError:
        return None
    return None if file.unknown else OwnFile(manifest.path, path, cpu_listing(workspace, file, table))


def own_file_edits(workspace: Workspace, pull: Pull, own_file: OwnFile) -> Iterator[Edit]:
    """The install reads our copy, and the COPY of the person's file brings it too."""
    yield from read_instead(pull.install, posixpath.basename(own_file.original), posixpath.basename(own_file.path))
    yield from bring_beside(workspace, pull.manifests, own_file.original, own_file.path)
