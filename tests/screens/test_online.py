"""What waits for the network is named, and asked for with --online alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from screens.cli import main
from screens.commands.plan import _lines as plan_lines
from screens.glyphs import ASCII
from screens.lines import text_of
from screens.session import Session
from screens.views.proposals import Entry, detail
from tests.wizard.rules.answers import recorded
from tests.wizard.rules.test_fixtures import copied, look_at
from wizard.inspection import inspect
from wizard.inspection.questions import Answer, DigestQuestion
from wizard.plan.fold import make_plan
from wizard.plan.selection import Selection
from wizard.rules.base import Settings
from wizard.workspace import open_workspace


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    (tmp_path / "requirements.txt").write_text("click\n")
    (tmp_path / "Dockerfile").write_text(
        "FROM python:3.11-slim\nWORKDIR /app\nCOPY requirements.txt ./\nRUN pip install -r requirements.txt\n"
    )
    return tmp_path


def test_without_online_the_plan_names_what_waits_for_it(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(repo)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Waiting for --online, which asks registries and package indexes: - pin-base-image: asks" in said
    assert "- lock-dependencies: asks for the versions and hashes that requirements.txt comes to" in said


def test_the_json_names_what_waits_and_what_it_asks_for(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(repo), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["waiting"] == [
        {"id": "pin-base-image", "because": "", "asks_for": ["the digest of python:3.11-slim now"]},
        {
            "id": "lock-dependencies",
            "because": "",
            "asks_for": ["the versions and hashes that requirements.txt comes to"],
        },
    ]


def test_with_online_and_nobody_to_ask_the_rule_refuses_and_the_rest_goes_on(
    repo: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert main(["plan", str(repo), "--online", "--skip", "lock-dependencies"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "python:3.11-slim stays as it is, the `docker` command, which asks registries, is not installed" in said
    assert "[x] cache-mounts" in said


def test_the_wizard_remembers_what_the_network_said_until_it_looks_again(repo: Path) -> None:
    workspace = open_workspace(repo)
    found = inspect(workspace)
    answers = {DigestQuestion("python:3.11-slim"): Answer(f"sha256:{'a' * 64}")}
    plan = make_plan(workspace, replace(found, answers=answers), settings=Settings(online=True))
    session = Session(workspace).inspected(found, 0.1).planned(plan)
    assert session.inspection is not None
    assert session.inspection.answers == answers
    again = session.inspected(found, 0.1).inspection
    assert again is not None
    assert again.answers == {}


def test_a_table_is_shown_in_columns_by_the_command_line_and_on_the_page(tmp_path: Path) -> None:
    case = Path(__file__).parents[1] / "fixtures" / "rules" / "dependency-updates" / "plain"
    found = look_at(copied(case / "before", tmp_path), recorded(case))
    (step,) = (step for step in found.plan(Selection()).steps if step.proposal.rule == "dependency-updates")
    assert not step.selected
    table = [
        "          pinned  newest         in the edit",
        "click     8.1.3   8.3.1   minor  8.3.1",
        "flask     2.2.0   3.1.2   major  2.3.3",
        "requests  2.28.0  2.32.5  minor  2.32.5",
    ]
    assert list(step.proposal.details) == table
    said = plan_lines(found.plan(Selection()))
    assert [f"    {row}" for row in table] == [line for line in said if line.removeprefix("    ") in table]
    page = [text_of(row).rstrip() for row in detail(Entry(step=step), 78, ASCII)]
    assert [f"{'':10}{row}" for row in table] == [row for row in page if row[10:] in table]
