"""Which files of the sources the installs of a step read, whatever manager they call."""

from __future__ import annotations

from wizard.dockerfile.document import Document, Stage
from wizard.inspection.installs.node import project_of
from wizard.inspection.installs.pip import ManifestsOf, manifests_of
from wizard.inspection.steps import Reading
from wizard.workspace import Workspace


def reads_of(workspace: Workspace, document: Document, stage: Stage, reading: Reading) -> ManifestsOf:
    """The manifests of all installs of one RUN: requirements files, and what makes up a project of Node."""
    pip = manifests_of(workspace, document, stage, reading)
    node = project_of(workspace, document, stage, reading)
    return ManifestsOf(pip.found + node.found, pip.because or node.because, pip.undecided or node.undecided)
