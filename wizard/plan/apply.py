"""Writing a plan into the repo, and taking it back."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wizard.again import undo_command
from wizard.errors import BadInput, DockwizError, because
from wizard.plan import journal
from wizard.plan.diff import diff_of
from wizard.plan.files import CannotWrite, sweep, undisturbed, write_all
from wizard.plan.fold import Plan
from wizard.plan.reverse import is_out, without_ours
from wizard.state import StateFolder
from wizard.workspace import Workspace


class ChangedOnDisk(DockwizError):
    """A file is no longer what the plan was made from."""


class CutOff(DockwizError):
    """An earlier apply was killed between two files."""


class ChangedAgain(DockwizError):
    """A later apply for another build context changed a file that is to be put back."""


class UndoWouldLose(DockwizError):
    """Files were edited after the apply; an undo would lose that."""

    def __init__(self, message: str, *, path: str, lost: str, patch: Path, root: Path) -> None:
        command = f"git -C {shlex.quote(str(root))} apply {shlex.quote(str(patch))}"
        super().__init__(message, path=path, hint=f"take out dockwiz's part with: {command}")
        self.lost = lost
        """What an undo would lose, as a diff."""
        self.patch = patch
        """A file with a patch that takes the apply's changes out of the files as they are now."""


@dataclass(frozen=True)
class Applied:
    """What an apply wrote."""

    files: tuple[str, ...]
    rules: tuple[str, ...]


@dataclass(frozen=True)
class Undone:
    """What an undo put back. No files: there was nothing to undo."""

    files: tuple[str, ...]


def apply(plan: Plan, state: StateFolder) -> Applied:
    """Write the plan's files, journal first. With nothing to change it writes nothing.

    Raises ChangedOnDisk where a file changed since the plan was made, CutOff where an earlier apply was killed
    between two files, CannotWrite and JournalError where the disk does not do; in each case no file of the repo is
    changed.
    """
    after = plan.changes
    rules = tuple(step.proposal.rule for step in plan.selected)
    if not after:
        return Applied((), rules)
    before = {path: plan.originals[path] for path in after}
    with journal.exclusively(state), undisturbed():
        _check_not_cut_off(plan.workspace, journal.last(state))
        _check_unchanged(plan.workspace, before)
        entry = journal.record(state, rules, plan.workspace.context, plan.dockerfile, before, after)
        for path in after:
            sweep(plan.workspace.root, path)
        try:
            write_all(plan.workspace.root, after)
        except BaseException as error:
            _take_back(plan.workspace.root, before)
            with contextlib.suppress(journal.JournalError):
                journal.mark(entry, "undone")
            if isinstance(error, OSError):
                raise CannotWrite(f"cannot be written: {error.strerror}", hint="nothing was changed") from error
            raise
        # Without the mark an undo works as well: it goes by what the files hold.
        with contextlib.suppress(journal.JournalError):
            journal.mark(entry, "applied")
    return Applied(tuple(sorted(after)), rules)


def write_copy(plan: Plan, folder: Path) -> Applied:
    """Write the plan's files below `folder` instead of into the repo. Existing files there are not overwritten."""
    after = {path: content for path, content in plan.changes.items() if content is not None}
    for path, content in after.items():
        place = folder / path
        if os.path.lexists(place) and not (place.is_file() and _same(place, content)):
            raise BadInput("is there already", path=str(place), hint="give an empty folder with --output")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotWrite(f"cannot be made: {(error.strerror or '').lower()}", path=str(folder)) from error
    write_all(folder, after)
    return Applied(tuple(sorted(after)), tuple(step.proposal.rule for step in plan.selected))


def undo(workspace: Workspace, state: StateFolder) -> Undone:
    """Put every file of the last apply for this build context back, byte for byte, as `journal.last_of` chooses it.

    Also after an apply that was killed half-way. A file that holds none of our lines any more stays as it is. Raises
    UndoWouldLose where a file was edited since, ChangedAgain where
    a later apply for another build context changed it, SeveralProjects where it is not clear which apply is meant.
    """
    with journal.exclusively(state), undisturbed():
        entry = journal.last_of(state, workspace.context)
        while entry is not None and entry.status == "applying" and _untouched(workspace, entry):
            # Killed before it changed anything: what is to be undone is the apply before it.
            _sweep_all(workspace, entry)
            journal.mark(entry, "undone")
            entry = journal.last_of(state, workspace.context)
        if entry is None:
            return Undone(())
        _check_not_changed_again(workspace, state, entry)
        now = {path: _on_disk(workspace, path) for path in entry.after}
        changed = [path for path in sorted(now) if now[path] not in (entry.after[path], entry.before[path])]
        out = {path for path in changed if is_out(entry.before[path], entry.after[path], now[path])}
        edited = [path for path in changed if path not in out]
        if edited:
            lost = diff_of({path: (entry.after[path], now[path]) for path in edited})
            patch = state.path / "reverse.patch"
            reverse = diff_of(
                {
                    path: (now[path], without_ours(entry.before[path], entry.after[path], now[path]))
                    for path in now
                    if path not in out
                }
            )
            try:
                patch.write_bytes(reverse.encode("utf-8", "surrogateescape"))
            except OSError as error:
                raise CannotWrite(
                    f"was edited after the apply, and the patch for that cannot be written to {patch}: "
                    f"{because(error)}",
                    path=edited[0],
                    hint="nothing was changed",
                ) from error
            raise UndoWouldLose(
                "was edited after the apply, and an undo would lose that",
                path=edited[0],
                lost=lost,
                patch=patch,
                root=workspace.root,
            )
        back = {path: entry.before[path] for path in now if path not in out}
        write_all(workspace.root, {path: content for path, content in back.items() if now[path] != content})
        _sweep_all(workspace, entry)
        journal.mark(entry, "undone")
        return Undone(tuple(sorted(back)))


def _check_unchanged(workspace: Workspace, before: Mapping[str, bytes | None]) -> None:
    for path, content in before.items():
        if _on_disk(workspace, path) != content:
            raise ChangedOnDisk("changed on disk since the plan was made", path=path, hint="plan again")


def _check_not_changed_again(workspace: Workspace, state: StateFolder, entry: journal.Entry) -> None:
    """An apply for another project, whose change of the same file an undo would take back with ours."""
    for later in journal.entries(state):
        if later.folder == entry.folder:
            return
        both = sorted(set(later.after) & set(entry.after))
        if both and later.context != entry.context:
            raise ChangedAgain(
                f"was changed again by a later apply for {later.context}",
                path=both[0],
                hint=f"first: {_undo_of(workspace, later)}",
            )


def _undo_of(workspace: Workspace, entry: journal.Entry) -> str:
    """The command that undoes this apply."""
    return undo_command(workspace.root / entry.context)


def _check_not_cut_off(workspace: Workspace, entry: journal.Entry | None) -> None:
    """An apply on top of a half-written one would make its state the one that an undo goes back to."""
    if entry is None or entry.status != "applying":
        return
    now = {path: _on_disk(workspace, path) for path in entry.after}
    old = [path for path in now if now[path] == entry.before[path]]
    new = [path for path in now if now[path] == entry.after[path]]
    if old and new:
        raise CutOff(
            "is as before an earlier apply that was killed half-way",
            path=old[0],
            hint=f"first: {_undo_of(workspace, entry)}",
        )


def _untouched(workspace: Workspace, entry: journal.Entry) -> bool:
    return all(_on_disk(workspace, path) == content for path, content in entry.before.items())


def _sweep_all(workspace: Workspace, entry: journal.Entry) -> None:
    for path in entry.after:
        sweep(workspace.root, path)


def _same(place: Path, content: bytes) -> bool:
    try:
        return place.read_bytes() == content
    except OSError:
        return False


def _take_back(root: Path, before: Mapping[str, bytes | None]) -> None:
    for path, content in before.items():
        place = root / path
        there = place.read_bytes() if place.is_file() else None
        if there != content:
            write_all(root, {path: content})


def _on_disk(workspace: Workspace, path: str) -> bytes | None:
    place = workspace.locate(path)
    if not place.exists():
        return None
    return workspace.read_on_disk(path)
