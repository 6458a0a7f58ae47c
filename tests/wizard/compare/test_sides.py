from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from wizard.compare.sides import materialise, parse_side, replace_file, side_of_workspace
from wizard.errors import BadInput
from wizard.inspection.context.measure import measure_context
from wizard.workspace import Workspace, open_workspace


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    (folder / "app" / "empty").mkdir(parents=True)
    (folder / "app" / "main.py").write_text("print('one')\n")
    (folder / "app" / "start.sh").write_text("#!/bin/sh\n")
    (folder / "app" / "start.sh").chmod(0o755)
    (folder / "app" / "current").symlink_to("main.py")
    (folder / "app" / "data.bin").write_bytes(b"\0" * 5000)
    (folder / "app" / ".dockerignore").write_text("*.bin\n")
    (folder / "docker").mkdir()
    (folder / "docker" / "Dockerfile").write_text("FROM scratch\nCOPY . .\n")
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "one")
    return folder


def test_a_copy_has_the_build_context_and_what_steers_the_build(repo: Path, tmp_path: Path) -> None:
    workspace = open_workspace(repo / "app")
    copy = materialise(side_of_workspace("before", "now", workspace, "docker/Dockerfile"), tmp_path / "copy")
    root = copy.workspace.root
    assert (root / "app" / "main.py").read_text() == "print('one')\n"
    assert (root / "app" / "empty").is_dir()
    assert (root / "app" / "current").readlink() == Path("main.py")
    assert os.access(root / "app" / "start.sh", os.X_OK)
    assert (root / "docker" / "Dockerfile").read_text() == "FROM scratch\nCOPY . .\n"
    assert not (root / "app" / "data.bin").exists()


def test_the_context_of_a_copy_measures_as_the_original(repo: Path, tmp_path: Path) -> None:
    workspace = open_workspace(repo / "app").edit({"app/.dockerignore": b"*.bin\n*.sh\n", "app/new.py": b"x"})
    copy = materialise(side_of_workspace("after", "plan", workspace, "docker/Dockerfile"), tmp_path / "copy")
    original = measure_context(workspace, "docker/Dockerfile", with_paths=True)
    assert measure_context(copy.workspace, "docker/Dockerfile", with_paths=True) == original


def test_pending_edits_are_in_the_copy_and_nowhere_else(repo: Path, tmp_path: Path) -> None:
    workspace = open_workspace(repo / "app").edit({"app/main.py": b"print('two')\n", "app/start.sh": None})
    copy = materialise(side_of_workspace("after", "plan", workspace, "docker/Dockerfile"), tmp_path / "copy")
    assert (copy.workspace.root / "app" / "main.py").read_bytes() == b"print('two')\n"
    assert not (copy.workspace.root / "app" / "start.sh").exists()
    assert (repo / "app" / "main.py").read_text() == "print('one')\n"


def test_a_revision_is_what_git_holds_of_it(repo: Path, tmp_path: Path) -> None:
    (repo / "app" / "main.py").write_text("print('two')\n")
    (repo / "app" / "untracked.py").write_text("")
    workspace = open_workspace(repo / "app")
    copy = materialise(parse_side("before", "git:HEAD", workspace, "docker/Dockerfile"), tmp_path / "copy")
    root = copy.workspace.root
    assert (root / "app" / "main.py").read_text() == "print('one')\n"
    assert os.access(root / "app" / "start.sh", os.X_OK)
    assert (root / "app" / "current").is_symlink()
    assert not (root / "app" / "untracked.py").exists()
    assert "clean checkout" in copy.notes[0]


def test_filters_that_the_repo_names_are_not_run(repo: Path, tmp_path: Path) -> None:
    (repo / ".gitattributes").write_text("*.py filter=evil\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "two")
    git(repo, "config", "filter.evil.smudge", f"touch {tmp_path}/ran")
    workspace = open_workspace(repo / "app")
    materialise(parse_side("before", "git:HEAD", workspace, "docker/Dockerfile"), tmp_path / "copy")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("what", ["git:no-such-branch", "git:--output=x", "git:", "image:", "/no/such/folder"])
def test_what_names_nothing_is_bad_input(what: str, repo: Path, tmp_path: Path) -> None:
    workspace = open_workspace(repo / "app")
    with pytest.raises(BadInput):
        materialise(parse_side("before", what, workspace, "docker/Dockerfile"), tmp_path / "copy")


def test_a_revision_without_the_dockerfile_is_named(repo: Path, tmp_path: Path) -> None:
    workspace = open_workspace(repo / "app")
    with pytest.raises(BadInput, match="git:HEAD: docker/Other"):
        materialise(parse_side("before", "git:HEAD", workspace, "docker/Other"), tmp_path / "copy")


def test_another_folder_is_its_own_context(repo: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "Dockerfile").write_text("FROM scratch\n")
    side = parse_side("after", str(other), Workspace(repo), "docker/Dockerfile")
    assert side.dockerfile == "Dockerfile"
    copy = materialise(side, tmp_path / "copy")
    assert (copy.workspace.root / "Dockerfile").read_text() == "FROM scratch\n"


def test_replacing_a_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "run.sh"
    path.write_text("a")
    path.chmod(0o750)
    replace_file(path, b"b")
    assert path.read_bytes() == b"b"
    assert stat.S_IMODE(path.stat().st_mode) == 0o750
    assert list(tmp_path.iterdir()) == [path]
