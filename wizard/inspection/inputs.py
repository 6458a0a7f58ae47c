"""Which files of the build context an instruction depends on, and which of two changes more often."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping
from typing import NamedTuple

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.sources import context_sources
from wizard.dockerfile.stages import reachable, references, source_stage
from wizard.dockerfile.state import environment
from wizard.workspace import OutsideRoot, Workspace


class Inputs(NamedTuple):
    """Files of the build context."""

    paths: frozenset[str]
    """Relative to the context, `.` for all of it; patterns and unknown variables as written."""
    most: int
    """Commits that changed the one of them that changes most, as far as git tells."""
    commits: int
    """The commits of each of them, added up."""


def inputs_of(
    workspace: Workspace, counts: Mapping[str, int], document: Document, stage: Stage, instruction: Instruction
) -> Inputs:
    """What a COPY, an ADD or the mounts of a RUN read, and what the stages read that they take from.

    `counts`: commits by path relative to the root.
    """
    found = _own(document, stage, instruction)
    for reference in references(instruction):
        source = source_stage(document, instruction, reference)
        for number in reachable(document, source) if source is not None else ():
            other = document.stages[number]
            found |= {path for one in other.instructions for path in _own(document, other, one)}
    commits = _counts(workspace, counts, found) if found else []
    return Inputs(frozenset(found), max(commits, default=0), sum(commits))


def _own(document: Document, stage: Stage, instruction: Instruction) -> set[str]:
    if instruction.keyword not in ("COPY", "ADD", "RUN"):
        return set()
    state = environment(document, stage, instruction)
    return {posixpath.normpath(path.lstrip("/") or ".") for path in context_sources(instruction, state)}


def changes_more_often(these: Inputs, those: Inputs) -> bool:
    """Whether some of these files are known to change more often than all of those.

    They do where they hold all of those and more; or where git counts more commits for one file of these than for all
    files of those together.
    """
    if these.most > those.commits:
        return True
    return _cover(these.paths, those.paths) and not _cover(those.paths, these.paths)


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
