"""Repositories for inspection tests: written below tmp_path from a mapping of path to content."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from wizard.workspace import Workspace, open_workspace

MakeRepo = Callable[..., Workspace]


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def git(root: Path, *arguments: str) -> None:
    identity = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b.c", "GIT_COMMITTER_NAME": "a"}
    environment = {**os.environ, **identity, "GIT_COMMITTER_EMAIL": "a@b.c", "GIT_CONFIG_GLOBAL": "/dev/null"}
    subprocess.run(["git", *arguments], cwd=root, env=environment, check=True, capture_output=True)


@pytest.fixture
def repo(tmp_path: Path) -> MakeRepo:
    """`repo({"Dockerfile": "…"}, context="service")`: a workspace on those files, below a `.git` folder."""

    def make(files: Mapping[str, str | bytes], context: str = ".") -> Workspace:
        root = tmp_path / "repo"
        (root / ".git").mkdir(parents=True, exist_ok=True)
        (root / context).mkdir(parents=True, exist_ok=True)
        write(root, files)
        return open_workspace(root / context)

    return make


@pytest.fixture
def history(tmp_path: Path) -> Callable[..., Workspace]:
    """`history({…}, {…})`: a real git repository with one commit for each mapping."""

    def make(*commits: Mapping[str, str | bytes]) -> Workspace:
        root = tmp_path / "history"
        root.mkdir()
        git(root, "init", "-q")
        for files in commits:
            write(root, files)
            git(root, "add", "-A")
            git(root, "commit", "-qm", "change")
        return open_workspace(root)

    return make
