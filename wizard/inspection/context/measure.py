"""What the build context holds once the ignore file has had its say, measured by a walk as BuildKit walks."""

from __future__ import annotations

import os
import posixpath
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from wizard.inspection.files import read_rows
from wizard.inspection.values import BuildContext, FolderSize

if TYPE_CHECKING:
    from wizard.ignorefile import IgnoreFile
    from wizard.workspace import Workspace

MOST_LINES = 10_000
"""Of an ignore file: each of its patterns may have to be tried on every path."""
LARGEST = 10
"""Top-level folders and files named in the result."""


def ignore_file(workspace: Workspace, dockerfile: str) -> str | None:
    """The ignore file that a build of this Dockerfile heeds, relative to the root; None where there is none.

    `<Dockerfile>.dockerignore` beside the Dockerfile replaces the context's `.dockerignore` entirely.
    """
    from wizard.ignorefile import ignore_path

    relative = posixpath.relpath(dockerfile, workspace.context)
    found = ignore_path(relative, lambda path: workspace.is_file(_from_context(workspace, path)))
    return None if found is None else _from_context(workspace, found)


class Target(NamedTuple):
    """The ignore file that an edit would write."""

    path: str
    """Relative to the root."""
    in_force: bool
    """Whether a build heeds it already; else it would be new."""
    content: bytes
    """What it holds now, pending edits included; empty where it would be new."""
    problem: str | None
    """Why it cannot be written, in words."""


def writable_ignore_file(workspace: Workspace, dockerfile: str) -> Target:
    """The ignore file in force, else the `.dockerignore` that would be."""
    path = ignore_file(workspace, dockerfile)
    if path is not None:
        return Target(path, True, workspace.read(path), None)
    new = workspace.from_context(".dockerignore")
    # A pending edit (or removal: planning again after an apply) says more than the disk.
    hidden = new not in workspace.overlay and os.path.lexists(workspace.root / new)
    problem = f"{new} is there, but is no file of the repository that could be read" if hidden else None
    return Target(new, False, b"", problem)


def _from_context(workspace: Workspace, path: str) -> str:
    """As Workspace.from_context, for a Dockerfile that lies beside the context and not in it (`../docker/…`)."""
    return posixpath.normpath(posixpath.join(workspace.context, path))


def read_ignore_file(workspace: Workspace, dockerfile: str) -> IgnoreFile:
    """The patterns that a build of this Dockerfile heeds; none where there is no ignore file.

    Raises a DockwizError, naming file and line, where BuildKit would refuse the file or it is far too long.
    """
    from wizard.ignorefile import parse

    path = ignore_file(workspace, dockerfile)
    return parse(read_rows(workspace, path, MOST_LINES) if path else b"", path or ".dockerignore")


def measure_context(workspace: Workspace, dockerfile: str, with_paths: bool = False) -> BuildContext:
    """Files and links eligible for the build context, with pending edits (also of the ignore file) laid over the disk.

    `paths` is filled only with `with_paths`. Sizes are those of the files themselves, links count their own size.
    """
    from wizard.ignorefile import walk

    ignore = read_ignore_file(workspace, dockerfile)
    sizes: dict[str, int] = {}
    unreadable: list[str] = []
    for entry in walk(workspace.root / workspace.context, ignore):
        if entry.kind == "unreadable":
            unreadable.append(entry.path)
        elif entry.kind in ("file", "link"):
            sizes[entry.path] = entry.size
    _lay_over(workspace, ignore, sizes)
    return BuildContext(
        files=len(sizes),
        bytes=sum(sizes.values()),
        ignore_file=ignore_file(workspace, dockerfile),
        largest=_largest(sizes),
        paths=tuple(sorted(sizes)) if with_paths else (),
        unreadable=tuple(sorted(unreadable)),
    )


def _lay_over(workspace: Workspace, ignore: IgnoreFile, sizes: dict[str, int]) -> None:
    for path, content in workspace.overlay.items():
        inside = workspace.to_context(path)
        if inside is None:
            continue
        if content is None:
            sizes.pop(inside, None)
        elif not ignore.explain(inside)[0]:
            sizes[inside] = len(content)


def _largest(sizes: dict[str, int]) -> tuple[FolderSize, ...]:
    totals: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for path, size in sizes.items():
        total = totals[path.split("/", 1)[0]]
        total[0] += 1
        total[1] += size
    ranked = sorted(totals.items(), key=lambda item: (-item[1][1], item[0]))[:LARGEST]
    return tuple(FolderSize(path, files, size) for path, (files, size) in ranked)


def eligible(workspace: Workspace, dockerfile: str, path: str) -> bool:
    """Whether a file (relative to the root) is there and reaches the build."""
    inside = workspace.to_context(path)
    if inside is None or not workspace.exists(path):
        return False
    return not read_ignore_file(workspace, dockerfile).explain(inside)[0]


def is_ignored(workspace: Workspace, dockerfile: str, path: str) -> bool:
    """Whether the ignore file keeps it out of the build context, or it lies outside of that."""
    inside = workspace.to_context(path)
    return inside is None or read_ignore_file(workspace, dockerfile).explain(inside)[0]
