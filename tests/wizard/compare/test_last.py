from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.wizard.compare.examples import comparison, ended, side
from wizard.belonging import Kept, SeveralProjects
from wizard.compare.last import load_last, save_last
from wizard.state import StateFolder


def test_a_comparison_comes_back_as_it_was(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    kept = comparison(after=side("after", size=None, packages=None, behaviour=ended(2, "ü")), cancelled=True)
    path = save_last(kept, state, ".", "Dockerfile")
    assert load_last(state) == Kept(".", ("Dockerfile",), kept)
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 99}', '{"version": 1, "comparison": {"id": "x"}}'])
def test_what_cannot_be_read_is_no_comparison(content: str, tmp_path: Path) -> None:
    (tmp_path / "comparison.json").write_text(content)
    assert load_last(StateFolder(tmp_path)) is None


def test_every_build_context_has_a_last_comparison_of_its_own(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    for number, context in enumerate(("api", "web", "api"), start=1):
        kept = replace(comparison(), id=str(number), at=f"2026-01-0{number}T00:00:00Z")
        save_last(kept, state, context, f"{context}/Dockerfile")
    found = {context: load_last(state, context) for context in ("api", "web", "docs")}
    assert {context: kept.value.id for context, kept in found.items() if kept is not None} == {"api": "3", "web": "2"}
    with pytest.raises(SeveralProjects, match="api and web"):
        load_last(state, ".")


def test_without_a_file_there_is_none(tmp_path: Path) -> None:
    assert load_last(StateFolder(tmp_path)) is None
