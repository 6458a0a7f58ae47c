"""Measurements of a repo over time, in one SQLite file in its state folder.

History is a convenience: a file that is locked, damaged or of a newer dockwiz never stops a command. What could not be
done is returned as a note for people.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TypeVar

from wizard.errors import DockwizError, because
from wizard.state import StateFolder

SCHEMA = 1
_WAIT_SECONDS = 5.0
"""How long to wait for another dockwiz that is writing."""
Result = TypeVar("Result")

_DAMAGED = ("SQLITE_NOTADB", "SQLITE_CORRUPT")


@dataclass(frozen=True, slots=True)
class Entry:
    """One measured build."""

    at: str
    """UTC, ISO 8601."""
    kind: str
    """`build` or `compare`."""
    side: str
    """`before` or `after` in a comparison, else empty."""
    scenario: str
    """`cold`, `unchanged`, `source`, or `build` for a build as the person ran it."""
    seconds: float
    steps_total: int
    steps_cached: int
    image_bytes: int | None = None
    """Unpacked."""
    context_bytes: int | None = None
    """Eligible."""
    dockerfile: str = "Dockerfile"
    branch: str | None = None
    commit: str | None = None
    engine: str = ""
    store: str = ""
    comparison: str | None = None
    """The comparison it belongs to."""


@dataclass(frozen=True, slots=True)
class History:
    """What is remembered, oldest first, and a note for people where something was in the way."""

    entries: tuple[Entry, ...]
    note: str | None = None


_COLUMNS = tuple(field.name for field in fields(Entry))
# `commit` is a word of SQL.
_NAMES = ", ".join(f'"{name}"' for name in _COLUMNS)


def place(state: StateFolder) -> Path:
    """The file of the history."""
    return state.path / "history.sqlite"


def record(state: StateFolder, entries: Iterable[Entry]) -> str | None:
    """Add measurements. Returns a note where they could not be kept, or an earlier file was damaged."""
    rows = [astuple(entry) for entry in entries]
    marks = ", ".join("?" for _ in _COLUMNS)

    def write(connection: sqlite3.Connection) -> None:
        connection.executemany(f"INSERT INTO measurement ({_NAMES}) VALUES ({marks})", rows)

    try:
        state.ensure()
    except DockwizError as error:
        return f"history not kept: {error}"
    _, note = _with_store(place(state), write)
    return note


def entries(state: StateFolder, limit: int | None = None) -> History:
    """The measurements, oldest first; with `limit` only the newest so many."""
    if not place(state).exists():
        return History(())

    def read(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
        query = f"SELECT {_NAMES} FROM measurement ORDER BY number DESC LIMIT ?"
        return connection.execute(query, (-1 if limit is None else limit,)).fetchall()

    rows, note = _with_store(place(state), read)
    return History(tuple(Entry(*row) for row in reversed(rows or [])), note)  # type: ignore[arg-type]


def _with_store(path: Path, work: Callable[[sqlite3.Connection], Result]) -> tuple[Result | None, str | None]:
    try:
        return _attempt(path, work), None
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorname", "") not in _DAMAGED:
            return None, _refusal(error)
    except OSError as error:
        return None, f"history not kept: {because(error)}"
    try:
        aside = _move_aside(path)
        return _attempt(path, work), f"the history file was damaged and is kept as {aside.name}; a new one was begun"
    except (sqlite3.DatabaseError, OSError) as error:
        return None, f"history not kept: {error}"


def _attempt(path: Path, work: Callable[[sqlite3.Connection], Result]) -> Result:
    with _connected(path) as connection, connection:
        connection.execute("BEGIN IMMEDIATE")
        _prepare(connection)
        return work(connection)


@contextlib.contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    # Made by us, so that nobody else can read it even for a moment.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


class _NewerSchema(sqlite3.OperationalError):
    pass


def _prepare(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA:
        raise _NewerSchema("it was written by a newer dockwiz")
    if version == SCHEMA:
        return
    connection.execute(
        """CREATE TABLE measurement (
            number INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, side TEXT NOT NULL,
            scenario TEXT NOT NULL, seconds REAL NOT NULL, steps_total INTEGER NOT NULL, steps_cached INTEGER NOT NULL,
            image_bytes INTEGER, context_bytes INTEGER, dockerfile TEXT NOT NULL, branch TEXT, "commit" TEXT,
            engine TEXT NOT NULL, store TEXT NOT NULL, comparison TEXT)"""
    )
    connection.execute(f"PRAGMA user_version = {SCHEMA}")


def _refusal(error: sqlite3.DatabaseError) -> str:
    if getattr(error, "sqlite_errorname", "") == "SQLITE_BUSY":
        return "history not kept: another dockwiz is writing it"
    return f"history not kept: {error}"


def _move_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    path.rename(aside)
    path.with_name(f"{path.name}-journal").unlink(missing_ok=True)
    return aside
