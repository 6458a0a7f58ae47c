"""`dockwiz inspect`: what is in the repo, and which engine and builder would be used."""

from __future__ import annotations

import argparse
import json

from screens.commands.prepare import open_repo
from wizard.dockerfile.document import Document
from wizard.dockerfile.scanner import parse
from wizard.inspection import inspect
from wizard.inspection.values import Inspection
from wizard.inspection.view_json import inspection_json
from wizard.report.units import size


def run(options: argparse.Namespace) -> int:
    from wizard.build.engines import probe_engine

    repo = open_repo(options)
    engine = probe_engine()
    known = (None, engine) if isinstance(engine, str) else (engine, None)
    inspection = inspect(repo.workspace, repo.dockerfile, *known, with_paths=options.context)
    document = parse(repo.workspace.read(repo.dockerfile), repo.dockerfile)
    if options.json:
        data = inspection_json(repo.workspace, inspection, document, with_paths=options.context)
        print(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        print("\n".join(_lines(inspection, document, options.context)))
    return 0


def _lines(inspection: Inspection, document: Document, with_paths: bool) -> list[str]:
    stages = ", ".join(f"{stage.name or stage.index} from {stage.base}" for stage in document.stages)
    lines = [f"Dockerfile   {inspection.dockerfile}: {len(document.instructions)} instructions; {stages}"]
    lines += [f"Other        {path}" for path in inspection.dockerfiles if path != inspection.dockerfile]
    lines += [
        f"Packages     {found.manager} ({found.name}): {', '.join(found.manifests)}" for found in inspection.ecosystems
    ]
    context = inspection.context
    ignore = context.ignore_file or "no .dockerignore"
    lines.append(f"Context      {context.files:,} files, {size(context.bytes)} ({ignore})")
    lines += [f"             {size(folder.bytes):>9}  {folder.path}" for folder in context.largest[:8]]
    lines += [f"Built by     {caller.path}:{caller.line or 1}  {caller.text}" for caller in inspection.callers]
    lines += [
        f"GPU          {sign.kind}: {sign.evidence.path}:{sign.evidence.line or 1}  {sign.evidence.text}"
        for sign in inspection.gpu
    ]
    if inspection.engine is not None:
        engine = inspection.engine
        builder = (
            f"buildx {engine.buildx}, builder {engine.builder} ({engine.driver})" if engine.buildx else "no buildx"
        )
        lines.append(f"Engine       {engine.version} at {engine.host}, {engine.store} store, {builder}")
    else:
        lines.append(f"Engine       none: {inspection.no_engine}")
    lines += [f"Note         {note}" for note in inspection.notes]
    if with_paths:
        lines += ["", *inspection.context.paths]
    return lines
