"""A comparison as JSON: schema `dockwiz.compare/1`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, cast

from wizard.compare.libraries.faults import Fault, library_faults
from wizard.compare.statistics import Summary, compare, summarise
from wizard.compare.values import LABELS, Behaviour, Comparison, ImageSize, Libraries, Reason, Run, Scenario, SideResult

SCHEMA = "dockwiz.compare/1"


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """The document. Seconds and bytes; what was not measured is null or absent, never 0."""
    return cast(dict[str, Any], _rounded(_document(comparison)))


def _rounded(value: Any) -> Any:
    """Milliseconds are finer than anything that was measured."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value


def _document(comparison: Comparison) -> dict[str, Any]:
    before, after = comparison.before, comparison.after
    return {
        "schema": SCHEMA,
        "id": comparison.id,
        "at": comparison.at,
        "verdict": comparison.verdict,
        "reasons": [_reason(reason) for reason in comparison.reasons],
        "before": _side(before),
        "after": _side(after),
        "scenarios": {name: scenario for name in comparison.scenarios if (scenario := _scenario(comparison, name))},
        "size": {
            "store": comparison.conditions.store,
            "before": _size(before.size),
            "after": _size(after.size),
        },
        "missing": [_fault(fault) for fault in library_faults(before, after)],
        "context": {
            "before": {"files": before.context_files, "bytes": before.context_bytes},
            "after": {"files": after.context_files, "bytes": after.context_bytes},
        },
        "edited": {"source": comparison.edited, "dependency": dict(comparison.manifests)},
        "change": asdict(comparison.change),
        "conditions": asdict(comparison.conditions),
        "not_measured": list(comparison.not_measured),
        "cancelled": comparison.cancelled,
        "guilty": [],
    }


def _reason(reason: Reason) -> dict[str, Any]:
    document = {"kind": reason.kind, "severity": reason.severity, "text": reason.text}
    return document | ({"intended_by": reason.intended_by} if reason.intended_by else {})


def _fault(fault: Fault) -> dict[str, Any]:
    """A library or program that the new image lacks, and what would bring it."""
    provider = fault.provider
    return {
        "kind": fault.kind,
        "name": fault.name,
        "severity": fault.severity,
        "needed_by": list(fault.files),
        "before": asdict(provider) if provider is not None else None,
        "elsewhere": fault.elsewhere,
    }


def _scenario(comparison: Comparison, name: Scenario) -> dict[str, Any] | None:
    runs = [run for run in comparison.runs if run.scenario == name]
    if not runs:
        return None
    seconds = {side: [run.seconds for run in comparison.of(side, name)] for side in LABELS}
    difference = compare(seconds["before"], seconds["after"])
    return {
        "before": _median(summarise(seconds["before"])),
        "after": _median(summarise(seconds["after"])),
        "spread": {side: summary.spread if (summary := summarise(seconds[side])) else None for side in LABELS},
        "difference_measured": difference.measured if difference else None,
        "runs": [_run(run) for run in runs],
    }


def _median(summary: Summary | None) -> float | None:
    return summary.median if summary else None


def _run(run: Run) -> dict[str, Any]:
    return {
        "side": run.side,
        "round": run.round,
        "outcome": run.outcome,
        "seconds": run.seconds,
        "steps_total": run.steps_total,
        "steps_cached": run.steps_cached,
        "stages": [asdict(stage) for stage in run.stages],
        "export_seconds": run.export_seconds,
        "executed": list(run.executed),
        "torch_bytes": run.torch_bytes,
        "error": run.error,
    }


def _side(side: SideResult) -> dict[str, Any]:
    return {
        "what": side.what,
        "image": side.image,
        "behaviour": _behaviour(side.behaviour) if side.behaviour else None,
        "libraries": _libraries(side.libraries) if side.libraries else None,
        "error": side.error,
        "notes": list(side.notes),
    }


def _behaviour(behaviour: Behaviour) -> dict[str, Any]:
    # Without the logs: they may hold what the person would not hand on.
    return {name: value for name, value in asdict(behaviour).items() if name != "logs"}


def _libraries(libraries: Libraries) -> dict[str, Any]:
    """Without what is there: that would be hundreds of lines."""
    return {
        "files": libraries.files,
        "release": libraries.release,
        "missing": [asdict(one) for one in libraries.missing if one.elsewhere is None],
        "programs": [asdict(one) for one in libraries.programs],
    }


def _size(size: ImageSize | None) -> dict[str, Any] | None:
    return asdict(size) if size else None
