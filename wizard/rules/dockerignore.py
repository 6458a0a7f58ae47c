"""Keep out of the build context what the image does not need.

What it does
: Writes a `.dockerignore`, or adds what is missing to the one in force: version control, virtual environments, caches,
  editors' folders, logs and data of this machine. Your own lines stay as they are and win.

Why
: What is in the context is copied by `COPY . .`: it makes the image bigger, runs every later step again when it
  changes, and carries secrets along.

When it is safe
: No instruction of any Dockerfile of this context names a path that would be dropped, and no link leads into one.
  `.git` stays where something asks for it (setuptools-scm, `git describe`), and with it all that git tracks: a checkout
  without it is dirty, and gets another version. `.venv` and `node_modules` stay where the build does not make its own.
  Logs, secrets and data are only dropped where git ignores them, so that an image built from a clean checkout has never
  had them, and nothing in the repo names them; or where the compose file mounts something over them. Build output
  (`dist`, `build`, `target`) and everything that looks like code is left to you.

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
from wizard.inspection.context.measure import Target, measure_context, writable_ignore_file
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
    target = writable_ignore_file(view.workspace, view.dockerfile)
    problem = _unusable(target)
    if problem is not None:
        return Refusal(ID, problem, (evidence_at(view, broad),))
    # A file that is about to be written is in the context too: the pattern for it is decided with the others.
    context = look(view.workspace.edit({target.path: target.content}), view.dockerfile, view.document, view.inspection)
    found = droppable(context)
    # A file that an earlier proposal writes gets the same lines as one that is written here.
    there = target.in_force and os.path.lexists(view.workspace.root / target.path)
    lines = _effective(view, target, found, context) if there else _missing(target.content, found)
    if not lines:
        return None
    edits: dict[str, bytes | None] = {target.path: with_lines(target.content, lines)}
    after = measure_context(view.workspace.edit(edits), view.dockerfile)
    return _proposal(view, broad, target, edits, context, after.files, after.bytes, found)


def _proposal(
    view: View,
    broad: Instruction,
    target: Target,
    edits: dict[str, bytes | None],
    context: Context,
    files: int,
    size: int,
    found: Droppable,
) -> Proposal:
    saved = context.bytes - size
    now = len(context.paths) - (not target.in_force)
    if files < now:
        why = f"{now:,} {'file is' if now == 1 else 'files are'} sent to the builder where {files:,} would do"
    else:
        why = "Caches and local files would be sent to the builder as soon as there are any"
    in_force = [Evidence(target.path, 1, "the ignore file in force")] if target.in_force else []
    return Proposal(
        rule=ID,
        title="Keep more out of the build context" if target.in_force else TITLE,
        category=CATEGORY,
        safety="safe",
        why=f"{why}; a change in any of them runs {_short(broad)} and the steps after it again.",
        evidence=(evidence_at(view, broad), *in_force),
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


def _unusable(target: Target) -> str | None:
    """Why the ignore file cannot be written or added to."""
    if b"\0" in target.content:
        return f"{target.path} is not UTF-8, so BuildKit sees no pattern in it: save it as UTF-8"
    return target.problem


def _missing(old: bytes, found: Droppable) -> list[tuple[str, str]]:
    return [line for line in found.lines if line[1].encode() not in old.split()]


def _effective(view: View, target: Target, found: Droppable, context: Context) -> list[tuple[str, str]]:
    """The lines that still drop something when they are added to the file, so that its own exceptions win."""
    lines = [line for line in found.lines if context.matching(line[1])]
    after = view.workspace.edit({target.path: with_lines(target.content, lines)})
    touched = context.holding(context.paths - set(measure_context(after, view.dockerfile, with_paths=True).paths))
    return [line for line in lines if not touched.isdisjoint(context.matching(line[1]))]
