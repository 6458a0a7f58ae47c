"""What `dockwiz compare --json` found for a repository, in the few figures of the table.

The reports themselves hold every run and every stage; measured.json keeps of them what the table shows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from wizard.compare.values import SCENARIOS

FILE = Path(__file__).with_name("measured.json")

Selected = Literal["default", "all"]
SELECTIONS: tuple[Selected, ...] = ("default", "all")


@dataclass(frozen=True, slots=True)
class Measured:
    """One comparison: seconds and bytes, before and after."""

    day: str
    """ISO 8601."""
    rounds: int
    seconds: Mapping[str, tuple[float, float]]
    """Median by scenario; a scenario that was not measured, or that one side did not build, is absent."""
    size: tuple[int, int] | None
    """Unpacked."""
    verdict: str
    noted: tuple[str, ...]
    """Every reason of the verdict that is not harmless."""
    failed: tuple[str, ...]
    """Which sides did not build, and why."""
    broke: bool
    """The image was built before and could not be built after."""
    dockwiz: str
    engine: str


def read_report(path: Path) -> Measured:
    """The figures of one report of `dockwiz compare --json`."""
    report: dict[str, Any] = json.loads(path.read_text("utf-8"))
    scenarios = report["scenarios"]
    pairs = {
        name: (scenarios[name]["before"], scenarios[name]["after"])
        for name in SCENARIOS
        if name in scenarios and None not in (scenarios[name]["before"], scenarios[name]["after"])
    }
    sizes = [report["size"][side]["unpacked"] for side in ("before", "after") if report["size"][side]]
    return Measured(
        day=report["at"][:10],
        rounds=max((run["round"] for found in scenarios.values() for run in found["runs"]), default=0),
        seconds=pairs,
        size=(sizes[0], sizes[1]) if len(sizes) == 2 else None,
        verdict=report["verdict"],
        noted=tuple(reason["text"] for reason in report["reasons"] if reason["severity"] != "harmless"),
        failed=tuple(f"{side}: {report[side]['error']}" for side in ("before", "after") if report[side]["error"]),
        broke=bool(report["size"]["before"]) and not report["size"]["after"],
        dockwiz=report["conditions"]["dockwiz"],
        engine=f"{report['conditions']['engine']} ({report['conditions']['store']})",
    )


def take_in(folder: Path) -> None:
    """Put the reports of a folder, named owner+name.SELECTION.json, into measured.json."""
    known = {key: asdict(found) for key, found in read_measured().items()}
    for selected in SELECTIONS:
        for path in sorted(folder.glob(f"*.{selected}.json")):
            repository = path.name.removesuffix(f".{selected}.json").replace("+", "/", 1)
            known[f"{repository} {selected}"] = asdict(read_report(path))
    FILE.write_text(json.dumps(known, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")


def read_measured() -> dict[str, Measured]:
    """By `owner/name SELECTION`."""
    if not FILE.exists():
        return {}
    document: dict[str, dict[str, Any]] = json.loads(FILE.read_text("utf-8"))
    return {key: _measured(values) for key, values in document.items()}


def _measured(values: Mapping[str, Any]) -> Measured:
    return Measured(
        **{
            **values,
            "seconds": {name: (pair[0], pair[1]) for name, pair in values["seconds"].items()},
            "size": tuple(values["size"]) if values["size"] else None,
            "noted": tuple(values["noted"]),
            "failed": tuple(values["failed"]),
        }
    )
