"""What may go otherwise where the torch family gets a step of its own: another index, CUDA libraries that stay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wizard.dockerfile.document import Document
from wizard.dockerfile.state import environment
from wizard.inspection.ecosystems.requirements import read_requirements
from wizard.inspection.gpu.torch_pulls import is_cuda_library
from wizard.inspection.gpu.torch_step import FamilyStep
from wizard.workspace import Workspace

_OTHER_INDEX = ("-i", "--index-url", "--index", "--default-index", "-f", "--find-links")
_INDEX_VARIABLES = (
    "PIP_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONFIG_FILE", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX",
)  # fmt: skip


def other_index(workspace: Workspace, document: Document, change: FamilyStep) -> str | None:
    """An index of the person's own that an install uses; None where it is the usual one."""
    for pull in change.pulls:
        used = next((o.name for o in pull.install.options if o.name in _OTHER_INDEX), None)
        state = environment(document, pull.stage, pull.reading.instruction)
        variable = next((name for name in _INDEX_VARIABLES if name in state.env or name in state.args), None)
        lines = [
            line.option
            for manifest in pull.manifests
            for line in read_requirements(workspace, manifest.path).indexes
            if line.option in _OTHER_INDEX
        ]
        settings = [
            "pip.conf" for i in pull.stage.instructions if "pip.conf" in i.argument or "pip config" in i.argument
        ]
        found = used or variable or next(iter([*lines, *settings]), None)
        if found is not None:
            return found
    return None


def left_behind(workspace: Workspace, change: FamilyStep, table: Mapping[str, Any]) -> str | None:
    """A requirements file with CUDA libraries that goes on being installed."""
    for pull in change.pulls:
        for manifest in pull.manifests:
            if change.own_file is not None and manifest.path == change.own_file.original:
                continue
            if any(is_cuda_library(r, table) for r in read_requirements(workspace, manifest.path).requirements):
                return manifest.path
    return None
