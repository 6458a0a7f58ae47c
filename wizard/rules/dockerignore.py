"""Keep out of the build context what the image does not need.

What it does
: Writes a `.dockerignore`, or adds what is missing to the one in force: version control, virtual environments, caches,
  editors' folders, logs and data of this machine. Your own lines stay as they are and win.

Why
: What is in the context is copied by `COPY . .`: it makes the image bigger, runs every later step again when it
  changes, and carries secrets along.

When it is safe
: No instruction of any Dockerfile of this context names a path that would be dropped, and no link leads into one.
  `.git` stays where something asks for it (setuptools-scm, `git describe`), `.venv` and `node_modules` where the build
  does not make its own. Logs, secrets and data are only dropped where git ignores them, so that an image built from a
  clean checkout has never had them, and nothing in the repo names them; or where the compose file mounts something over
  them. Build output (`dist`, `build`, `target`) and everything that looks like code is left to you.

Source
: docs.docker.com, "Build context", .dockerignore files; what each pattern is for is in assets/knowledge.
"""

from __future__ import annotations

import os
import posixpath

from wizard.dockerfile.document import Document, Instruction
from wizard.dockerfile.sources import context_sources
from wizard.dockerfile.state import environment
from wizard.ignorefile import with_lines
from wizard.inspection.context.droppable import Droppable, droppable
from wizard.inspection.context.eligible import Context, look
from wizard.inspection.context.measure import ignore_file, measure_context
from wizard.inspection.values import Evidence
from wizard.rules.base import Category, Estimate, Proposal, Refusal, View, evidence_at

ID = "dockerignore"
TITLE = "Keep out of the build context what the image does not need"
CATEGORY: Category = "speed"


def propose(view: View) -> Proposal | Refusal | None:
    """The ignore file, where something reads the context as a whole."""
    broad = _broad_copy(view.document)
    if broad is None:
        return None
    path = ignore_file(view.workspace, view.dockerfile)
    target = path or view.workspace.from_context(".dockerignore")
    old = view.workspace.read(path) if path else b""
    problem = _unusable(view, path, target, old)
    if problem is not None:
        return Refusal(ID, problem, (evidence_at(view, broad),))
    # A file that is about to be written is in the context too: the pattern for it is decided with the others.
    context = look(view.workspace.edit({target: old}), view.dockerfile, view.document, view.inspection)
    found = droppable(context)
    # A file that an earlier proposal writes gets the same lines as one that is written here.
    there = path is not None and os.path.lexists(view.workspace.root / path)
    lines = _effective(view, target, old, found, context) if there else _missing(old, found)
    if not lines:
        return None
    content = with_lines(old, lines)
    after = measure_context(view.workspace.edit({target: content}), view.dockerfile)
    return _proposal(view, broad, path, {target: content}, context, after.files, after.bytes, found)


def _proposal(
    view: View,
    broad: Instruction,
    path: str | None,
    edits: dict[str, bytes | None],
    context: Context,
    files: int,
    size: int,
    found: Droppable,
) -> Proposal:
    saved = context.bytes - size
    now = len(context.paths) - (path is None)
    if files < now:
        why = f"{now:,} files are sent to the builder where {files:,} would do"
    else:
        why = "Caches and local files would be sent to the builder as soon as there are any"
    return Proposal(
        rule=ID,
        title=TITLE if path is None else "Keep more out of the build context",
        category=CATEGORY,
        safety="safe",
        why=f"{why}; a change in any of them runs {_short(broad)} and the steps after it again.",
        evidence=(evidence_at(view, broad), *([Evidence(path, 1, "the ignore file in force")] if path else [])),
        edits=edits,
        estimate=Estimate(None, saved, "measured") if saved > 0 else None,
        risk=" ".join(("No instruction names anything that is dropped.", *found.left_in)),
    )


def _short(instruction: Instruction) -> str:
    words = f"{instruction.keyword} {instruction.argument}".split()
    return f"`{' '.join(words[:4])}{' …' if len(words) > 4 else ''}`"


def _broad_copy(document: Document) -> Instruction | None:
    """The first instruction that reads the context as a whole: COPY, ADD or a bind mount."""
    for stage in document.stages:
        for instruction in stage.instructions:
            if instruction.keyword not in ("COPY", "ADD", "RUN") or instruction.flag("from"):
                continue
            sources = context_sources(instruction, environment(document, stage, instruction))
            if any(posixpath.normpath(source.lstrip("/") or ".") in (".", "*") for source in sources):
                return instruction
    return None


def _unusable(view: View, path: str | None, target: str, old: bytes) -> str | None:
    """Why the ignore file cannot be written or added to."""
    # A pending edit (or removal: planning again after an apply) says more than the disk.
    if path is None and target not in view.workspace.overlay and os.path.lexists(view.workspace.root / target):
        return f"{target} is there, but is no file of the repository that could be read"
    if b"\0" in old:
        return f"{target} is not UTF-8, so BuildKit sees no pattern in it: save it as UTF-8"
    return None


def _missing(old: bytes, found: Droppable) -> list[tuple[str, str]]:
    return [line for line in found.lines if line[1].encode() not in old.split()]


def _effective(view: View, target: str, old: bytes, found: Droppable, context: Context) -> list[tuple[str, str]]:
    """The lines that still drop something when they are added to the file, so that its own exceptions win."""
    lines = [line for line in found.lines if context.matching(line[1])]
    after = view.workspace.edit({target: with_lines(old, lines)})
    touched = context.holding(context.paths - set(measure_context(after, view.dockerfile, with_paths=True).paths))
    return [line for line in lines if not touched.isdisjoint(context.matching(line[1]))]
