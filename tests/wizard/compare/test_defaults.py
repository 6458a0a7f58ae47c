"""What is compared where the person names nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from screens.commands.compare import _sides
from screens.commands.prepare import open_repo
from screens.options import parse_options
from wizard.compare.defaults import since_last_apply
from wizard.compare.sides import Side
from wizard.inspection import inspect
from wizard.plan.apply import apply
from wizard.plan.fold import make_plan
from wizard.state import StateFolder
from wizard.workspace import Workspace, open_workspace

DOCKERFILE = (
    'FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD ["python", "app.py"]\n'
)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    for name in ("Dockerfile", "dev.Dockerfile"):
        (root / name).write_text(DOCKERFILE)
    (root / "requirements.txt").write_text("flask==3.0.0\n")
    return root


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "state")


def apply_to(root: Path, dockerfile: str, state: StateFolder) -> Workspace:
    workspace = open_workspace(root)
    apply(make_plan(workspace, inspect(workspace, dockerfile)), state)
    return open_workspace(root)


def content(side: Side) -> bytes:
    assert side.workspace is not None
    assert side.dockerfile is not None
    return side.workspace.read(side.dockerfile)


def test_without_a_dockerfile_named_it_is_the_last_apply_whatever_it_was_to(repo: Path, state: StateFolder) -> None:
    apply_to(repo, "Dockerfile", state)
    found = since_last_apply(apply_to(repo, "dev.Dockerfile", state), state)
    assert found is not None
    assert {side.dockerfile for side in found[:2]} == {"dev.Dockerfile"}


def test_a_dockerfile_that_is_named_is_the_one_compared(repo: Path, state: StateFolder) -> None:
    apply_to(repo, "Dockerfile", state)
    workspace = apply_to(repo, "dev.Dockerfile", state)
    found = since_last_apply(workspace, state, "Dockerfile")
    assert found is not None
    assert {side.dockerfile for side in found[:2]} == {"Dockerfile"}
    assert content(found[0]) == DOCKERFILE.encode()
    assert content(found[1]) == (repo / "Dockerfile").read_bytes() != DOCKERFILE.encode()
    assert since_last_apply(workspace, state, "other.Dockerfile") is None


def test_one_side_named_where_there_is_no_plan_is_compared_with_the_folder_as_it_is(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKWIZ_STATE", str(tmp_path / "home"))
    skipped = "dependency-layer,cache-mounts,pip-no-cache,dockerignore"
    words = ["compare", str(repo), "--before", str(repo), "--skip", skipped]
    options = parse_options(words)
    before, after, change, saved = _sides(open_repo(options), options)
    assert before.what == str(repo)
    assert after.what == "the folder as it is"
    assert (change.proposals, saved) == ((), 0)
