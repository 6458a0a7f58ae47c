"""The undo journal: what each apply replaced, kept in the state folder before a file of the repo is touched.

One folder an apply, `journal/<number>/`: `entry.json`, and the contents before and after as numbered files.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from wizard.belonging import Kept, newest_of
from wizard.errors import DockwizError, because
from wizard.state import StateFolder

Status = Literal["applying", "applied", "undone"]


class JournalError(DockwizError):
    """The journal cannot be written or read."""


@dataclass(frozen=True)
class Entry:
    """One apply: the files that it replaced, with both contents (None: the file was or is not there)."""

    folder: Path
    status: Status
    seconds: float
    """When, in seconds since the epoch."""
    rules: tuple[str, ...]
    context: str
    """The build context, relative to the root."""
    dockerfile: str
    before: Mapping[str, bytes | None]
    after: Mapping[str, bytes | None]


def record(
    state: StateFolder,
    rules: tuple[str, ...],
    context: str,
    dockerfile: str,
    before: Mapping[str, bytes | None],
    after: Mapping[str, bytes | None],
) -> Entry:
    """Write a new entry with status `applying`, durably, before anything of the repo is changed."""
    home = state.ensure() / "journal"
    try:
        home.mkdir(mode=0o700, exist_ok=True)
        number = 1 + max((int(folder.name) for folder in _folders(home)), default=0)
        folder = home / f"{number:06d}"
        folder.mkdir(mode=0o700)
        entry = Entry(folder, "applying", time.time(), rules, context, dockerfile, dict(before), dict(after))
        for index, path in enumerate(sorted(after)):
            for side, content in (("before", before[path]), ("after", after[path])):
                if content is not None:
                    _write(folder / f"{index}.{side}", content)
        _write_entry(entry)
    except OSError as error:
        raise JournalError(
            f"the undo journal cannot be written: {because(error)}",
            path=str(home),
            hint="nothing was changed",
        ) from error
    return entry


def mark(entry: Entry, status: Status) -> Entry:
    """The entry with a new status, written."""
    entry = replace(entry, status=status)
    try:
        _write_entry(entry)
    except OSError as error:
        raise JournalError(f"the undo journal cannot be written: {because(error)}", path=str(entry.folder)) from error
    return entry


def entries(state: StateFolder, context: str | None = None) -> Iterator[Entry]:
    """The entries that are not undone, newest first: those for a build context, or of the whole repository.

    Entries that a killed process left without content are passed over.
    """
    for folder in sorted(_folders(state.path / "journal"), reverse=True):
        entry = _read(folder)
        if entry is not None and entry.status != "undone" and context in (None, entry.context):
            yield entry


def last(state: StateFolder) -> Entry | None:
    """The newest entry of the whole repository."""
    return next(entries(state), None)


def last_of(state: StateFolder, context: str) -> Entry | None:
    """The newest entry of a build context, else of the one project below it.

    Raises SeveralProjects where there are entries of several projects below it.
    """
    kept = (Kept(entry.context, tuple(entry.after), entry) for entry in entries(state))
    found = newest_of(kept, context)
    return found.value if found is not None else None


@contextlib.contextmanager
def exclusively(state: StateFolder) -> Iterator[None]:
    """Hold the repo's lock: two applies or undos at once would mix files. Raises JournalError where it is held."""
    place = state.ensure() / "lock"
    try:
        file = place.open("w")
    except OSError as error:
        raise JournalError(f"cannot be written: {(error.strerror or '').lower()}", path=str(place)) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise JournalError(
                "another dockwiz is writing in this repository", hint="wait for it, then again"
            ) from error
        yield


def _folders(home: Path) -> list[Path]:
    if not home.is_dir():
        return []
    return [folder for folder in home.iterdir() if folder.name.isdigit()]


def _read(folder: Path) -> Entry | None:
    try:
        data = json.loads((folder / "entry.json").read_text("utf-8", "surrogateescape"))
        paths = sorted(data["files"])
        contents: dict[str, dict[str, bytes | None]] = {"before": {}, "after": {}}
        for index, path in enumerate(paths):
            for side in contents:
                there = data["files"][path][side]
                contents[side][path] = (folder / f"{index}.{side}").read_bytes() if there else None
        return Entry(
            folder,
            data["status"],
            data["seconds"],
            tuple(data["rules"]),
            data.get("context", "."),
            data["dockerfile"],
            contents["before"],
            contents["after"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_entry(entry: Entry) -> None:
    data = {
        "schema": "dockwiz.journal/1",
        "status": entry.status,
        "seconds": entry.seconds,
        "rules": list(entry.rules),
        "context": entry.context,
        "dockerfile": entry.dockerfile,
        "files": {
            path: {"before": entry.before[path] is not None, "after": entry.after[path] is not None}
            for path in entry.after
        },
    }
    temporary = entry.folder / "entry.json.new"
    _write(temporary, json.dumps(data, indent=1).encode("utf-8", "surrogateescape"))
    temporary.replace(entry.folder / "entry.json")


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
