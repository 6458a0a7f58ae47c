"""A comparison as Markdown: fits a pull request, and reads well as plain text in a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from wizard.compare.libraries.remembered import kept_next
from wizard.compare.statistics import summarise
from wizard.compare.values import LABELS, Change, Comparison, Label, Reason, Run
from wizard.compare.verdict import IN_WORDS
from wizard.report.rows import first_run, rows
from wizard.report.units import seconds

_SEVERITY = {"harmful": "**harmful**", "noted": "noted", "harmless": "ok"}
_FEW_STEPS = 12


def markdown(comparison: Comparison) -> str:
    """The whole report, ending with a newline."""
    parts = [
        _head(comparison),
        _table(("", "before", "after", "change"), [(r.title, r.before, r.after, r.change) for r in rows(comparison)]),
        _reasons(comparison),
        _stages(comparison),
        _after_edit(comparison),
        _change(comparison.change),
        _conditions(comparison),
        _not_measured(comparison),
        _undo(comparison.change),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(comparison: Comparison) -> str:
    before, after = _escaped(comparison.before.what), _escaped(comparison.after.what)
    lines = ["# Before and after", "", f"**{IN_WORDS[comparison.verdict]}**"]
    if comparison.cancelled:
        lines += ["", "The comparison was cancelled: this is what was found until then."]
    lines += ["", f"- before: {before}", f"- after: {after}"]
    for side in (comparison.before, comparison.after):
        lines += [f"- {side.label}: {_escaped(note)}" for note in side.notes]
    return "\n".join(lines)


def _reasons(comparison: Comparison) -> str:
    if not comparison.reasons:
        return ""
    kept = kept_next(comparison)
    lines = ["## Does it do the same job?", "", *(_reason(reason) for reason in comparison.reasons)]
    return "\n".join([*lines, "", _escaped(kept)] if kept else lines)


def _reason(reason: Reason) -> str:
    intended = f" (intended by {reason.intended_by})" if reason.intended_by else ""
    word = "could not tell" if reason.undecided else _SEVERITY[reason.severity]
    return f"- {word}: {_escaped(reason.text)}{intended}"


def _stages(comparison: Comparison) -> str:
    sections: list[str] = []
    for side in LABELS:
        run = first_run(comparison, side, "cold")
        if run is not None and run.stages:
            sections += [f"{side}: {seconds(run.seconds)} in all", _stage_table(run)]
    if not sections:
        return ""
    how = "Time in which a stage ran, and the part of it that the whole build waited for. Stages may run side by side."
    return "\n\n".join(["## Where the time of a cold build goes", how, *sections])


def _stage_table(run: Run) -> str:
    lines = [(stage.name, seconds(stage.seconds), seconds(stage.critical_seconds)) for stage in run.stages]
    lines.append(("export of the image", seconds(run.export_seconds), seconds(run.export_seconds)))
    return _table(("stage", "ran", "waited for"), lines)


def _after_edit(comparison: Comparison) -> str:
    runs = {side: first_run(comparison, side, "source") for side in LABELS}
    if comparison.edited is None or not any(runs.values()):
        return ""
    parts = ["## What runs again after a source edit", f"Edited: `{comparison.edited}`"]
    for side, run in runs.items():
        if run is not None:
            parts.append("\n".join(_executed(side, run)))
    return "\n\n".join(parts)


def _executed(side: Label, run: Run) -> Iterator[str]:
    yield f"{side}: {len(run.executed)} of {run.steps_total} steps, the others come from the cache"
    yield ""
    for step in run.executed[:_FEW_STEPS]:
        yield f"- {_escaped(step)}"
    if len(run.executed) > _FEW_STEPS:
        yield f"- and {len(run.executed) - _FEW_STEPS} more"


def _change(change: Change) -> str:
    if not change.proposals and not change.files:
        return ""
    lines = ["## What was changed", ""]
    lines += [f"- {proposal.rule}: {_escaped(proposal.title)}" for proposal in change.proposals]
    if change.proposals and change.files:
        lines.append("")
    for file in change.files:
        kind = f" ({file.kind})" if file.kind != "changed" else ""
        lines.append(f"- `{file.path}` +{file.added} -{file.removed}{kind}")
    return "\n".join(lines)


def _conditions(comparison: Comparison) -> str:
    c = comparison.conditions
    builder = f", builder {c.builder} ({c.driver})" if c.builder else ""
    lines = [
        "## How it was measured",
        "",
        f"- {_runs(comparison)}",
        f"- Docker engine {c.engine}, image store {c.store}, buildx {c.buildx or '-'}{builder}, {c.architecture}",
        f"- {_escaped(c.machine)}; network link: {_escaped(c.link) if c.link else 'not stated'}",
        f"- dockwiz {c.dockwiz}, {comparison.at}",
        "- Cold: no cache, base images present, cache mounts new and empty. Time: wall clock of the build command.",
        "- Build context: the eligible files, by our own walk. Unpacked size: the sum of the layers.",
    ]
    if any(side.behaviour for side in (comparison.before, comparison.after)):
        lines.append("- The containers ran without any network but their own loopback; nothing was mounted.")
    if all(side.libraries for side in (comparison.before, comparison.after)):
        lines.append(
            "- Libraries: what the files of both images are linked with, looked for as their loader does. "
            "What a program loads by name while it runs does not show."
        )
    return "\n".join(lines)


def _runs(comparison: Comparison) -> str:
    counts = [len(comparison.of(side, scenario)) for scenario in comparison.scenarios for side in LABELS]
    most = max(counts, default=0)
    if most == 0:
        return "No build was timed"
    if most == 1:
        return "One build for each figure: how much such a build varies was not measured"
    spreads = []
    for scenario in comparison.scenarios:
        found = {side: summarise([run.seconds for run in comparison.of(side, scenario)]) for side in LABELS}
        texts = [f"{s.low:.1f} to {s.high:.1f} s {side}" for side, s in found.items() if s is not None]
        if texts:
            spreads.append(f"{scenario} {', '.join(texts)}")
    return f"Medians of up to {most} builds each, the sides taking turns. Fastest to slowest: {'; '.join(spreads)}"


def _not_measured(comparison: Comparison) -> str:
    missing = [*comparison.not_measured, *_always_missing(comparison)]
    return "\n".join(["## Not measured", "", *(f"- {_escaped(text)}" for text in missing)])


def _always_missing(comparison: Comparison) -> Iterator[str]:
    yield "pull time, memory while running, anything behind a network"
    sizes = [side.size for side in (comparison.before, comparison.after) if side.size is not None]
    if sizes and all(size.content is None for size in sizes):
        yield f"compressed size: the {comparison.conditions.store} store does not know it"
    for side in (comparison.before, comparison.after):
        if side.packages is not None and side.packages.python is None and side.packages.system is None:
            yield f"packages of {side.label}: neither Python nor dpkg answers in the image"


def _undo(change: Change) -> str:
    if not change.undo:
        return ""
    return "## Undo\n\n`dockwiz undo --yes`, run in the build context, puts every file back, byte for byte."


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table whose columns also stand below each other in plain text."""
    if not lines:
        return ""
    cells = [[_escaped(cell).replace("|", "\\|") for cell in line] for line in (head, *lines)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    ruler = "|".join(f"{'-' * (width + 1)}{':' if column else '-'}" for column, width in enumerate(widths))
    body = [_line(line, widths) for line in cells]
    return "\n".join([body[0], f"|{ruler}|", *body[1:]])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.rjust(width) if n else cell.ljust(width) for n, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"


def _escaped(text: str) -> str:
    """Text on one line that Markdown shows as it is."""
    return re.sub(r"([\\`*<\[])", r"\\\1", " ".join(text.split("\n")))
