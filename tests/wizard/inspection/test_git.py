"""What git tells, and that asking is harmless."""

from __future__ import annotations

from wizard.inspection.git import change_counts, line_change_counts, uncommitted


def test_counts_the_commits_that_changed_a_file(history):
    workspace = history({"a": "1", "ä b": "1"}, {"a": "2"}, {"a": "3"})
    assert change_counts(workspace) == {"a": 3, "ä b": 1}


def test_counts_the_commits_that_changed_a_package_line(history):
    workspace = history(
        {"requirements.txt": "Flask==1\nPillow==1\n"}, {"requirements.txt": "flask==2\nPillow==1\n"}, {"x": "y"}
    )
    assert line_change_counts(workspace, "requirements.txt") == {"flask": 2, "pillow": 1}


def test_uncommitted_are_changed_and_untracked_files(history):
    workspace = history({"same": "1", "changed": "1", "gone": "1"})
    (workspace.root / "changed").write_text("2")
    (workspace.root / "new").write_text("2")
    (workspace.root / "gone").unlink()
    assert uncommitted(workspace, ["same", "changed", "new", "gone", "never"]) == {"changed", "new", "gone"}


def test_no_repo_gives_nothing(repo):
    workspace = repo({"a": ""})
    assert change_counts(workspace) == {}
    assert uncommitted(workspace, ["a"]) == frozenset()


def test_no_program_of_the_repos_configuration_runs(history, tmp_path):
    workspace = history({"a": "1", ".gitattributes": "* filter=evil diff=evil\n"}, {"a": "2"})
    command = f"touch {tmp_path}/ran; cat"
    with (workspace.root / ".git/config").open("a") as config:
        config.write(
            f'[core]\n\tfsmonitor = "{command}"\n\tpager = "{command}"\n[filter "evil"]\n\tclean = "{command}"\n'
            f'[diff]\n\texternal = "{command}"\n[diff "evil"]\n\ttextconv = "{command}"\n\tcommand = "{command}"\n'
        )
    (workspace.root / "a").write_text("3")
    assert change_counts(workspace)["a"] == 2
    line_change_counts(workspace, "a")
    assert uncommitted(workspace, ["a"]) == {"a"}
    assert not (tmp_path / "ran").exists()
