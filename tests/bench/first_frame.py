"""How long the wizard takes to its first frame in a terminal, as a multiple of the bare interpreter's start.

Clocked from the start of the process to the moment at which the welcome's first line has reached the terminal. The two
commands take turns, so that a slow second of the machine hits both, and medians are compared.
"""

from __future__ import annotations

import os
import pty
import select
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.start_up import FILES

RUNS = 20
SEEN = b"From a slow"
"""Of the welcome's first line."""
LONGEST = 60.0
"""Seconds after which a start counts as failed."""


def main() -> None:
    """Print the medians and the multiple."""
    with tempfile.TemporaryDirectory(prefix="dockwiz-bench-") as folder:
        repo = Path(folder) / "repo"
        repo.mkdir()
        for name, content in FILES.items():
            (repo / name).write_text(content)
        environment = {
            **os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24",
            "DOCKWIZ_STATE": str(Path(folder) / "state"),
        }  # fmt: skip
        _first_frame(repo, environment)
        bare, frame = [], []
        for _ in range(RUNS):
            bare.append(_bare())
            frame.append(_first_frame(repo, environment))
    base, median = statistics.median(bare), statistics.median(frame)
    print(f"first frame: medians of {RUNS} runs, in turns")
    print(f"  {'python -c pass':<20} {base * 1000:7.1f} ms")
    print(f"  {'dockwiz':<20} {median * 1000:7.1f} ms  {median / base:5.1f} x  fastest {min(frame) * 1000:.1f}")


def _bare() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - started


def _first_frame(repo: Path, environment: dict[str, str]) -> float:
    master, slave = pty.openpty()
    started = time.perf_counter()
    command = [str(Path(sys.executable).with_name("dockwiz")), str(repo)]
    with subprocess.Popen(command, env=environment, stdin=slave, stdout=slave, stderr=slave) as process:
        os.close(slave)
        try:
            return _until_seen(master, started)
        finally:
            process.kill()
            os.close(master)


def _until_seen(terminal: int, started: float) -> float:
    output = b""
    while SEEN not in output:
        left = started + LONGEST - time.perf_counter()
        if left <= 0 or not select.select([terminal], [], [], left)[0]:
            sys.exit(f"no first frame within {LONGEST:.0f} s: {output.decode(errors='replace')}")
        try:
            output += os.read(terminal, 65536)
        except OSError:
            sys.exit(f"the wizard ended before its first frame: {output.decode(errors='replace')}")
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
