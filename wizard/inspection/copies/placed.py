"""Which file of the build context stands at a path of the image, as the COPY and ADD instructions put it there."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.sources import context_sources, is_pattern, operands
from wizard.dockerfile.stages import lineage
from wizard.dockerfile.state import environment
from wizard.inspection.ecosystems import is_manifest
from wizard.inspection.ecosystems.node import all_names
from wizard.workspace import OutsideRoot, Workspace

IMAGE_FOLDER = "/(the image's folder)"
"""Stands for the working directory that the base image sets, where the file sets none."""
MANIFESTS = (".txt", ".in")
"""How files of requirements and constraints end."""
_ENOUGH = 50
_MANY = 20_000


class ContextCopy(NamedTuple):
    """A COPY or ADD from the build context, with its places worked out."""

    instruction: Instruction
    sources: tuple[str, ...]
    """Relative to the context, normalised; `.` for all of it. Patterns as written."""
    destination: str
    """Absolute path in the image."""
    into_folder: bool
    """Whether the destination is a folder that sources are put into (else the one source becomes the destination)."""


def context_copies(document: Document, stage: Stage) -> tuple[ContextCopy, ...]:
    """The copies of a stage from the context, in order; those whose places depend on unknown values are left out."""
    return _context_copies(document).get(stage.index, ())


@lru_cache(maxsize=16)
def _context_copies(document: Document) -> Mapping[int, tuple[ContextCopy, ...]]:
    """Those of every stage that has some, by its number. Kept: asked again for every step that installs."""
    found: dict[int, tuple[ContextCopy, ...]] = {}
    for stage in document.stages:
        steps = (i for i in stage.instructions if i.keyword in ("COPY", "ADD") and not i.flag("from"))
        copies = tuple(copy for step in steps if (copy := _read(document, stage, step)) is not None)
        if copies:
            found[stage.index] = copies
    return found


def inherited_copies(document: Document, stage: Stage) -> tuple[ContextCopy, ...]:
    """Those of the stages that this one is built upon too, in the order in which the build runs them."""
    if not _context_copies(document):
        return ()
    return tuple(copy for below in lineage(document, stage) for copy in context_copies(document, below))


def working_directory(document: Document, stage: Stage, instruction: Instruction) -> str | None:
    """Where relative paths of an instruction start: an absolute path, IMAGE_FOLDER where the file never sets one,
    None where it depends on a variable."""
    state = environment(document, stage, instruction)
    if state.workdir is not None:
        return state.workdir
    first = _first_workdirs(document)
    set_before = (first[below.index] < instruction.index for below in lineage(document, stage) if below.index in first)
    return None if first and any(set_before) else IMAGE_FOLDER


@lru_cache(maxsize=16)
def _first_workdirs(document: Document) -> Mapping[int, int]:
    """The first WORKDIR of each stage that has one, by the stage's number: every step asks."""
    found: dict[int, int] = {}
    for stage in document.stages:
        for instruction in stage.instructions:
            if instruction.keyword == "WORKDIR":
                found.setdefault(stage.index, instruction.index)
    return found


def _read(document: Document, stage: Stage, instruction: Instruction) -> ContextCopy | None:
    state = environment(document, stage, instruction)
    workdir = working_directory(document, stage, instruction)
    words = operands(instruction)
    target = state.expand(words[-1]) if words else None
    sources = context_sources(instruction, state)
    if target is None or not sources or workdir is None or any("$" in source for source in sources):
        return None
    absolute = posixpath.normpath(posixpath.join(workdir, target))
    into = len(sources) > 1 or target.endswith("/") or target in (".", "..") or absolute in (workdir, "/")
    return ContextCopy(instruction, tuple(_clean(source) for source in sources), absolute, into)


def _clean(source: str) -> str:
    return posixpath.normpath(source.lstrip("/") or ".").removeprefix("../")


def context_path(
    workspace: Workspace, copies: tuple[ContextCopy, ...], image_path: str
) -> tuple[str, ContextCopy] | None:
    """The context file that the last of `copies` puts at `image_path`, relative to the context, and that copy."""
    for copy in reversed(copies):
        for source in reversed(copy.sources):
            found = _provides(workspace, copy, source, image_path)
            if found is not None:
                return found, copy
    return None


@lru_cache(maxsize=4096)
def lands_at(document: Document, stage: Stage, instruction: Instruction) -> str | None:
    """Where any COPY or ADD puts its files, absolute; None where that depends on a value that only the build knows."""
    workdir = working_directory(document, stage, instruction)
    words = operands(instruction)
    target = environment(document, stage, instruction).expand(words[-1]) if words else None
    if target is None or (workdir is None and not target.startswith("/")):
        return None
    return posixpath.normpath(posixpath.join(workdir or "/", target))


def lies_in(path: str, folder: str) -> bool:
    """Whether an absolute path is a folder or something in it."""
    return f"{path}/".startswith(f"{folder.rstrip('/')}/")


def brought(workspace: Workspace, dockerfile: str, copy: ContextCopy) -> tuple[tuple[str, str], ...] | None:
    """The files that it copies: path in the context, path in the image. What the ignore file keeps back is not among
    them. None for more than a few dozen: then they are no manifests."""
    from wizard.inspection.context.measure import read_ignore_file

    ignore = read_ignore_file(workspace, dockerfile)
    found: list[tuple[str, str]] = []
    for source in copy.sources:
        below = copy.into_folder or _is_folder(workspace, source)
        for path, inside in islice(_files(workspace, source), _ENOUGH):
            if not ignore.explain(path)[0]:
                found.append((path, posixpath.join(copy.destination, inside) if below else copy.destination))
    return tuple(found) if len(found) < _ENOUGH else None


def brings_only(workspace: Workspace, copy: ContextCopy, endings: tuple[str, ...]) -> bool:
    """Whether every file that it copies ends so, as far as a few dozen files tell."""
    found = [path for source in copy.sources for path, _ in islice(_files(workspace, source), _ENOUGH)]
    return bool(found) and len(found) < _ENOUGH and all(path.endswith(endings) for path in found)


def bytes_at_most(workspace: Workspace, copy: ContextCopy) -> int:
    """How much it may bring; what the ignore file keeps back is counted too, what patterns match is not."""
    return sum(_bytes(workspace, source) for source in copy.sources if not is_pattern(source))


def _bytes(workspace: Workspace, source: str) -> int:
    top = workspace.locate(workspace.from_context(source))
    files = (Path(folder, name) for folder, _, names in os.walk(top) for name in names)
    paths = [top] if top.is_file() else list(islice(files, _MANY))
    return sum(path.lstat().st_size for path in paths)


def _files(workspace: Workspace, source: str) -> Iterator[tuple[str, str]]:
    """The files of a source: path in the context, and path below the destination where that is a folder."""
    if not is_pattern(source):
        if _is_folder(workspace, source):
            top = workspace.locate(workspace.from_context(source))
            for folder, _, names in os.walk(top):
                inside = posixpath.normpath(os.path.relpath(folder, top))
                for name in names:
                    path = posixpath.normpath(posixpath.join(inside, name))
                    yield posixpath.normpath(posixpath.join(source, path)), path
        else:
            yield source, posixpath.basename(source)
        return
    folder = posixpath.dirname(source)
    if not is_pattern(folder) and _is_folder(workspace, folder or "."):
        for entry in sorted(workspace.locate(workspace.from_context(folder or ".")).iterdir()):
            path = posixpath.join(folder, entry.name)
            if _matches(source, path):
                yield from _files(workspace, path)


def folders_named(workspace: Workspace, source: str) -> tuple[str, ...]:
    """The folders that a source of a copy stands for: what is in them goes to the destination. None for a file."""
    if not is_pattern(source):
        return (source,) if _is_folder(workspace, source) else ()
    above = posixpath.dirname(source) or "."
    if is_pattern(above) or not _is_folder(workspace, above):
        return ()
    names = (entry.name for entry in workspace.locate(workspace.from_context(above)).iterdir() if entry.is_dir())
    paths = (posixpath.normpath(posixpath.join(above, name)) for name in sorted(names))
    return tuple(path for path in paths if _matches(source, path))


def copies_sources(workspace: Workspace, copy: ContextCopy) -> bool:
    """Whether it copies whole folders, and not only files that are named."""
    return any(_is_folder(workspace, source) or is_pattern(source) for source in copy.sources)


def copies_more_than_manifests(workspace: Workspace, copy: ContextCopy) -> bool:
    """As `copies_sources`, without patterns that bring only what package managers read (`package*.json`)."""
    return any(
        _is_folder(workspace, source) or (is_pattern(source) and not _is_for_managers(workspace, source))
        for source in copy.sources
    )


def _is_for_managers(workspace: Workspace, pattern: str) -> bool:
    """Whether all that a pattern matches is a manifest or a lock; also where it matches nothing (`poetry.lock*`)."""
    found = [path for path, _ in islice(_files(workspace, pattern), _ENOUGH)]
    of_node = all_names()
    return all(path.endswith(MANIFESTS) or is_manifest(path) or posixpath.basename(path) in of_node for path in found)


def _provides(workspace: Workspace, copy: ContextCopy, source: str, image_path: str) -> str | None:
    # First, because it asks no disk: most paths that are looked for lie elsewhere.
    if not lies_in(image_path, copy.destination):
        return None
    if _is_folder(workspace, source):
        inside = _below(copy.destination, image_path)
        candidate = None if inside is None else posixpath.normpath(posixpath.join(source, inside))
        return candidate if candidate is not None and _is_file(workspace, candidate) else None
    if copy.into_folder:
        folder, name = posixpath.split(image_path)
        if folder != copy.destination:
            return None
        candidate = posixpath.join(posixpath.dirname(source), name)
        matches = posixpath.basename(source) == name or (is_pattern(source) and _matches(source, candidate))
        return candidate if matches and _is_file(workspace, candidate) else None
    return source if copy.destination == image_path and _is_file(workspace, source) else None


def _below(folder: str, path: str) -> str | None:
    if folder == "/":
        return path.lstrip("/")
    return path[len(folder) + 1 :] if path.startswith(f"{folder}/") else None


def _matches(pattern: str, path: str) -> bool:
    """Go's filepath.Match for patterns without escapes: `*` and `?` stop at a slash."""
    expression = re.sub(r"\\\*", "[^/]*", re.escape(pattern)).replace(r"\?", "[^/]")
    return re.fullmatch(expression, path) is not None


def _is_folder(workspace: Workspace, source: str) -> bool:
    return source == "." or _ask(workspace, source, folder=True)


def _is_file(workspace: Workspace, source: str) -> bool:
    return _ask(workspace, source, folder=False)


@lru_cache(maxsize=4096)
def _ask(workspace: Workspace, source: str, *, folder: bool) -> bool:
    try:
        path = workspace.from_context(source)
    except OutsideRoot:
        return False
    return workspace.is_dir(path) if folder else workspace.is_file(path)
