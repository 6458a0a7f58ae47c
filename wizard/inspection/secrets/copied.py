"""Files with credentials that are copied into the image."""

from __future__ import annotations

import posixpath
import re
from typing import Any, NamedTuple

from wizard.assets import knowledge
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.inspection.context.measure import read_ignore_file
from wizard.inspection.copies.placed import ContextCopy, context_copies
from wizard.inspection.files import list_files, read_text
from wizard.workspace import OutsideRoot, Workspace


class CopiedFile(NamedTuple):
    """A file with credentials, and the copy that brings it."""

    stage: Stage
    copy: ContextCopy
    path: str
    """Relative to the context."""
    entry: dict[str, Any]
    """What assets/knowledge/secrets.toml knows of it."""
    named: bool
    """Whether the copy names it (else it comes with a folder)."""

    @property
    def instruction(self) -> Instruction:
        return self.copy.instruction


def copied_files(workspace: Workspace, document: Document) -> tuple[CopiedFile, ...]:
    """Every file with credentials that a COPY or ADD brings from the context, each once a copy.

    One that a copy names and that is not in the repo counts: it is there where the image is built.
    """
    paths = (workspace.to_context(path) or path for path in list_files(workspace).below(workspace.context))
    ignore = read_ignore_file(workspace, document.path)
    candidates = [(path, entry) for path in paths if (entry := _entry(path)) and not ignore.explain(path)[0]]
    known = [(path, entry) for path, entry in candidates if _holds(workspace, path, entry)]
    found: list[CopiedFile] = []
    for stage in document.stages:
        for copy in context_copies(document, stage):
            for source in copy.sources:
                entry = _entry(source)
                if entry is not None and _may_hold(workspace, document, source, entry):
                    found.append(CopiedFile(stage, copy, source, entry, named=True))
                    continue
                found += [
                    CopiedFile(stage, copy, path, other, named=False)
                    for path, other in known
                    if source == "." or path.startswith(f"{source}/")
                ]
    return tuple(found)


def _entry(path: str) -> dict[str, Any] | None:
    name = posixpath.basename(path)
    return next(
        (
            entry
            for entry in knowledge("secrets")["file"]
            if re.fullmatch(entry["match"], name) and re.search(entry.get("path", ""), path)
        ),
        None,
    )


def _holds(workspace: Workspace, path: str, entry: dict[str, Any]) -> bool:
    try:
        text = read_text(workspace, workspace.from_context(path))
    except OutsideRoot:
        return False
    return text is not None and (not entry.get("credential") or re.search(entry["credential"], text) is not None)


def _may_hold(workspace: Workspace, document: Document, source: str, entry: dict[str, Any]) -> bool:
    """Of a file that a copy names: also where it is not in the repo, and its name alone says what it is."""
    try:
        there = workspace.exists(workspace.from_context(source))
    except OutsideRoot:
        return False
    if there:
        return _holds(workspace, source, entry)
    return (
        not re.search(r"\.(?:pem|key|json)\Z", source)
        and not read_ignore_file(workspace, document.path).explain(source)[0]
    )
