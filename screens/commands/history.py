"""`dockwiz history`: the measurements of this repo over time."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys

from wizard.history.store import Entry, entries
from wizard.report.units import seconds, size
from wizard.state import state_folder
from wizard.workspace import open_workspace


def run(options: argparse.Namespace) -> int:
    workspace = open_workspace(options.path)
    history = entries(state_folder(workspace.root))
    if history.note is not None:
        print(f"dockwiz: {history.note}", file=sys.stderr)
    if options.json:
        rows = [dataclasses.asdict(entry) for entry in history.entries]
        print(json.dumps({"schema": "dockwiz.history/1", "measurements": rows}, indent=2))
    elif not history.entries:
        print("Nothing was measured here yet: `dockwiz compare` does.")
    else:
        print(f"{'when':<17}{'what':<18}{'time':>12}{'cached':>9}{'image':>10}{'context':>10}  commit")
        print("\n".join(_line(entry) for entry in history.entries))
    return 0


def _line(entry: Entry) -> str:
    what = " ".join(part for part in (entry.side, entry.scenario) if part)
    cached = f"{entry.steps_cached}/{entry.steps_total}"
    commit = (entry.commit or "")[:8]
    return (
        f"{entry.at[:16].replace('T', ' '):<17}{what:<18}{seconds(entry.seconds):>12}{cached:>9}"
        f"{size(entry.image_bytes):>10}{size(entry.context_bytes):>10}  {commit}"
    ).rstrip()
