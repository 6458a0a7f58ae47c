from __future__ import annotations

import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from wizard.history import Entry, entries, place, record
from wizard.state import StateFolder

COLD = Entry(
    "2026-01-02T03:04:05+00:00", "compare", "before", "cold", 12.5, 7, 0, 1000, 200, engine="28.5.2", store="overlay2"
)


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "home" / "repo")


def test_what_was_recorded_is_listed_oldest_first(state: StateFolder) -> None:
    after = replace(COLD, side="after", seconds=3.0, branch="main", commit="abc", comparison="c1")
    assert record(state, [COLD]) is None
    assert record(state, [after]) is None
    assert entries(state).entries == (COLD, after)


def test_a_limit_keeps_the_newest(state: StateFolder) -> None:
    record(state, [replace(COLD, seconds=float(n)) for n in range(5)])
    assert [entry.seconds for entry in entries(state, limit=2).entries] == [3.0, 4.0]


def test_without_a_file_there_is_no_history_and_none_is_made(state: StateFolder) -> None:
    assert entries(state).entries == ()
    assert not state.path.exists()


def test_only_the_person_can_read_the_file(state: StateFolder) -> None:
    record(state, [COLD])
    assert place(state).stat().st_mode & 0o077 == 0


def test_a_damaged_file_is_kept_aside_and_a_new_one_begun(state: StateFolder) -> None:
    state.ensure()
    place(state).write_bytes(b"not a database at all, but long enough to look at" * 100)
    note = record(state, [COLD])
    assert note is not None
    assert "damaged" in note
    assert (state.path / "history.sqlite.damaged-1").read_bytes().startswith(b"not a database")
    assert entries(state).entries == (COLD,)


def test_reading_a_damaged_file_says_so(state: StateFolder) -> None:
    state.ensure()
    place(state).write_bytes(b"\0garbage" * 500)
    history = entries(state)
    assert history.entries == ()
    assert history.note is not None


def test_a_locked_file_gives_a_note(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wizard.history.store._WAIT_SECONDS", 0.05)
    record(state, [COLD])
    with sqlite3.connect(place(state), isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        note = record(state, [COLD])
        other.execute("ROLLBACK")
    assert note == "history not kept: another dockwiz is writing it"
    assert entries(state).entries == (COLD,)


def test_a_file_of_a_newer_dockwiz_is_left_alone(state: StateFolder) -> None:
    record(state, [COLD])
    with sqlite3.connect(place(state)) as other:
        other.execute("PRAGMA user_version = 99")
    note = record(state, [COLD])
    assert note is not None
    assert "newer" in note
    with sqlite3.connect(place(state)) as other:
        assert other.execute("SELECT count(*) FROM measurement").fetchone() == (1,)


def test_a_place_that_cannot_be_written_gives_a_note(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    note = record(StateFolder(tmp_path / "file" / "repo"), [COLD])
    assert note is not None
    assert note.startswith("history not kept")


def test_writers_at_the_same_time_lose_nothing(state: StateFolder) -> None:
    state.ensure()
    writers = [threading.Thread(target=lambda: [record(state, [COLD]) for _ in range(5)]) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(entries(state).entries) == 20
