"""The engine goes away in the middle: what is said, with which exit code, and what is left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.throwaway import BASE, Throwaway

pytestmark = [pytest.mark.engine, pytest.mark.full]

PROGRAM = Path(sys.executable).with_name("dockwiz")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """What is committed builds at once; what is there now takes its time."""
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "Dockerfile").write_text(f"FROM {BASE}\nRUN echo quick\nCMD sleep 300\n")
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-q", "-m", "one"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    (folder / "Dockerfile").write_text(f"FROM {BASE}\nRUN echo slow; sleep 15\nCMD sleep 300\n")
    return folder


def dockwiz(throwaway: Throwaway, state: Path, *words: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [PROGRAM, *words],
        env={**throwaway.environment, "DOCKWIZ_STATE": str(state)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("end", ["kill", "terminate"])
def test_a_comparison_says_so_and_clean_removes_what_is_left(
    throwaway: Throwaway, repo: Path, tmp_path: Path, end: str
) -> None:
    state = tmp_path / "state"
    with dockwiz(
        throwaway, state, "compare", repo, "--before", "git:HEAD", "--after", repo, "--scenario", "cold"
    ) as process:
        assert process.stderr is not None
        seen = []
        assert any("Building after" in line for line in process.stderr if not seen.append(line)), "".join(seen)
        getattr(throwaway, end)()
        said, errors = process.communicate(timeout=60)
    assert (process.returncode, said) == (3, "")
    last = errors.splitlines()[-1]
    assert last.startswith("dockwiz: the comparison ended in the middle: ")
    assert "`dockwiz clean --yes` removes what is left" in last
    assert not any(line.startswith("Traceback") for line in errors.splitlines())
    assert not list(state.glob("*/compare/*"))

    throwaway.start_again()
    with dockwiz(throwaway, state, "clean", "--yes") as process:
        said, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert "before-cold-1" in said
    with dockwiz(throwaway, state, "clean") as process:
        assert process.communicate(timeout=60) == ("Nothing of dockwiz's is left here.\n", "")


def test_a_build_says_so_and_its_log_can_be_played_back(throwaway: Throwaway, repo: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with dockwiz(throwaway, state, "build", repo, "--progress", "plain") as process:
        assert process.stdout is not None
        seen: list[str] = []
        slow = any("slow" in line and "RUN" not in line for line in process.stdout if not seen.append(line))
        assert slow, "".join(seen) + (process.stderr.read() if process.stderr else "")
        throwaway.kill()
        said, errors = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "the Docker engine stopped answering during the build" in said
    assert "Traceback" not in errors
    (log,) = state.glob("*/builds/*.jsonl")
    with dockwiz(throwaway, state, "build", "--replay", log) as process:
        again, _ = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "the Docker engine stopped answering during the build" in again
    throwaway.start_again()
