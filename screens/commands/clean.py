"""`dockwiz clean`: list, and with --yes remove, what dockwiz made."""

from __future__ import annotations

import argparse
import sys

from wizard.build.engines import connect, probe_engine
from wizard.compare.clean import find_leftovers, remove
from wizard.report.units import size
from wizard.state import state_home


def run(options: argparse.Namespace) -> int:
    engine = probe_engine()
    api = None if isinstance(engine, str) else connect()
    if isinstance(engine, str):
        print(f"dockwiz: only files are looked at: {engine}", file=sys.stderr)
    found = find_leftovers(api, state_home())
    idle = tuple(leftover for leftover in found if not leftover.in_use)
    for leftover in found:
        use = "  in use, left alone" if leftover.in_use else ""
        print(f"{leftover.kind:<14}{size(leftover.bytes):>9}  {leftover.name}{use}")
    if not found:
        print("Nothing of dockwiz's is left here.")
        return 0
    if not options.yes:
        print(f"\n{len(idle)} to remove: run `dockwiz clean --yes`.")
        return 0
    problems = remove(api, idle)
    for problem in problems:
        print(f"dockwiz: could not remove {problem}", file=sys.stderr)
    print(f"\nRemoved {len(idle) - len(problems)}.")
    return 2 if problems else 0
