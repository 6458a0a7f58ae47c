from __future__ import annotations

from pathlib import Path

import pytest

from tests.wizard.compare.examples import comparison, ended, side
from wizard.compare.last import load_last, save_last
from wizard.state import StateFolder


def test_a_comparison_comes_back_as_it_was(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    kept = comparison(after=side("after", size=None, packages=None, behaviour=ended(2, "ü")), cancelled=True)
    path = save_last(kept, state)
    assert load_last(state) == kept
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 99}', '{"version": 1, "comparison": {"id": "x"}}'])
def test_what_cannot_be_read_is_no_comparison(content: str, tmp_path: Path) -> None:
    (tmp_path / "comparison.json").write_text(content)
    assert load_last(StateFolder(tmp_path)) is None


def test_without_a_file_there_is_none(tmp_path: Path) -> None:
    assert load_last(StateFolder(tmp_path)) is None
