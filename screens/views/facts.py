"""What the inspection found, one line a fact, with the evidence and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence

from screens.glyphs import Glyphs
from screens.lines import Line, Span, as_many, fit, line, paragraph, spread
from wizard.inspection.values import BuildContext, Ecosystem, Engine, Inspection
from wizard.report.units import count, seconds, size

LABEL = 14


def facts(inspection: Inspection, width: int, glyphs: Glyphs) -> list[Line]:
    """The facts pane: languages, context, callers, GPU, engine, what could not be read."""
    rows: list[Line] = []
    for ecosystem in inspection.ecosystems:
        rows.append(_fact("Language", *_ecosystem(ecosystem), width))
    rows.append(_context(inspection.context, width, glyphs))
    if inspection.named_contexts:
        names = ", ".join(dict.fromkeys(one.name for one in inspection.named_contexts))
        places = [f"{one.where} ({one.named_by})" for one in inspection.named_contexts]
        rows.append(_fact("By name", names, places, width))
    if inspection.callers:
        kinds = sorted({caller.kind for caller in inspection.callers})
        paths = sorted({caller.path for caller in inspection.callers})
        rows.append(_fact("Built by", ", ".join(kinds), paths, width))
    if inspection.gpu:
        kinds = sorted({sign.kind for sign in inspection.gpu})
        places = [f"{sign.evidence.path}:{sign.evidence.line or 1}" for sign in inspection.gpu]
        rows.append(_fact("GPU signs", ", ".join(kinds), places, width))
    rows.extend(_engine(inspection.engine, inspection.no_engine, width, glyphs))
    for note in inspection.notes:
        rows.extend(paragraph(f"   {'Note':<{LABEL - 3}}", note, width, indent=LABEL, role="warn"))
    return rows


def summary(elapsed: float | None, written: Sequence[str], width: int) -> Line:
    """`What I found in 0.4 s …` above the facts; at the right the files that were written since the start."""
    took = f" in {seconds(elapsed)}" if elapsed is not None else ""
    state = f"written: {', '.join(written)} " if written else "nothing has been changed "
    return spread([Span(f" What I found{took}", "strong")], [Span(state, "good" if written else "dim")], width)


def _ecosystem(ecosystem: Ecosystem) -> tuple[str, Sequence[str]]:
    return f"{ecosystem.name} ({ecosystem.manager})", ecosystem.manifests


def _context(context: BuildContext, width: int, glyphs: Glyphs) -> Line:
    ignore = context.ignore_file or "no .dockerignore"
    largest = [f"{folder.path} {size(folder.bytes)}" for folder in context.largest[:3]]
    mark = Span(f" {glyphs.warning} ", "warn") if context.ignore_file is None else Span("   ")
    value = f"{size(context.bytes)} in {count(context.files, 'file')}"
    return _fact("Context", value, [ignore, *largest], width, mark)


def _engine(engine: Engine | None, missing: str | None, width: int, glyphs: Glyphs) -> list[Line]:
    if engine is None and missing is None:
        return paragraph("   Docker", "looking for an engine ..", width, indent=LABEL, role="dim")
    if engine is None:
        return paragraph(f" {glyphs.warning} Docker", missing or "", width, indent=LABEL, role="warn")
    builder = [f"buildx {engine.buildx}", f"builder {engine.builder}"] if engine.buildx else ["no buildx"]
    free = [f"{size(engine.disk_free)} free"] if engine.disk_free is not None else []
    return [_fact("Docker", f"engine {engine.version}", [*builder, *free], width)]


def _fact(label: str, value: str, proof: Sequence[str], width: int, mark: Span = Span("   ")) -> Line:  # noqa: B008
    """One fact; of its proofs as many as there is room for."""
    room = max(width - LABEL, 10)
    value_width = min(max(len(value) + 2, 24), room)
    return line(
        mark,
        Span(fit(label, LABEL - 3), "key"),
        fit(value, value_width),
        Span(as_many(proof, room - value_width - 1), "dim"),
    )
