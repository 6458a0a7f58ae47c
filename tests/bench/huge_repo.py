"""How long a repo of 100,000 files takes: the inspection and the plan."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.screens.test_huge_repo import EACH, FOLDERS, write_files
from wizard.inspection import inspect
from wizard.plan.fold import make_plan
from wizard.workspace import open_workspace

RUNS = 5


def main() -> None:
    """Print the fastest of a few runs of each."""
    with tempfile.TemporaryDirectory(prefix="dockwiz-bench-") as folder:
        write_files(Path(folder))
        workspace = open_workspace(Path(folder))
        found = inspect(workspace, "Dockerfile")
        print(f"{FOLDERS * EACH:,} files: fastest of {RUNS} runs")
        _time("inspect", lambda: inspect(workspace, "Dockerfile"))
        _time("plan", lambda: make_plan(workspace, found))


def _time(name: str, work: Callable[[], object]) -> None:
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    print(f"  {name:<8} {min(seconds):6.2f} s")


if __name__ == "__main__":
    main()
