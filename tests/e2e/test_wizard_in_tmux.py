"""The whole wizard as a person uses it: in a terminal of 80x24, by keys alone, on a sample, with the real builds."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Engine
from tests.e2e.terminal import COLUMNS, ROWS, Terminal, terminal
from wizard.history.store import entries
from wizard.samples import lay_out
from wizard.state import StateFolder

pytestmark = pytest.mark.engine

LOOK, BUILD, MEASURE = 60.0, 1200.0, 3000.0
"""Seconds to wait at most for a page, for the build, and for the measurement: a busy machine is no failure."""
SAMPLE = "flask-ocr"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return lay_out(SAMPLE, tmp_path / SAMPLE)


@pytest.fixture
def shell(repo: Path, engine: Engine, tmp_path: Path) -> Iterator[Terminal]:
    """A shell in the repo, from which `dockwiz` and the engine can be reached."""
    env = {name: value for name, value in engine.env.items() if name not in ("NO_COLOR", "DOCKWIZ_PLAIN")}
    env["PATH"] = f"{Path(sys.executable).parent}:{env['PATH']}"
    env["DOCKWIZ_STATE"] = str(tmp_path / "state")
    with terminal(repo, env) as opened:
        yield opened
    engine.run(["docker", "image", "rm", "--force", f"{SAMPLE}:dockwiz"])


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of the repo but git's own."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and ".git" not in path.relative_to(folder).parts
    }


def test_from_the_first_look_to_the_measured_report(shell: Terminal, repo: Path, tmp_path: Path) -> None:
    """The frames are kept in the test's folder, to be read by people."""
    original = contents(repo)
    frames = tmp_path / "frames"
    frames.mkdir()

    def see(name: str, *words: str, seconds: float = LOOK) -> str:
        shown = shell.until(*words, seconds=seconds)
        (frames / f"{name}.txt").write_text(shown)
        rows = shown.splitlines()
        assert len(rows) <= ROWS
        assert max(map(len, rows)) <= COLUMNS
        assert "? Help" in rows[-1], shown
        return shown

    shell.type("dockwiz")
    see("0-welcome", "nothing", "not before", "Press enter", seconds=LOOK)

    shell.press("Enter")
    shown = see("1-inspect", "[1 Inspect]", "python (pip)", "Docker", "buildx", "findings", "FROM python:3.11-slim")
    assert "no .dockerignore" in shown
    assert "nothing has been changed" in shown

    shell.press("Enter")
    shown = see("2-propose", "[2 Propose]", "proposals", "Install the dependencies before copying the sources", "Why")
    for title in ("Build in stages of their own", "Keep downloads in cache mounts", "Keep out of the build context"):
        assert re.search(rf"\[x\] {title}.* safe", shown), shown

    shell.press("Enter")
    see("3-diff", "[3 Diff]", "2 files", "not written yet", "enter Apply+Build", "Dockerfile +")
    assert contents(repo) == original

    shell.press("Enter")
    see("4-building", "[4 Build]")
    shown = see("4-build", f"Built {SAMPLE}:dockwiz", "enter Report", seconds=BUILD)
    for stage in ("system-deps", "build-deps", "python-deps", "production", "export"):
        assert re.search(rf"{stage} .*(done|cached)", shown), shown

    shell.press("Enter")
    see("5-before-measuring", "[5 Report]", "Not measured", "measures all of that", "enter Measure")
    shell.press("Enter")
    see("5-measuring", "so far", " of ", "^c Cancel")
    shown = see("5-report", "Measured here", "Verdict", seconds=MEASURE)
    # One cold build a side on a machine that may be busy: there are two figures, and nothing is claimed about them.
    assert re.search(r"Cold build +\d.* (s|min) +\d", shown), shown
    for row in ("Rebuild after a source edit", "Image size", "Build context"):
        assert re.search(rf"{row}.* -\d[\d.]* %", shown), shown
    assert "the new image does the same job" in shown

    shell.press("q")
    # What is typed before the wizard is gone would go to it.
    shell.until("Run it", "Again", "dockwiz report", seconds=LOOK)
    shell.type('echo "left with $?"')
    shell.until("left with 0", seconds=LOOK)
    printed = shell.everything()
    assert "written: .dockerignore, Dockerfile" in printed
    assert re.search(r"Rebuild after a source edit.* -\d[\d.]* %", printed)
    assert "the new image does the same job" in printed
    assert "Traceback" not in printed
    assert contents(repo) != original

    (state,) = (path for path in (tmp_path / "state").iterdir() if path.name.startswith(SAMPLE))
    remembered = entries(StateFolder(state)).entries
    assert {(entry.side, entry.scenario) for entry in remembered if entry.kind == "compare"} == {
        (side, scenario) for side in ("before", "after") for scenario in ("cold", "unchanged", "source")
    }

    shell.type("clear; dockwiz undo --yes")
    shell.until("Put back", seconds=LOOK)
    assert contents(repo) == original
