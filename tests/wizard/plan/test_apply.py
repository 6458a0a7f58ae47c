"""Applying writes wholly or not at all, and undo gives every byte back."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from wizard.belonging import SeveralProjects
from wizard.errors import BadInput
from wizard.inspection.values import BuildContext, Evidence, Inspection
from wizard.plan import journal
from wizard.plan.apply import ChangedAgain, ChangedOnDisk, UndoWouldLose, apply, undo, write_copy
from wizard.plan.files import CannotWrite, write_all
from wizard.plan.fold import Plan, make_plan
from wizard.rules.base import Proposal, View
from wizard.state import StateFolder
from wizard.workspace import Workspace, open_workspace

DOCKERFILE = b"FROM python:3.11-slim\r\nCOPY . .\n# caf\xe9 in latin-1\nRUN pip install flask"


class AddsACommentAndAFile:
    """A rule for these tests: a comment at the end, and an ignore file."""

    ID = "dockerignore"
    TITLE = "Test rule"
    CATEGORY = "speed"

    def propose(self, view: View) -> Proposal | None:
        if view.document.source.endswith(b"# end\n"):
            return None
        edits = {view.dockerfile: view.document.source + b"\n# end\n", ".dockerignore": b".git\n"}
        return Proposal(self.ID, self.TITLE, "speed", "safe", "because", (Evidence(view.dockerfile, 1, "FROM"),), edits)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "Dockerfile").write_bytes(DOCKERFILE)
    (folder / "Dockerfile").chmod(0o640)
    return folder


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "state" / "repo")


def plan_of(repo: Path, dockerfile: str = "Dockerfile") -> Plan:
    workspace = open_workspace(repo)
    inspection = Inspection((dockerfile,), dockerfile, (), BuildContext(0, 0, None, ()), (), ())
    return make_plan(workspace, inspection, rules=[AddsACommentAndAFile()])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_apply_then_undo_leaves_the_folder_byte_for_byte_as_it_was(repo: Path, state: StateFolder) -> None:
    before = contents(repo)
    applied = apply(plan_of(repo), state)
    assert applied.files == (".dockerignore", "Dockerfile")
    assert (repo / "Dockerfile").read_bytes() == DOCKERFILE + b"\n# end\n"
    assert undo(open_workspace(repo), state).files == (".dockerignore", "Dockerfile")
    assert contents(repo) == before


def test_a_replaced_file_keeps_its_mode(repo: Path, state: StateFolder) -> None:
    apply(plan_of(repo), state)
    assert stat.S_IMODE((repo / "Dockerfile").stat().st_mode) == 0o640


def test_a_linked_dockerfile_stays_a_link(repo: Path, state: StateFolder) -> None:
    (repo / "Dockerfile").rename(repo / "real")
    (repo / "Dockerfile").symlink_to("real")
    apply(plan_of(repo), state)
    assert (repo / "Dockerfile").is_symlink()
    assert (repo / "real").read_bytes().endswith(b"# end\n")


def test_a_file_that_changed_since_the_plan_is_not_overwritten(repo: Path, state: StateFolder) -> None:
    plan = plan_of(repo)
    (repo / "Dockerfile").write_text("FROM scratch\n")
    with pytest.raises(ChangedOnDisk, match="Dockerfile: changed on disk"):
        apply(plan, state)
    assert contents(repo) == {"Dockerfile": b"FROM scratch\n"}


def test_an_ignore_file_that_appeared_since_the_plan_is_not_overwritten(repo: Path, state: StateFolder) -> None:
    plan = plan_of(repo)
    (repo / ".dockerignore").write_text("mine\n")
    with pytest.raises(ChangedOnDisk):
        apply(plan, state)
    assert (repo / ".dockerignore").read_text() == "mine\n"


def test_undo_after_later_edits_refuses_and_leaves_a_patch_that_takes_our_changes_out(
    repo: Path, state: StateFolder
) -> None:
    apply(plan_of(repo), state)
    edited = (repo / "Dockerfile").read_bytes() + b"USER app\n"
    (repo / "Dockerfile").write_bytes(edited)
    with pytest.raises(UndoWouldLose) as refusal:
        undo(open_workspace(repo), state)
    assert "+USER app" in refusal.value.lost
    assert b"-# end" in refusal.value.patch.read_bytes()
    assert (repo / "Dockerfile").read_bytes() == edited


def test_undo_takes_back_an_apply_that_was_killed_between_two_files(repo: Path, state: StateFolder) -> None:
    before = contents(repo)
    plan = plan_of(repo)
    originals = {path: plan.originals[path] for path in plan.changes}
    journal.record(state, ("dockerignore",), ".", "Dockerfile", originals, plan.changes)
    write_all(repo, {".dockerignore": plan.changes[".dockerignore"]})
    undo(open_workspace(repo), state)
    assert contents(repo) == before


def test_several_applies_are_undone_one_after_the_other(repo: Path, state: StateFolder) -> None:
    apply(plan_of(repo), state)
    middle = contents(repo)
    (repo / "Dockerfile").write_bytes(middle["Dockerfile"] + b"RUN true\n")
    (repo / ".dockerignore").unlink()
    second = contents(repo)
    apply(plan_of(repo), state)
    undo(open_workspace(repo), state)
    assert contents(repo) == second


@pytest.fixture
def projects(repo: Path) -> Path:
    """A repository of two projects, with a Dockerfile at its top."""
    (repo / ".git").mkdir()
    for name in ("api", "web"):
        (repo / name).mkdir()
        (repo / name / "Dockerfile").write_bytes(DOCKERFILE)
    return repo


def test_an_undo_takes_back_the_apply_for_its_own_path(projects: Path, state: StateFolder) -> None:
    apply(plan_of(projects / "api", "api/Dockerfile"), state)
    apply(plan_of(projects / "web", "web/Dockerfile"), state)
    assert undo(open_workspace(projects / "api"), state).files == (".dockerignore", "api/Dockerfile")
    assert (projects / "api" / "Dockerfile").read_bytes() == DOCKERFILE
    assert (projects / "web" / "Dockerfile").read_bytes() != DOCKERFILE
    assert undo(open_workspace(projects / "api"), state).files == ()
    # Only one is left below the top.
    assert undo(open_workspace(projects), state).files == ("web/Dockerfile",)


def test_an_undo_around_several_projects_asks_which(projects: Path, state: StateFolder) -> None:
    apply(plan_of(projects / "api", "api/Dockerfile"), state)
    apply(plan_of(projects / "web", "web/Dockerfile"), state)
    with pytest.raises(SeveralProjects, match="api and web"):
        undo(open_workspace(projects), state)
    assert (projects / "web" / "Dockerfile").read_bytes() != DOCKERFILE
    apply(plan_of(projects), state)
    assert undo(open_workspace(projects), state).files == ("Dockerfile",)


def test_an_undo_does_not_take_back_what_another_project_changed_later(projects: Path, state: StateFolder) -> None:
    apply(plan_of(projects / "api", "api/Dockerfile"), state)
    (projects / "api" / "Dockerfile").write_bytes(DOCKERFILE)
    apply(plan_of(projects, "api/Dockerfile"), state)
    now = (projects / "api" / "Dockerfile").read_bytes()
    with pytest.raises(
        ChangedAgain, match=r"api/Dockerfile: was changed again by a later apply for \. \(first: dockwiz"
    ):
        undo(open_workspace(projects / "api"), state)
    assert (projects / "api" / "Dockerfile").read_bytes() == now
    undo(open_workspace(projects), state)
    assert undo(open_workspace(projects / "api"), state).files == (".dockerignore", "api/Dockerfile")


def test_nothing_to_undo_is_said_not_raised(repo: Path, state: StateFolder) -> None:
    assert undo(open_workspace(repo), state).files == ()


def test_two_writers_at_once_do_not_mix(repo: Path, state: StateFolder) -> None:
    with journal.exclusively(state), pytest.raises(journal.JournalError, match="another dockwiz"):
        apply(plan_of(repo), state)
    assert contents(repo) == {"Dockerfile": DOCKERFILE}


def test_a_disk_that_refuses_the_second_file_leaves_the_first_as_it_was(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync
    calls = []

    def full_disk(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(CannotWrite, match="no space left on device"):
        write_all(repo, {".dockerignore": b".git\n", "Dockerfile": b"FROM scratch\n"})
    assert contents(repo) == {"Dockerfile": DOCKERFILE}


def test_no_file_that_names_another_is_there_before_it_or_after_it(repo: Path) -> None:
    (repo / "Dockerfile").unlink()
    (repo / "Dockerfile").mkdir()
    (repo / "old.txt").write_text("old\n")
    with pytest.raises(OSError):
        write_all(repo, {"Dockerfile": b"FROM scratch\nCOPY new.txt /\n", "new.txt": b"new\n", "old.txt": None})
    assert (repo / "new.txt").exists()
    assert (repo / "old.txt").exists()


def test_an_undo_after_our_changes_were_taken_out_by_hand_leaves_the_edits(repo: Path, state: StateFolder) -> None:
    plan = plan_of(repo)
    apply(plan, state)
    (repo / "Dockerfile").write_bytes(DOCKERFILE + b"# mine\n")
    assert undo(open_workspace(repo), state).files == (".dockerignore",)
    assert contents(repo) == {"Dockerfile": DOCKERFILE + b"# mine\n"}
    assert undo(open_workspace(repo), state).files == ()


def test_the_journal_is_readable_by_the_person_only(repo: Path, state: StateFolder) -> None:
    apply(plan_of(repo), state)
    for path in [state.path, *state.path.rglob("*")]:
        if path.name != "lock":
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_output_writes_into_another_folder_and_leaves_the_repo(repo: Path, tmp_path: Path) -> None:
    done = write_copy(plan_of(repo), tmp_path / "out")
    assert done.files == (".dockerignore", "Dockerfile")
    assert contents(repo) == {"Dockerfile": DOCKERFILE}
    assert (tmp_path / "out" / ".dockerignore").read_bytes() == b".git\n"


def test_output_does_not_overwrite_what_is_there(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "Dockerfile").write_text("mine")
    with pytest.raises(BadInput, match="is there already"):
        write_copy(plan_of(repo), tmp_path / "out")


def test_a_link_that_leads_out_of_the_repo_is_not_read(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (repo / "requirements.txt").symlink_to(tmp_path / "secret")
    workspace = Workspace(repo)
    assert not workspace.exists("requirements.txt")
    with pytest.raises(BadInput, match="leads outside"):
        workspace.read("requirements.txt")
