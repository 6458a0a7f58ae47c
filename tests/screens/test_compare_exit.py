"""What `compare` exits with, and says it exits with."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from screens.cli import main
from screens.commands.compare import finish
from screens.commands.prepare import Repo
from tests.conftest import Engine
from tests.wizard.compare.examples import comparison, side
from wizard.compare.values import SideResult
from wizard.workspace import open_workspace

GOOD = "FROM debian:bookworm-slim\nRUN true\nCMD true\n"
BROKEN = "FROM debian:bookworm-slim\nRUN exit 37\nCMD true\n"


def broken(label: str) -> SideResult:
    return replace(side(label), image=None, error="line 2: exit code: 37")


@pytest.mark.parametrize(
    ("sides", "code"),
    [
        ({}, 0),
        ({"after": broken("after")}, 1),
        ({"before": broken("before")}, 4),
        ({"before": broken("before"), "after": broken("after")}, 4),
        ({"after": broken("after"), "cancelled": True}, 130),
    ],
    ids=["both build", "only the new one does not build", "only the original", "neither", "interrupted"],
)
def test_the_exit_code_of_a_comparison(
    sides: dict[str, SideResult], code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = Repo(open_workspace(tmp_path), "Dockerfile")
    assert finish(repo, comparison(**sides), as_json=True, output=None) == code
    assert '"schema": "dockwiz.compare/1"' in capsys.readouterr().out


def test_the_help_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["compare", "--help"])
    out = " ".join(capsys.readouterr().out.split())
    assert "1 it is not equivalent, which includes that it does not build where the original does" in out


@pytest.mark.engine
@pytest.mark.parametrize(("before", "after", "code"), [(GOOD, BROKEN, 1), (BROKEN, GOOD, 4)])
def test_one_side_that_does_not_build_on_the_engine(
    before: str, after: str, code: int, tmp_path: Path, engine: Engine
) -> None:
    for name, content in (("before", before), ("after", after)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Dockerfile").write_text(content)
    words = ["compare", tmp_path / "after", "--before", tmp_path / "before", "--after", tmp_path / "after"]
    done = subprocess.run(
        [sys.executable, "-m", "screens.cli", *words, "--scenario", "cold"],
        env={**engine.env, "DOCKWIZ_STATE": os.environ["DOCKWIZ_STATE"]},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert ("the new image does not build" if code == 1 else "the original does not build") in done.stdout
