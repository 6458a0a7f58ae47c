"""The two things that are compared, and a private copy of each to build from."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from wizard.compare.revision import export_revision
from wizard.compare.values import Label
from wizard.errors import BadInput, because
from wizard.workspace import Workspace, normalise


@dataclass(frozen=True)
class Side:
    """What one side is: the files of a workspace (pending edits included), a git revision of it, or an image."""

    label: Label
    what: str
    """In words, for people."""
    workspace: Workspace | None = None
    dockerfile: str | None = None
    """Relative to the root."""
    revision: str | None = None
    """Of the workspace's repository, instead of its files."""
    image: str | None = None
    """A reference that the engine has already; then nothing is built."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A private copy of the files that one side is built from, laid out as in the repo."""

    workspace: Workspace
    dockerfile: str
    notes: tuple[str, ...] = ()


def side_of_workspace(label: Label, what: str, workspace: Workspace, dockerfile: str) -> Side:
    """The files of the repo as the workspace shows them."""
    return Side(label, what, workspace, dockerfile)


def parse_side(label: Label, text: str, workspace: Workspace, dockerfile: str | None) -> Side:
    """What `--before WHAT` or `--after WHAT` names: `git:REVISION`, `image:REFERENCE` or a folder.

    A folder is its own build context; the Dockerfile has the same name there as given, or is the one it has.
    Raises BadInput where it names nothing.
    """
    from wizard.inspection.dockerfiles import choose_dockerfile
    from wizard.workspace import open_workspace

    kind, separator, name = text.partition(":")
    if separator and kind in ("git", "image"):
        if not name or name.startswith("-"):
            raise BadInput(f"{text!r} names nothing", hint="give git:REVISION, image:REFERENCE or a folder")
        if kind == "image":
            return Side(label, text, image=name)
        return Side(label, text, workspace, dockerfile or choose_dockerfile(workspace, None), revision=name)
    there = open_workspace(Path(text))
    wanted = workspace.to_context(dockerfile) if dockerfile is not None else None
    found = there.from_context(wanted) if wanted is not None else None
    if found is None or not there.is_file(found):
        found = choose_dockerfile(there, None)
    return Side(label, text, there, found)


def materialise(side: Side, folder: Path) -> Copy:
    """Write the side's build context, Dockerfile and ignore file below `folder` (new).

    Ignored files are left out: the build would not see them either. Raises BadInput where the files cannot be read or
    the revision is unknown.
    """
    if side.workspace is None or side.dockerfile is None:
        raise ValueError("an image has no files to copy")
    try:
        if side.revision is not None:
            notes = export_revision(side.workspace.root, side.revision, folder)
            return _copy(side, folder, notes)
        _copy_files(side.workspace, side.dockerfile, folder)
        return _copy(side, folder, ())
    except OSError as error:
        reason = because(error)
        raise BadInput(f"the private copy cannot be made: {reason}", path=error.filename or str(folder)) from error


def _copy(side: Side, folder: Path, notes: tuple[str, ...]) -> Copy:
    assert side.workspace is not None
    assert side.dockerfile is not None
    copy = Workspace(folder, side.workspace.context)
    if not copy.is_file(side.dockerfile):
        raise BadInput("has no such Dockerfile", path=f"{side.what}: {side.dockerfile}")
    if not copy.is_dir(copy.context):
        raise BadInput("has no such folder", path=f"{side.what}: {copy.context}")
    return Copy(copy, side.dockerfile, notes)


def _copy_files(workspace: Workspace, dockerfile: str, folder: Path) -> None:
    from wizard.ignorefile import walk
    from wizard.inspection.context.measure import ignore_file, read_ignore_file

    source = workspace.root / workspace.context
    target = folder / workspace.context
    target.mkdir(parents=True, mode=0o700)
    folders: list[str] = []
    for entry in walk(source, read_ignore_file(workspace, dockerfile)):
        place = target / entry.path
        match entry.kind:
            case "dir":
                place.mkdir()
                folders.append(entry.path)
            case "file":
                shutil.copy2(source / entry.path, place, follow_symlinks=False)
            case "link":
                place.symlink_to((source / entry.path).readlink())
            case "unreadable":
                raise BadInput("cannot be read: permission denied", path=entry.path)
    for path in {dockerfile, ignore_file(workspace, dockerfile)} - {None}:
        assert path is not None
        _write(folder, path, workspace.read(path), _mode(workspace, path))
    for path, content in workspace.overlay.items():
        if content is None:
            (folder / normalise(path)).unlink(missing_ok=True)
        else:
            _write(folder, path, content, _mode(workspace, path))
    # Last, so that a folder which may not be written to does not stop its own copy.
    for path in reversed(folders):
        shutil.copystat(source / path, target / path, follow_symlinks=False)


def _write(folder: Path, path: str, content: bytes, mode: int) -> None:
    place = folder / normalise(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    place.write_bytes(content)
    place.chmod(mode)


def _mode(workspace: Workspace, path: str) -> int:
    try:
        return workspace.locate(path).stat().st_mode & 0o7777
    except OSError:
        return 0o644


def replace_file(path: Path, content: bytes) -> None:
    """Put new content in place of a file, keeping its mode."""
    mode = path.stat().st_mode & 0o7777
    fresh = path.with_name(f".{path.name}.dockwiz")
    fresh.write_bytes(content)
    fresh.chmod(mode)
    fresh.replace(path)
