"""How many logs of builds are kept."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from wizard.build.stored import KEPT_BYTES, KEPT_LOGS, new_log
from wizard.errors import BadInput
from wizard.state import StateFolder


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "repo")


def earlier(state: StateFolder, count: int, size: int = 1) -> list[Path]:
    """Logs of builds long ago, oldest first. They hold nothing, and take no disk."""
    folder = state.ensure() / "builds"
    folder.mkdir()
    logs = [folder / f"20200101-{number:06}-1.jsonl" for number in range(count)]
    for log in logs:
        log.touch()
        os.truncate(log, size)
    return logs


def test_the_name_begins_with_the_time_and_the_folder_is_private(state: StateFolder) -> None:
    log = new_log(state)
    assert stat.S_IMODE(log.parent.stat().st_mode) == 0o700
    assert not log.exists()
    assert log.name > "20200101-000000-1.jsonl"


def test_with_the_new_one_so_many_are_kept_and_the_oldest_go(state: StateFolder) -> None:
    logs = earlier(state, KEPT_LOGS + 5)
    new_log(state)
    assert sorted(logs[0].parent.iterdir()) == logs[-KEPT_LOGS + 1 :]


def test_large_logs_make_room_before_there_are_many(state: StateFolder) -> None:
    logs = earlier(state, 5, KEPT_BYTES // 3)
    new_log(state)
    assert sorted(logs[0].parent.iterdir()) == logs[-3:]


def test_a_place_that_cannot_be_is_bad_input(state: StateFolder) -> None:
    (state.ensure() / "builds").touch()
    with pytest.raises(BadInput, match="builds: cannot be written"):
        new_log(state)
