"""What a local project that pip installs (`pip install .`) asks for, where its pyproject.toml says so itself."""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Iterator

from wizard.dockerfile.document import Document, Stage
from wizard.dockerfile.installs import Install
from wizard.inspection.copies.placed import context_copies, context_path
from wizard.inspection.ecosystems.requirements import Requirement, parse_requirements
from wizard.inspection.files import read_text
from wizard.inspection.masking import shown
from wizard.inspection.step_folders import folder_of
from wizard.inspection.steps import Reading
from wizard.inspection.values import Evidence
from wizard.workspace import Workspace


def project_requirements(
    workspace: Workspace, document: Document, stage: Stage, reading: Reading, install: Install
) -> Iterator[tuple[Requirement, Evidence]]:
    """The dependencies, those of the extras that are named included, of every local project that the install names.

    Nothing of a project whose dependencies are dynamic, or in another table than `project`, or that cannot be found.
    """
    for path in () if install.has("--no-deps") else install.paths:
        manifest = _manifest(workspace, document, stage, reading, install, path)
        text = read_text(workspace, manifest) if manifest is not None else None
        if manifest is None or text is None:
            continue
        try:
            project = tomllib.loads(text).get("project", {})
            lines = [*project.get("dependencies", ())]
            for extra, wanted in project.get("optional-dependencies", {}).items():
                lines += wanted if extra in _extras(install, path) else ()
            found = parse_requirements("\n".join(lines).encode(), manifest).requirements
        except (ValueError, TypeError, AttributeError):
            continue
        for requirement in found:
            yield requirement, Evidence(manifest, _line(text, requirement), shown(requirement.text))


def _manifest(
    workspace: Workspace, document: Document, stage: Stage, reading: Reading, install: Install, path: str
) -> str | None:
    workdir = folder_of(document, stage, reading, install.command)
    if workdir is None or "://" in path or "$" in path:
        return None
    copies = tuple(c for c in context_copies(document, stage) if c.instruction.index < reading.instruction.index)
    place = context_path(workspace, copies, posixpath.normpath(posixpath.join(workdir, path, "pyproject.toml")))
    return workspace.from_context(place[0]) if place is not None else None


def _extras(install: Install, path: str) -> frozenset[str]:
    """The extras in `.[ml,web]`."""
    named = [*(word.value or "" for word in install.packages), *install.editables]
    matches = (re.fullmatch(re.escape(path) + r"\[([^\]]*)\]", name) for name in named)
    return frozenset(extra.strip() for match in matches if match for extra in match[1].split(","))


def _line(text: str, requirement: Requirement) -> int:
    """The line (1-based) that the requirement stands in."""
    at = max(text.find(f'"{requirement.text}"'), text.find(f"'{requirement.text}'"), 0)
    return text.count("\n", 0, at) + 1
