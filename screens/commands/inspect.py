"""`dockwiz inspect`: what is in the repo, and which engine and builder would be used."""

from __future__ import annotations

import argparse
import json

from screens.commands.prepare import open_repo
from screens.commands.text import cut, paragraph
from wizard.dockerfile.document import Document
from wizard.dockerfile.scanner import parse
from wizard.errors import NoEngine
from wizard.inspection import inspect
from wizard.inspection.context.eligibility import explain_path, in_words
from wizard.inspection.values import Engine, Inspection, NamedContext
from wizard.inspection.view_json import inspection_json
from wizard.report.units import count, size

LABEL = 12
"""Columns of a label."""
LARGEST = 8
MOST_LINES = 6


def run(options: argparse.Namespace) -> int:
    repo = open_repo(options)
    inspection = inspect(repo.workspace, repo.dockerfile, *_engine(), with_paths=options.context)
    document = parse(repo.workspace.read(repo.dockerfile), repo.dockerfile)
    asked = options.why_context
    why = None if asked is None else explain_path(repo.workspace, repo.dockerfile, asked)
    if options.json:
        data = inspection_json(repo.workspace, inspection, document, with_paths=options.context, why=why)
        print(json.dumps(data, indent=2, ensure_ascii=False))
    elif why is not None:
        print(in_words(why))
    else:
        print("\n".join(_lines(inspection, document, options.context)))
    return 0


def _engine() -> tuple[Engine | None, str | None]:
    """The engine with its builder, or the reason why there is none."""
    from wizard.build.engines import find_engine

    try:
        return find_engine(), None
    except NoEngine as error:
        return None, str(error)


def _lines(inspection: Inspection, document: Document, with_paths: bool) -> list[str]:
    lines = _field("Dockerfile", f"{document.path}, {len(document.instructions)} instructions")
    for stage in document.stages:
        name = f"{stage.name}: " if stage.name else ""
        lines += _field("", f"{name}from {stage.base}, lines {stage.start_line} to {stage.end_line}")
    others = [path for path in inspection.dockerfiles if path != inspection.dockerfile]
    lines += _field("Others", ", ".join(others)) if others else []
    for found in inspection.ecosystems:
        lines += _field(
            "Packages", ": ".join(filter(None, (f"{found.name} with {found.manager}", ", ".join(found.manifests))))
        )
    context = inspection.context
    ignore = context.ignore_file or "no .dockerignore"
    lines += _field("Context", f"{context.files:,} files, {size(context.bytes)} ({ignore})")
    lines += [f"{'':<{LABEL}}{size(folder.bytes):>9}  {folder.path}" for folder in context.largest[:LARGEST]]
    lines += [row for one in inspection.named_contexts for row in _field("", _named(one))]
    lines += _field("", f"cannot be read: {', '.join(context.unreadable)}") if context.unreadable else []
    lines += _places("Built by", [(f"{one.path}:{one.line or 1}", one.text) for one in inspection.callers])
    lines += _places(
        "GPU", [(f"{_GPU[one.kind]}, {one.evidence.path}:{one.evidence.line or 1}", one.evidence.text)
                for one in inspection.gpu]
    )  # fmt: skip
    lines += _field("Engine", _engine_words(inspection))
    for note in inspection.notes:
        lines += _field("Note", note)
    if with_paths:
        lines += ["", *inspection.context.paths]
    return lines


def _named(context: NamedContext) -> str:
    held = f", {count(context.files, 'file')}, {size(context.bytes or 0)}" if context.files is not None else ""
    return f"{context.name}: {context.where}{held} ({context.named_by})"


def _engine_words(inspection: Inspection) -> str:
    engine = inspection.engine
    if engine is None:
        return f"none: {inspection.no_engine}"
    builder = (
        f"buildx {engine.buildx} with builder {engine.builder} ({engine.driver})" if engine.buildx else "no buildx"
    )
    return f"{engine.version} at {engine.host}, {engine.store} image store, {builder}"


def _field(label: str, text: str) -> list[str]:
    return paragraph(text, f"{label:<{LABEL}}")


def _places(label: str, found: list[tuple[str, str]]) -> list[str]:
    """A line of the repo each, cut to fit; the first few of many."""
    rows = [
        cut(f"{place}: {text}", f"{label if not index else '':<{LABEL}}") for index, (place, text) in enumerate(found)
    ]
    more = len(rows) - MOST_LINES
    return rows if more <= 0 else [*rows[:MOST_LINES], f"{'':<{LABEL}}and {more} more"]


_GPU = {
    "base-image": "CUDA base image",
    "caller": "asked for",
    "cuda-index": "CUDA index",
    "cuda-call": "used",
    "cuda-device": "used",
    "guarded-call": "used if there is one",
    "unclear-call": "may be used",
    "gpu-package": "GPU package",
    "cpu-index": "CPU index",
}
