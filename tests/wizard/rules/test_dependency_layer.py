"""dependency-layer where only some installs can come before the sources: what it says of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.wizard.rules.test_fixtures import FOLDER, plan_for
from wizard.plan.selection import Selection

HEAD = "FROM python:3.11-slim\nCOPY . /app\nWORKDIR /app\nRUN pip install -r requirements.txt\n"


def _risk(folder: Path, more: str) -> str:
    (folder / "Dockerfile").write_text(HEAD + more)
    (folder / "requirements.txt").write_text("flask==2.3.3\n")
    (folder / "app.py").write_text("")
    plan = plan_for(folder, Selection(only=frozenset({"dependency-layer"})))
    return next(step.proposal.risk for step in plan.selected)


@pytest.mark.parametrize("more", ["", "RUN python -m compileall .\n"])
def test_where_no_install_is_left_below_nothing_is_said(tmp_path: Path, more: str) -> None:
    assert "still installs" not in _risk(tmp_path, more)


def test_an_install_that_stays_below_the_sources_is_named_with_the_reason(tmp_path: Path) -> None:
    assert "Line 5 still installs after the sources: it installs the local path ." in _risk(
        tmp_path, "RUN pip install .\n"
    )


def test_a_step_that_holds_a_later_install_back_is_named(tmp_path: Path) -> None:
    said = _risk(tmp_path, "RUN python make_things.py\nRUN pip install gunicorn\n")
    assert "Line 6 still installs after the sources: line 5: " in said


def test_a_divided_run_is_named_and_counts_for_no_install_that_stays_below(tmp_path: Path) -> None:
    said = _risk(tmp_path, "RUN pip install gunicorn && python make_things.py\n")
    assert "What follows the installs in line 5 goes into a RUN of its own below the sources." in said
    assert "still installs" not in said


def test_programs_of_the_sources_that_path_leads_to_wait_for_a_review() -> None:
    plan = plan_for(FOLDER / "dependency-layer" / "programs-on-the-path" / "before", Selection(all=True))
    proposal = next(step.proposal for step in plan.steps if step.proposal.rule == "dependency-layer")
    assert proposal.safety == "review"
    assert "PATH leads to bin/ of the sources" in proposal.risk
