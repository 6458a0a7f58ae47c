"""Why a cache mount may not stand at a folder: what lies there is wanted, by the step itself or by a later one."""

from __future__ import annotations

from collections.abc import Iterable

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.inspection.caches.fillers import filler_of
from wizard.inspection.caches.readers import reader_of
from wizard.inspection.places import line_at
from wizard.workspace import Workspace


def in_use(
    workspace: Workspace, document: Document, stage: Stage, instruction: Instruction, folders: Iterable[str]
) -> str | None:
    """Who looks for files in one of the folders, which a mount would hide or keep; in words, or None."""
    for folder in folders:
        filler = filler_of(workspace, document, stage, instruction, folder)
        if filler is not None:
            line = line_at(filler.start_line)
            return f"{line} may put files into the folder that would be mounted, for the step to find"
        reader = reader_of(document, stage, instruction, folder)
        if reader is not None:
            return f"{line_at(reader.start_line)} reads the folder that would be mounted"
    return None
