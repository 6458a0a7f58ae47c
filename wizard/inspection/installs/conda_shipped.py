"""What is shipped in an environment of conda: where it is filled, and which of its packages are for development."""

from __future__ import annotations

import re
from typing import NamedTuple

from wizard.dockerfile.document import Document, Stage
from wizard.inspection.ecosystems.conda_files import Entry, read_conda_file
from wizard.inspection.ecosystems.requirements import normalise_name
from wizard.inspection.installs.conda import conda_files_of
from wizard.inspection.installs.development import is_development_package
from wizard.inspection.masking import shown
from wizard.inspection.steps import Reading, read_steps
from wizard.inspection.values import Evidence
from wizard.workspace import Workspace

_NAME = re.compile(r"(?:.*::)?(?P<name>[A-Za-z0-9][\w.-]*)")


class CondaDevelopment(NamedTuple):
    """Packages for development in an environment file."""

    reading: Reading
    """The step that installs them."""
    path: str
    named: tuple[tuple[str, Evidence], ...]
    """The packages, and where each is asked for."""


def conda_step(document: Document, stage: Stage) -> Reading | None:
    """The first step of a stage that installs with conda, mamba or micromamba."""
    readings = read_steps(document, stage)
    return next((one for one in readings if any(install.manager == "conda" for install in one.installs)), None)


def conda_development(workspace: Workspace, document: Document, stage: Stage) -> CondaDevelopment | None:
    """Those of the first environment file of a stage that has some."""
    for reading in read_steps(document, stage):
        for manifest in conda_files_of(workspace, document, stage, reading).found:
            if not manifest.path.endswith((".yml", ".yaml")):
                continue
            file = read_conda_file(workspace, manifest.path)
            named = tuple(
                (name, Evidence(manifest.path, entry.line, shown(entry.text)))
                for entry in (*file.packages, *file.pip)
                if (name := _development(entry)) is not None
            )
            if named:
                return CondaDevelopment(reading, manifest.path, named)
    return None


def _development(entry: Entry) -> str | None:
    found = _NAME.match(entry.text)
    name = normalise_name(found["name"].split("=")[0]) if found is not None else ""
    return name if is_development_package(name) else None
