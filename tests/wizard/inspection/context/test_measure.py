"""The eligible files of the build context, pending edits included."""

from __future__ import annotations

import pytest

from wizard.errors import DockwizError
from wizard.inspection.context.measure import eligible, ignore_file, measure_context


def test_counts_files_and_bytes_and_names_the_largest(repo):
    workspace = repo(
        {"svc/Dockerfile": "x", "svc/data/a": "123456", "svc/data/b": "1", "svc/c": "22", "other": "0"}, context="svc"
    )
    context = measure_context(workspace, "svc/Dockerfile", with_paths=True)
    assert (context.files, context.bytes, context.ignore_file) == (4, 10, None)
    assert context.paths == ("Dockerfile", "c", "data/a", "data/b")
    assert [(entry.path, entry.files, entry.bytes) for entry in context.largest][:2] == [("data", 2, 7), ("c", 1, 2)]


def test_links_count_and_are_not_followed(repo):
    workspace = repo({"Dockerfile": ""})
    (workspace.root / ".git").rmdir()
    (workspace.root / "link").symlink_to("/usr")
    context = measure_context(workspace, "Dockerfile", with_paths=True)
    assert context.paths == ("Dockerfile", "link")


def test_a_pending_ignore_file_and_pending_files_count(repo):
    workspace = repo({"Dockerfile": "", "data/a": "123", "gone": "1", "big": "1"})
    edited = workspace.edit(
        {".dockerignore": b"data\n*.log\n", "gone": None, "big": b"12345", "new": b"12", "x.log": b"1"}
    )
    context = measure_context(edited, "Dockerfile", with_paths=True)
    assert context.paths == (".dockerignore", "Dockerfile", "big", "new")
    assert context.bytes == 11 + 5 + 2
    assert context.ignore_file == ".dockerignore"


def test_the_dockerfiles_own_ignore_file_replaces_the_common_one(repo):
    workspace = repo({".dockerignore": "a\n", "d/Dockerfile": "", "d/Dockerfile.dockerignore": "b\n", "a": "", "b": ""})
    assert ignore_file(workspace, "d/Dockerfile") == "d/Dockerfile.dockerignore"
    assert eligible(workspace, "d/Dockerfile", "a")
    assert not eligible(workspace, "d/Dockerfile", "b")


def test_a_dockerfile_beside_the_context(repo):
    workspace = repo({"d/Dockerfile": "", "d/Dockerfile.dockerignore": "b\n", "svc/b": "", "svc/c": ""}, context="svc")
    assert measure_context(workspace, "d/Dockerfile", with_paths=True).paths == ("c",)


def test_an_ignore_file_that_buildkit_refuses_is_bad_input(repo):
    with pytest.raises(DockwizError, match=r"\.dockerignore:2"):
        measure_context(repo({"Dockerfile": "", ".dockerignore": "a\n[\n"}), "Dockerfile")
