"""Keeping a folder of the host out of the build context, so that a copy of the sources cannot bring it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from wizard.dockerfile.document import Document
from wizard.ignorefile import IgnoreFile, parse, with_lines
from wizard.inspection.context.droppable import droppable
from wizard.inspection.context.eligible import look
from wizard.inspection.context.measure import read_ignore_file, writable_ignore_file
from wizard.inspection.values import Inspection
from wizard.workspace import Workspace


class Kept(NamedTuple):
    """How folders stay out of the context: as it is, or with an edit of the ignore file; or why they may come."""

    edits: dict[str, bytes | None]
    because: str | None = None


def keep_out(
    workspace: Workspace, document: Document, inspection: Inspection, folders: Sequence[str], pattern: str
) -> Kept:
    """Keep these folders (relative to the context) out with `pattern` of assets/knowledge/ignore_patterns.toml.

    A pattern is only added where the repo does not speak against it, as for the whole ignore file.
    """
    if all(_is_out(read_ignore_file(workspace, document.path), folder) for folder in folders):
        return Kept({})
    target = writable_ignore_file(workspace, document.path)
    if target.problem is not None:
        return Kept({}, f"{folders[0]} may come with the sources, and {target.problem}")
    context = look(workspace.edit({target.path: target.content}), document.path, document, inspection)
    lines = [line for line in droppable(context).lines if line[1] == pattern]
    new = with_lines(target.content, lines)
    if not lines or not all(_is_out(parse(new, target.path), folder) for folder in folders):
        return Kept({}, f"{folders[0]} may come with the sources and be copied over what the install made")
    return Kept({target.path: new})


def _is_out(ignore: IgnoreFile, folder: str) -> bool:
    """Whether nothing of a folder can come, whatever is in it."""
    first = folder.partition("/")[0]
    for pattern in ignore.patterns:
        start, deeper, _ = pattern.text.partition("/")
        if pattern.negated and deeper and (set(start) & set("*?[\\") or start == first):
            return False
    return ignore.explain(folder)[0]
