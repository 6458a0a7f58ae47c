"""The before/after table of a comparison as rows of text: what every form of the report shows first."""

from __future__ import annotations

from dataclasses import dataclass

from wizard.compare.statistics import compare
from wizard.compare.values import LABELS, Comparison, Label, Run, Scenario, SideResult
from wizard.report.units import change, seconds, size

SCENARIO_TITLES: dict[Scenario, str] = {
    "cold": "Cold build",
    "unchanged": "Rebuild, nothing changed",
    "source": "Rebuild after a source edit",
    "dependency": "Rebuild, dependency edited",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; empty texts where there is nothing to say."""

    title: str
    before: str
    after: str
    change: str


def rows(comparison: Comparison) -> tuple[Row, ...]:
    """The measurements that there are, most important first. What was not measured on either side has no row."""
    before, after = comparison.before, comparison.after
    found = [_scenario(comparison, scenario) for scenario in comparison.scenarios]
    found.append(_cached(comparison, "source"))
    if before.size is not None or after.size is not None:
        found.append(
            _size("Image size (unpacked)", *(side.size.unpacked if side.size else None for side in (before, after)))
        )
        found.append(
            _size("Image size (compressed)", *(side.size.content if side.size else None for side in (before, after)))
        )
    found.append(_size("Build context", before.context_bytes, after.context_bytes))
    if before.context_files is not None and after.context_files is not None:
        found.append(_count("Files in the context", before.context_files, after.context_files))
    found.append(_size("Torch download (as logged)", *(_torch(comparison, side) for side in LABELS)))
    found.append(_ready(before, after))
    return tuple(row for row in found if row is not None)


def first_run(comparison: Comparison, side: Label, scenario: Scenario) -> Run | None:
    """The run whose time is the median (the lower one of two): what the stage times are taken from."""
    runs = sorted(comparison.of(side, scenario), key=lambda run: run.seconds)
    return runs[(len(runs) - 1) // 2] if runs else None


def _scenario(comparison: Comparison, scenario: Scenario) -> Row | None:
    times = {side: [run.seconds for run in comparison.of(side, scenario)] for side in LABELS}
    found = [run for run in comparison.runs if run.scenario == scenario]
    if not found:
        return None
    difference = compare(times["before"], times["after"])
    shown = {side: _times(comparison, side, scenario) for side in LABELS}
    text = ""
    if difference is not None:
        text = change(difference.before.median, difference.after.median)
        text = text if difference.measured else "no difference measured"
    return Row(SCENARIO_TITLES[scenario], shown["before"], shown["after"], text)


def _times(comparison: Comparison, side: Label, scenario: Scenario) -> str:
    from wizard.compare.statistics import summarise

    summary = summarise([run.seconds for run in comparison.of(side, scenario)])
    if summary is not None:
        return seconds(summary.median)
    failed = any(r.outcome == "failed" for r in comparison.runs if r.side == side and r.scenario == scenario)
    return "failed" if failed else "-"


def _cached(comparison: Comparison, scenario: Scenario) -> Row | None:
    runs = {side: first_run(comparison, side, scenario) for side in LABELS}
    if not any(runs.values()):
        return None
    texts = [f"{run.steps_cached} of {run.steps_total}" if run else "-" for run in runs.values()]
    return Row("  steps from the cache", texts[0], texts[1], "")


def _size(title: str, before: int | None, after: int | None) -> Row | None:
    if before is None and after is None:
        return None
    return Row(title, size(before), size(after), change(before, after))


def _count(title: str, before: int, after: int) -> Row:
    return Row(title, f"{before:,}", f"{after:,}", change(before, after))


def _torch(comparison: Comparison, side: Label) -> int | None:
    found = [run.torch_bytes for run in comparison.of(side, "cold") if run.torch_bytes is not None]
    return found[0] if found else None


def _ready(before: SideResult, after: SideResult) -> Row | None:
    ready = [side.behaviour.ready_seconds if side.behaviour else None for side in (before, after)]
    if ready == [None, None]:
        return None
    # One start each, watched a few times a second: no figure to compute a percentage from.
    return Row("Start until ready", seconds(ready[0]), seconds(ready[1]), "")
