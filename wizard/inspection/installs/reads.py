"""Which files of the sources the installs of a step read, whatever manager they call."""

from __future__ import annotations

from wizard.dockerfile.document import Document, Stage
from wizard.inspection.installs.conda import conda_files_of
from wizard.inspection.installs.node import project_of
from wizard.inspection.installs.pip import ManifestsOf, manifests_of
from wizard.inspection.installs.project import python_project_of
from wizard.inspection.steps import Reading
from wizard.workspace import Workspace


def reads_of(workspace: Workspace, document: Document, stage: Stage, reading: Reading) -> ManifestsOf:
    """The manifests of all installs of one RUN: requirements files, environment files of conda,
    and what makes up a project of Python or Node."""
    readers = (manifests_of, python_project_of, project_of, conda_files_of)
    all_of = [read(workspace, document, stage, reading) for read in readers]
    return ManifestsOf(
        tuple({manifest.image_path: manifest for one in all_of for manifest in one.found}.values()),
        next((one.because for one in all_of if one.because), None),
        next((one.undecided for one in all_of if one.undecided), None),
        tuple(folder for one in all_of for folder in one.makes),
        tuple(edit for one in all_of for edit in one.apart),
    )
