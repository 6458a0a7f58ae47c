"""The branch and whether there are uncommitted changes: `main*`."""

from __future__ import annotations

import subprocess
from pathlib import Path


def repo_note(root: Path) -> str:
    """`main`, `main*` with uncommitted changes, empty outside git. Runs git, so call it from a thread."""
    command = ["git", "-c", "core.fsmonitor=false", "-C", str(root), "status", "--porcelain=v2", "--branch", "-uno"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    branch = ""
    for row in done.stdout.splitlines():
        if row.startswith("# branch.head "):
            branch = row.removeprefix("# branch.head ")
        elif not row.startswith("#"):
            return f"{branch}*"
    return branch
