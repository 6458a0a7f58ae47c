"""What puts files into a cache folder for an install to find: a mount there would hide them."""

from __future__ import annotations

import posixpath
import zlib
from collections.abc import Mapping
from functools import lru_cache

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.shell import parse_run
from wizard.dockerfile.sources import context_sources, operands
from wizard.dockerfile.stages import lineage
from wizard.dockerfile.state import environment
from wizard.inspection.caches.mounted import covered
from wizard.inspection.caches.readers import uses
from wizard.inspection.copies.archives import may_be_archive
from wizard.inspection.copies.placed import lands_at, lies_in
from wizard.workspace import OutsideRoot, Workspace

_SMALL = 20_000_000
"""Bytes of an archive that are read through in well under a second."""


def filler_of(
    workspace: Workspace, document: Document, stage: Stage, instruction: Instruction, folder: str
) -> Instruction | None:
    """The instruction above another one, in its stage or one that this is built upon, that may put files there."""
    near = _near(document, folder)
    for below in lineage(document, stage) if near else ():
        for other in near.get(below.index, ()):
            if other.index >= instruction.index:
                return None
            if other.keyword == "RUN" or _copies(workspace, document, below, other, folder):
                return other
    return None


@lru_cache(maxsize=16)
def _near(document: Document, folder: str) -> Mapping[int, tuple[Instruction, ...]]:
    """The RUNs of each stage, by its number, that work in the folder, and the copies that go into it or to one that
    holds it. Kept: it is asked for each step that fills the folder."""
    found: dict[int, tuple[Instruction, ...]] = {}
    for stage in document.stages:
        near = tuple(other for other in stage.instructions if _is_near(document, stage, other, folder))
        if near:
            found[stage.index] = near
    return found


def _is_near(document: Document, stage: Stage, other: Instruction, folder: str) -> bool:
    if other.keyword == "RUN":
        return _writes(document, stage, other, folder)
    place = lands_at(document, stage, other) if other.keyword in ("COPY", "ADD") else None
    return place is not None and (lies_in(place, folder) or lies_in(folder, place))


def _writes(document: Document, stage: Stage, run: Instruction, folder: str) -> bool:
    """Whether a RUN works in the folder or on the one that holds it, by its name."""
    above = posixpath.dirname(folder)
    commands = [one for one in parse_run(document, run).commands if any(above in word.text for word in one.words)]
    if not commands or covered(run, environment(document, stage, run), folder):
        return False
    for command in commands:
        names_above = any(word.text.rstrip("/") == above for word in command.words)
        if uses(command, folder) or (names_above and uses(command, above)):
            return True
    return False


def _copies(workspace: Workspace, document: Document, stage: Stage, copy: Instruction, folder: str) -> bool:
    place = lands_at(document, stage, copy)
    if place is None:
        return False
    if lies_in(place, folder):
        return True
    if copy.flag("from"):
        # Nobody copies a whole image over another, or a home, without the caches that it holds.
        return _is_named_so(copy, place)
    inside = posixpath.relpath(folder, place)
    sources = context_sources(copy, environment(document, stage, copy))
    return any(_brings(workspace, copy, source, inside) for source in sources)


def _is_named_so(copy: Instruction, place: str) -> bool:
    """Whether a source of another stage is the folder itself that it is copied to (`/root /root`), or all of it."""
    return any(posixpath.normpath(f"/{word.lstrip('/')}") == place for word in operands(copy)[:-1])


def _brings(workspace: Workspace, copy: Instruction, source: str, inside: str) -> bool:
    try:
        path = workspace.from_context(source.lstrip("/") or ".")
        if copy.keyword == "ADD" and workspace.is_file(path):
            return may_be_archive(workspace, path) is not False and _holds(workspace, path, inside)
        return workspace.exists(posixpath.join(path, inside))
    except OutsideRoot:
        return False


def _holds(workspace: Workspace, path: str, inside: str) -> bool:
    """Whether an archive has something in that folder; yes where it is too large to look, or cannot be read."""
    import tarfile

    file = workspace.locate(path)
    if path in workspace.overlay or file.stat().st_size > _SMALL:
        return True
    try:
        with tarfile.open(file) as archive:
            return any(lies_in(posixpath.normpath(f"/{member.name}"), f"/{inside}") for member in archive)
    except (tarfile.TarError, OSError, EOFError, zlib.error):
        return True
