"""The first look at a repo and at what dockwiz did there before, in threads; and what its image is called."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wizard.workspace import Workspace

if TYPE_CHECKING:
    from wizard.inspection.values import Inspection


def look(workspace: Workspace, wanted: str | None) -> Any:
    """The inspection with the seconds it took and the Dockerfile's text; or the Dockerfiles to choose from."""
    began = time.perf_counter()
    from wizard.inspection import inspect
    from wizard.inspection.dockerfiles import find_dockerfiles

    if wanted is None:
        found = find_dockerfiles(workspace)
        if len(found) > 1:
            return found
    inspection = with_step_times(workspace, inspect(workspace, wanted))
    text = workspace.read(inspection.dockerfile or "").decode("utf-8", "replace")
    return inspection, time.perf_counter() - began, text


def with_step_times(workspace: Workspace, inspection: Inspection) -> Inspection:
    """The inspection with what the steps of its Dockerfile took in earlier builds here."""
    from wizard.state import state_folder

    state = state_folder(workspace.root)
    if inspection.dockerfile is None or not (state.path / "builds").is_dir():
        return inspection
    from wizard.build.step_times import read_step_times

    times = read_step_times(state, workspace.root, workspace.context, inspection.dockerfile)
    return replace(inspection, step_times=times)


def last_written(workspace: Workspace) -> tuple[str, ...]:
    """The files that an undo would put back; empty where there is nothing of this build context to undo."""
    from wizard.plan import journal
    from wizard.state import state_folder

    entry = next(journal.entries(state_folder(workspace.root), workspace.context), None)
    return tuple(sorted(entry.before)) if entry is not None else ()


def image_name(name: str) -> str:
    """The name as the repository part of an image reference."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in name.lower()).strip("-_.")
    return kept or "image"
