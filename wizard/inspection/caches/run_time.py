"""Whether a running container may want what its build has left in uv's cache."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wizard.dockerfile.document import Document, Stage
from wizard.dockerfile.stages import lineage
from wizard.dockerfile.started import starting
from wizard.inspection.ecosystems.pyproject import read_toml, table, texts
from wizard.inspection.ecosystems.python import locate
from wizard.inspection.files import read_text
from wizard.inspection.places import line_at
from wizard.workspace import Workspace

_SYNCS = re.compile(r"(?:^|[\s\"'\[/;&|])uv[\"',\s]+(?:run|sync)\b(?P<more>[^;&|\n]*)")


def wanted_by_uv(workspace: Workspace, document: Document, stage: Stage, *, editable: bool) -> str | None:
    """Why a container of the stage, or of one on top of it, may have to build the project with what is in the cache.

    `uv run` brings the environment up to date first. It has nothing to do where the build has installed the project as
    `uv run` would, editable and with metadata that need no build; tried offline with uv 0.13.9 and an empty cache.
    """
    manifest = read_toml(workspace, workspace.from_context("pyproject.toml"))
    settings = read_toml(workspace, workspace.from_context("uv.toml")) or table(manifest, "tool", "uv")
    if settings.get("link-mode") == "symlink":
        return "uv makes the packages links into its cache, which would not be in the image"
    if editable and manifest is not None and not texts(table(manifest, "project").get("dynamic", [])):
        return None
    for one in document.stages:
        for instruction in starting(document, one) if stage in lineage(document, one) else ():
            for text in _texts(workspace, instruction.argument):
                if any("--no-sync" not in found["more"] for found in _SYNCS.finditer(text)):
                    return f"{line_at(instruction.start_line)} runs uv, which may build the project from its cache then"
    return None


def _texts(workspace: Workspace, argument: str) -> Iterator[str]:
    """What is started, and the scripts of the repo that it names."""
    yield argument
    for word in re.findall(r"[\w./-]+", argument):
        path = locate(workspace, word)
        if path is not None:
            yield read_text(workspace, path) or ""
