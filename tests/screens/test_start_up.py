"""Start-up is a feature: what a command imports, seen from a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("textual", "docker", "requests", "rich", "jinja2", "pygments")


def imported_by(arguments: list[str], folder: Path) -> set[str]:
    script = (
        "import sys\n"
        "from screens.cli import main\n"
        "try:\n"
        f"    assert main({arguments!r}) == 0\n"
        "except SystemExit as end:\n"
        "    assert not end.code\n"
        f"print('\\nLOADED', *[name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.rpartition("LOADED")[2].split())


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text(
        "FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD python app.py\n"
    )
    (tmp_path / "requirements.txt").write_text("flask==3.0.0\n")
    (tmp_path / "app.py").write_text("import flask\n")
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [["--version"], ["--help"], ["plan"], ["plan", "--json"], ["inspect", "--json"], ["apply", "--yes"], ["explain"]],
    ids=" ".join,
)
def test_a_headless_command_imports_neither_textual_nor_docker_nor_requests(arguments: list[str], repo: Path) -> None:
    assert imported_by(arguments, repo) == set()


def test_the_probe_itself_notices_a_heavy_import(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import textual, sys; print('textual' in sys.modules)"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "True"
