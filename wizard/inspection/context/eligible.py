"""The eligible files of a build context, and what of the repo decides whether they are needed."""

from __future__ import annotations

import fnmatch
import os
import posixpath
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

from wizard.assets import knowledge
from wizard.dockerfile.document import Document
from wizard.dockerfile.scanner import parse
from wizard.dockerfile.sources import context_sources, is_pattern
from wizard.dockerfile.state import environment
from wizard.errors import DockwizError
from wizard.ignorefile import walk
from wizard.inspection.callers.find import kind_of
from wizard.inspection.context.measure import ignore_file, read_ignore_file
from wizard.inspection.context.naming import Texts, read_texts
from wizard.inspection.copies.placed import context_copies
from wizard.inspection.files import list_files
from wizard.inspection.git import ignored
from wizard.inspection.values import Inspection
from wizard.workspace import Workspace

MINIMUM = 100_000
"""Bytes from which data that git ignores is worth a line of its own."""
PLAIN = re.compile(r"[\w.-]+(?:/[\w.-]+)*")
"""A path that an ignore file can name as it is."""


class Context(NamedTuple):
    """The eligible files of a context, and what decides about them. Paths are relative to the context."""

    workspace: Workspace
    paths: frozenset[str]
    """Files and links."""
    nodes: Mapping[str, tuple[str, ...]]
    """Name -> every file or folder of that name."""
    sizes: Mapping[str, int]
    """File or folder -> bytes."""
    links: Mapping[str, str]
    """Symbolic link -> where it leads, where that is inside the context."""
    sources: tuple[str, ...]
    """What instructions name, but for the context as a whole."""
    destinations: tuple[str, ...]
    """Where the context as a whole is copied to in the image."""
    ask_git: Callable[[], frozenset[str]]
    """What git ignores; asked once, and only where something depends on it."""
    suspects: tuple[str, ...]
    """What may be data, by name or ending and size, sorted."""
    texts: Texts

    def matching(self, pattern: str) -> list[str]:
        """The files and folders that a pattern of ours matches: `**/name`, `name` or `folder/name`."""
        if pattern.startswith("**/"):
            name = pattern.removeprefix("**/")
            names = fnmatch.filter(self.nodes, name) if is_pattern(name) else [name]
            return [path for one in names for path in self.nodes.get(one, ())]
        if not is_pattern(pattern):
            return [pattern] if pattern in self.sizes else []
        return [name for name in fnmatch.filter(self.nodes, pattern) if name in self.sizes]

    @property
    def bytes(self) -> int:
        """Of all files together."""
        return sum(self.sizes[path] for path in self.paths)

    @staticmethod
    def holding(paths: Iterable[str]) -> frozenset[str]:
        """The paths and all folders above them."""
        return frozenset(step for path in paths for step in _steps(path))

    def has(self, name: str) -> bool:
        """Whether there is a file of that name anywhere."""
        return bool(fnmatch.filter(self.nodes, name)) if is_pattern(name) else name in self.nodes

    @property
    def ignored(self) -> frozenset[str]:
        """What git ignores: files, and folders that stand for everything in them."""
        return self.ask_git()

    def is_ignored(self, path: str) -> bool:
        """Whether git ignores the path or a folder above it."""
        return any(step in self.ignored for step in _steps(path))


def look(workspace: Workspace, dockerfile: str, document: Document, inspection: Inspection) -> Context:
    """Walk the context and read what decides."""
    sizes: dict[str, int] = {}
    links: dict[str, str] = {}
    root = workspace.root / workspace.context
    ignore = read_ignore_file(workspace, dockerfile)
    for entry in walk(root, ignore):
        if entry.kind in ("file", "link"):
            sizes[entry.path] = entry.size
        if entry.kind == "link":
            links |= _link(root, entry.path)
    for path, content in workspace.overlay.items():
        inside = workspace.to_context(path)
        if inside is not None and content is not None and not ignore.explain(inside)[0]:
            sizes[inside] = len(content)
    paths = frozenset(sizes)
    for path in paths:
        for step in _steps(posixpath.dirname(path)):
            sizes[step] = sizes.get(step, 0) + sizes[path]
    nodes: defaultdict[str, list[str]] = defaultdict(list)
    for path in sizes:
        nodes[path.rpartition("/")[2]].append(path)

    @cache
    def ask_git() -> frozenset[str]:
        return frozenset(filter(None, map(workspace.to_context, ignored(workspace, workspace.context))))

    suspects = tuple(sorted(_suspects(sizes, paths)))
    documents = (document, *_others(workspace, dockerfile, inspection))
    data = tuple(f"{path}/" for path in ask_git() if path in sizes) if suspects else ()
    speaking = (
        path
        for path in list_files(workspace).below(workspace.context)
        # A compose file is read on the host: it says as much where the ignore file keeps it out.
        if (inside := workspace.to_context(path)) and (inside in sizes or kind_of(path) == "compose")
        if not inside.startswith(data)
    )
    return Context(
        workspace=workspace,
        paths=paths,
        nodes={name: tuple(found) for name, found in nodes.items()},
        sizes=sizes,
        links=links,
        sources=tuple(dict.fromkeys(source for one in documents for source in _sources(one))),
        destinations=tuple(
            copy.destination
            for stage in document.stages
            for copy in context_copies(document, stage)
            if "." in copy.sources
        ),
        ask_git=ask_git,
        suspects=suspects,
        texts=read_texts(workspace, documents, speaking, inspection.callers),
    )


def _suspects(sizes: Mapping[str, int], paths: frozenset[str]) -> Iterator[str]:
    """What is large enough, and has the name of data or holds nothing but files with endings of data."""
    table = knowledge("ignore_patterns")["data"]
    names = {name for entry in table for name in entry.get("names", ())}
    endings = tuple(ending for entry in table for ending in entry.get("endings", ()))
    other = {step for path in paths if not path.lower().endswith(endings) for step in _steps(path)}
    for path, size in sizes.items():
        named = path.rpartition("/")[2] in names
        if size >= MINIMUM and (named or path not in other) and PLAIN.fullmatch(path):
            yield path


def _others(workspace: Workspace, dockerfile: str, inspection: Inspection) -> Iterator[Document]:
    """The other Dockerfiles that may be built with this context and heed the same ignore file."""
    shared = ignore_file(workspace, dockerfile) or workspace.from_context(".dockerignore")
    elsewhere = (one.dockerfile for one in inspection.callers if one.dockerfile and one.context == workspace.context)
    outside = (path for path in elsewhere if "$" not in path and workspace.is_file(path))
    for path in dict.fromkeys((*inspection.dockerfiles, *outside)):
        if path == dockerfile or (ignore_file(workspace, path) or shared) != shared:
            continue
        try:
            yield parse(workspace.read(path), path)
        except DockwizError:
            # What no build accepts cannot need anything.
            continue


def _sources(document: Document) -> Iterator[str]:
    for stage in document.stages:
        for instruction in stage.instructions:
            for source in context_sources(instruction, environment(document, stage, instruction)):
                path = posixpath.normpath(source.lstrip("/") or ".")
                if path not in (".", "..", "*"):
                    yield path


def _link(root: os.PathLike[str], path: str) -> dict[str, str]:
    try:
        leads = os.readlink(os.path.join(root, path))  # noqa: PTH115, PTH118
    except OSError:
        return {}
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), leads))
    return {} if leads.startswith("/") or target.startswith("..") else {path: target}


def _steps(path: str) -> list[str]:
    parts = path.split("/") if path else []
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts))]
