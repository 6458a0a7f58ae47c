"""The listing of the repo's files: what is skipped, and that it stays bounded and inside."""

from __future__ import annotations

from pathlib import Path

from wizard.inspection.files import list_files, read_text


def test_skips_version_control_installed_packages_and_tool_caches(repo):
    workspace = repo({"a.py": "", "node_modules/x/index.js": "", "pkg/__pycache__/a.pyc": "", ".git/config": ""})
    assert list_files(workspace).files == ("a.py",)


def test_skips_a_virtual_environment_whatever_its_name(repo):
    workspace = repo({"a.py": "", "myenv/pyvenv.cfg": "", "myenv/lib/b.py": "", "out/CACHEDIR.TAG": "", "out/x": ""})
    assert list_files(workspace).files == ("a.py",)


def test_keeps_ci_folders(repo):
    assert list_files(repo({".github/workflows/ci.yml": ""})).files == (".github/workflows/ci.yml",)


def test_lists_files_near_the_root_first_and_says_when_it_stops(repo):
    listing = list_files(repo({"z.py": "", "a/b/c.py": "", "a/b.py": ""}), limit=2)
    assert listing.files == ("z.py", "a/b.py")
    assert "more than 2 files" in listing.notes[0]


def test_never_follows_links_out_of_the_root_nor_to_folders(repo, tmp_path: Path):
    workspace = repo({"a/inner.txt": "x"})
    (tmp_path / "secret.txt").write_text("s")
    (workspace.root / "out.txt").symlink_to(tmp_path / "secret.txt")
    (workspace.root / "in.txt").symlink_to("a/inner.txt")
    (workspace.root / "loop").symlink_to(".")
    assert list_files(workspace).files == ("in.txt", "a/inner.txt")
    assert read_text(workspace, "out.txt") is None


def test_sees_pending_edits(repo):
    workspace = repo({"a.txt": "", "b.txt": ""}).edit({"a.txt": None, "sub/new.txt": b"x"})
    assert list_files(workspace).files == ("b.txt", "sub/new.txt")


def test_text_of_a_binary_or_huge_file_is_not_read(repo):
    workspace = repo({"b.bin": b"\0x", "big.txt": "x" * 11})
    assert read_text(workspace, "b.bin") is None
    assert read_text(workspace, "big.txt", limit=10) is None
