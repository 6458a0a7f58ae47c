"""A checkout that the image asks git about stays whole: with a tracked file less, `git describe` calls it dirty."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from wizard.assets import knowledge
from wizard.ignorefile import parse
from wizard.inspection import inspect
from wizard.plan.fold import make_plan
from wizard.plan.selection import Selection
from wizard.workspace import Workspace, open_workspace

FILES = {
    "Dockerfile": "FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install .\n",
    "pyproject.toml": '[build-system]\nrequires = ["setuptools>=64", "setuptools-scm>=8"]\n',
    "shop/__init__.py": "",
    ".github/workflows/ci.yml": "on: push\n",
    ".gitattributes": "* text=auto\n",
    ".gitignore": ".venv\n",
}


def ignore_file_of(workspace: Workspace) -> bytes:
    selection = Selection(only=frozenset({"dockerignore"}))
    plan = make_plan(workspace, inspect(workspace, "Dockerfile", with_history=False), selection)
    path = workspace.from_context(".dockerignore")
    return plan.result.read(path) if plan.result.is_file(path) else b""


def described(checkout: Path, ignore: bytes) -> str:
    """What git says of the files that the ignore file lets into the context."""
    excluded = parse(ignore).explain
    for path in sorted(checkout.rglob("*"), reverse=True):
        name = path.relative_to(checkout).as_posix()
        if path.is_file() and not name.startswith(".git/") and excluded(name)[0]:
            path.unlink()
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, cwd=checkout, check=True, capture_output=True, text=True).stdout.strip()


def test_a_clean_checkout_stays_clean_with_the_proposed_ignore_file(history: Callable[..., Workspace]) -> None:
    workspace = history(FILES)
    ignore = ignore_file_of(workspace)
    assert ignore
    assert not described(workspace.root, ignore).endswith("-dirty")


def test_it_stays_clean_when_the_ignore_file_is_committed(history: Callable[..., Workspace], tmp_path: Path) -> None:
    ignore = ignore_file_of(history(FILES))
    shutil.rmtree(tmp_path / "history")
    committed = history({**FILES, ".dockerignore": ignore})
    assert not described(committed.root, ignore).endswith("-dirty")


def test_what_git_ignores_is_dropped_all_the_same(history: Callable[..., Workspace]) -> None:
    workspace = history(FILES)
    (workspace.root / ".venv/bin").mkdir(parents=True)
    (workspace.root / ".venv/bin/python").write_text("x")
    assert b"**/.venv" in ignore_file_of(open_workspace(workspace.root)).splitlines()


def test_where_git_does_not_reach_the_image_what_it_tracks_is_dropped(history: Callable[..., Workspace]) -> None:
    workspace = history({**FILES, ".dockerignore": ".git\n"})
    assert b".github" in ignore_file_of(workspace).splitlines()


def test_a_context_below_the_repository_has_no_git_to_ask(history: Callable[..., Workspace]) -> None:
    workspace = history({f"service/{name}": content for name, content in FILES.items()})
    below = Workspace(workspace.root, "service")
    plan = make_plan(below, inspect(below, "service/Dockerfile", with_history=False), Selection())
    assert b".github" in plan.result.read("service/.dockerignore").splitlines()


def test_every_expression_of_the_catalogue_has_the_words_without_which_it_is_not_tried() -> None:
    entries = [entry for entry in knowledge("ignore_patterns")["pattern"] if entry.get("needed_when")]
    assert entries
    assert [entry["pattern"] for entry in entries if not entry.get("signs")] == []
