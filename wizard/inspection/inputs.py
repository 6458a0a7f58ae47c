"""Which files of the build context an instruction depends on, and which of two changes more often."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.sources import context_sources
from wizard.dockerfile.stages import reachable, references, source_stage
from wizard.dockerfile.state import environment
from wizard.workspace import OutsideRoot, Workspace


def inputs_of(document: Document, stage: Stage, instruction: Instruction) -> frozenset[str]:
    """The context paths that a COPY, an ADD or the mounts of a RUN read, and those of the stages that they take from.

    Relative to the context, `.` for all of it; patterns and unknown variables as written.
    """
    found = _own(document, stage, instruction)
    for reference in references(instruction):
        source = source_stage(document, instruction, reference)
        for number in reachable(document, source) if source is not None else ():
            other = document.stages[number]
            found |= {path for one in other.instructions for path in _own(document, other, one)}
    return frozenset(found)


def _own(document: Document, stage: Stage, instruction: Instruction) -> set[str]:
    if instruction.keyword not in ("COPY", "ADD", "RUN"):
        return set()
    state = environment(document, stage, instruction)
    return {posixpath.normpath(path.lstrip("/") or ".") for path in context_sources(instruction, state)}


def changes_more_often(
    workspace: Workspace, counts: Mapping[str, int], these: Collection[str], those: Collection[str]
) -> bool:
    """Whether some of these paths are known to change more often than all of those.

    They do where they hold all of those and more; or where git counts more commits for one file of these than for all
    files of those together. `counts`: commits by path relative to the root.
    """
    if _cover(these, those) and not _cover(those, these):
        return True
    most = max(_counts(workspace, counts, these), default=0)
    return most > sum(_counts(workspace, counts, those))


def _cover(these: Collection[str], those: Collection[str]) -> bool:
    return bool(these) and all(any(_holds(path, other) for path in these) for other in those)


def _holds(path: str, other: str) -> bool:
    return path in (".", other) or other.startswith(f"{path}/")


def _counts(workspace: Workspace, counts: Mapping[str, int], paths: Collection[str]) -> list[int]:
    try:
        # What a pattern matches is not worked out: all of its folder may count.
        plain = [path if not set(path) & set("*?[$") else posixpath.dirname(path.partition("*")[0]) for path in paths]
        folders = [workspace.from_context(path or ".") for path in plain]
    except OutsideRoot:
        return []
    return [count for name, count in counts.items() if any(_holds(folder, name) for folder in folders)]
