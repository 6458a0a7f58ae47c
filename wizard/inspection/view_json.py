"""`dockwiz inspect --json`: an inspection as a JSON object (schema dockwiz.inspect/1)."""

from __future__ import annotations

import posixpath
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from wizard.inspection.context.eligibility import in_words
from wizard.inspection.gpu.evidence import gpu_verdict

if TYPE_CHECKING:
    from wizard.dockerfile.document import Document
    from wizard.inspection.context.eligibility import Eligibility
    from wizard.inspection.values import Inspection
    from wizard.workspace import Workspace

SCHEMA = "dockwiz.inspect/1"
MOST_CHANGED = 20
"""Files of the change summary."""


def inspection_json(
    workspace: Workspace,
    inspection: Inspection,
    document: Document,
    with_paths: bool = False,
    why: Eligibility | None = None,
) -> dict[str, Any]:
    """The object to print. Paths are relative to the root, except `context.paths`: relative to PATH, sorted.

    `root` is the root relative to PATH. `context.paths` is there only with `with_paths`, and is filled where the
    inspection was made with them; `context.why` is there only where a path was asked about.
    """
    context: dict[str, Any] = inspection.context._asdict()
    context["path"] = workspace.context
    context["largest"] = [folder._asdict() for folder in inspection.context.largest]
    context["unreadable"] = list(context["unreadable"])
    paths = context.pop("paths")
    if with_paths:
        context["paths"] = list(paths)
    if why is not None:
        context["why"] = {**why._asdict(), "text": in_words(why)}
    context["named"] = [one._asdict() for one in inspection.named_contexts]
    return {
        "schema": SCHEMA,
        "root": posixpath.relpath(".", workspace.context),
        "dockerfile": _dockerfile(document),
        "dockerfiles": list(inspection.dockerfiles),
        "context": context,
        "ecosystems": [
            {**_listed(ecosystem._asdict()), "evidence": [asdict(item) for item in ecosystem.evidence]}
            for ecosystem in inspection.ecosystems
        ],
        "callers": [_listed(caller._asdict()) for caller in inspection.callers],
        "gpu": {
            "verdict": gpu_verdict(inspection.gpu),
            "evidence": [{"kind": item.kind, **asdict(item.evidence)} for item in inspection.gpu],
        },
        "changes": _changes(inspection),
        "engine": inspection.engine._asdict() if inspection.engine else None,
        "no_engine": inspection.no_engine,
        "notes": list(inspection.notes),
    }


def _dockerfile(document: Document) -> dict[str, Any]:
    stage_of = {instruction.index: stage.index for stage in document.stages for instruction in stage.instructions}
    return {
        "path": document.path,
        "stages": [
            {"name": stage.name, "base": stage.base, "start_line": stage.start_line, "end_line": stage.end_line}
            for stage in document.stages
        ],
        "instructions": [
            {
                "keyword": instruction.keyword,
                "start_line": instruction.start_line,
                "end_line": instruction.end_line,
                "stage": stage_of.get(instruction.index),
            }
            for instruction in document.instructions
        ],
    }


def _changes(inspection: Inspection) -> dict[str, Any]:
    """How many files git has seen change, and the most changed ones."""
    ranked = sorted(inspection.change_counts.items(), key=lambda item: (-item[1], item[0]))
    return {
        "files": len(ranked),
        "most": [{"path": path, "commits": commits} for path, commits in ranked[:MOST_CHANGED]],
    }


def _listed(value: dict[str, Any]) -> dict[str, Any]:
    """Tuples as lists, as JSON has them."""
    return {key: list(item) if isinstance(item, tuple) else item for key, item in value.items()}
