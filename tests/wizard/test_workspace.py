"""A Workspace is the repo's files with edits laid over them, and never leads out of its root."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wizard.errors import BadInput
from wizard.workspace import OutsideRoot, Workspace, normalise, open_workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    (root / "service").mkdir(parents=True)
    (root / "service" / "Dockerfile").write_bytes(b"FROM a\n")
    (tmp_path / "repository-next-door").mkdir()
    (tmp_path / "repository-next-door" / "secret").write_text("s")
    return root


def test_the_root_is_the_git_top_level_around_the_context(root: Path) -> None:
    outside_of_git = open_workspace(root / "service")
    assert (outside_of_git.root, outside_of_git.context) == (root / "service", ".")
    (root / ".git").mkdir()
    workspace = open_workspace(root / "service")
    assert (workspace.root, workspace.context) == (root, "service")
    assert workspace.from_context("../x") == "x"
    assert workspace.to_context("service/Dockerfile") == "Dockerfile"
    assert workspace.to_context("services/Dockerfile") is None


def test_a_path_through_a_link_leads_in(root: Path, tmp_path: Path) -> None:
    (tmp_path / "way").symlink_to(root)
    assert open_workspace(tmp_path / "way").root == root


@pytest.mark.parametrize("target", ["..", "../repository-next-door", "/etc", "../repository-next-door/secret"])
def test_links_out_of_the_root_do_not_count_and_are_never_read(root: Path, target: str) -> None:
    (root / "link").symlink_to(target)
    workspace = Workspace(root)
    assert not workspace.exists("link")
    assert not workspace.is_file("link")
    assert not workspace.is_dir("link")
    for path in ("link", "link/x", "service/../../repository-next-door/secret"):
        with pytest.raises(OutsideRoot):
            workspace.read(path)


def test_a_link_that_stays_inside_is_followed(root: Path) -> None:
    (root / "Dockerfile").symlink_to("service/Dockerfile")
    assert Workspace(root).read("Dockerfile") == b"FROM a\n"


def test_edits_are_seen_and_nothing_is_written(root: Path) -> None:
    first = Workspace(root)
    second = first.edit({"service/Dockerfile": b"FROM b\n", "new": b"", "gone": None})
    assert second.read("service/Dockerfile") == b"FROM b\n"
    assert second.is_file("new")
    assert not second.exists("gone")
    assert second.read_on_disk("service/Dockerfile") == first.read("service/Dockerfile") == b"FROM a\n"
    assert not (root / "new").exists()
    with pytest.raises(BadInput, match="gone: is removed by an earlier proposal"):
        second.read("gone")


def test_what_is_no_regular_file_is_not_read(root: Path) -> None:
    os.mkfifo(root / "pipe")
    for path in ("pipe", "service"):
        with pytest.raises(BadInput, match=f"{path}: is not a regular file"):
            Workspace(root).read(path)
    with pytest.raises(BadInput, match="nowhere: cannot be read: no such file or directory"):
        Workspace(root).read("nowhere")


def test_the_whole_file_system_may_be_the_root() -> None:
    assert Workspace(Path("/")).exists("etc")


@pytest.mark.parametrize(("path", "expected"), [("a/./b/../c", "a/c"), ("/a", "a"), ("", "."), ("a/..", ".")])
def test_paths_are_normalised(path: str, expected: str) -> None:
    assert normalise(path) == expected


@pytest.mark.parametrize("path", ["..", "../x", "a/../../x"])
def test_a_path_that_climbs_out_is_refused(path: str) -> None:
    with pytest.raises(OutsideRoot):
        normalise(path)
