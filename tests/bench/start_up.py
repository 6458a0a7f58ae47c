"""How long a command takes from the shell's view, as a multiple of the bare interpreter's start.

The commands take turns, so that a slow second of the machine hits all of them, and medians are compared.
Budgets: `--version` within 2.5 times, `plan` on a small repo, and on a sample, within 10 times.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from wizard.samples import lay_out

RUNS = 40
BARE = "python -c pass"
SAMPLE = "flask-torch"
BUDGETS = {"dockwiz --version": 2.5, "dockwiz plan": 10.0, f"dockwiz plan {SAMPLE}": 10.0}

FILES = {
    "Dockerfile": (
        "FROM python:3.11-slim\nWORKDIR /app\n"
        "RUN apt-get update && apt-get install -y curl gcc && rm -rf /var/lib/apt/lists/*\n"
        "COPY . .\nRUN pip install -r requirements.txt\n"
        'HEALTHCHECK CMD curl -f http://localhost:8000/\nCMD ["python", "app.py"]\n'
    ),
    "requirements.txt": "flask==3.0.0\nrequests==2.32.3\n",
    "app.py": "import flask\n\napp = flask.Flask(__name__)\n",
    "README.md": "# A small repo\n",
}


def main() -> None:
    """Print the medians and the multiples."""
    with tempfile.TemporaryDirectory(prefix="dockwiz-bench-") as folder:
        repo = _make_repo(Path(folder) / "repo")
        sample = lay_out(SAMPLE, Path(folder) / SAMPLE)
        dockwiz = str(Path(sys.executable).with_name("dockwiz"))
        commands = {
            BARE: [sys.executable, "-c", "pass"],
            "dockwiz --version": [dockwiz, "--version"],
            "dockwiz plan": [dockwiz, "plan", str(repo)],
            f"dockwiz plan {SAMPLE}": [dockwiz, "plan", str(sample)],
        }
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for command in commands.values():
            _time(command)
        for _ in range(RUNS):
            for name, command in commands.items():
                seconds[name].append(_time(command))
    bare = statistics.median(seconds[BARE])
    print(f"start-up: medians of {RUNS} runs, in turns")
    for name, values in seconds.items():
        median = statistics.median(values)
        budget = f"  (budget {BUDGETS[name]:g})" if name in BUDGETS else ""
        print(f"  {name:<24} {median * 1000:7.1f} ms  {median / bare:5.1f} x{budget}  fastest {min(values) * 1000:.1f}")


def _make_repo(folder: Path) -> Path:
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_text(content)
    git = ["git", "-C", str(folder), "-c", "user.name=bench", "-c", "user.email=bench@example.invalid"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "All of it"]):
        subprocess.run([*git, *words], check=True)
    return folder


def _time(command: list[str]) -> float:
    # With bytecode, as every installed package has it: the first call writes it where it is missing.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed: {done.stderr.decode()}")
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
