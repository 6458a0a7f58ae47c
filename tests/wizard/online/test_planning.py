"""Planning with the network: what is asked, how often, and what becomes of the answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from wizard.inspection import inspect
from wizard.inspection.questions import Answer, DigestQuestion, Question
from wizard.inspection.values import Inspection
from wizard.online.planning import plan_online
from wizard.plan.fold import Plan, make_plan
from wizard.plan.selection import Selection
from wizard.rules.base import Settings
from wizard.workspace import open_workspace

DIGEST = f"sha256:{'a' * 64}"


@pytest.fixture
def asked() -> list[Question]:
    return []


def plan(root: Path, asked: list[Question], selection: Selection, known: dict[Question, Answer] | None = None) -> Plan:
    (root / "Dockerfile").write_text("FROM debian:bookworm AS a\nFROM debian:bookworm AS b\nFROM ghcr.io/me/it:1\n")
    workspace = open_workspace(root)

    def make(inspection: Inspection) -> Plan:
        return make_plan(workspace, inspection, selection, Settings(online=True))

    def find(question: Question) -> Answer:
        asked.append(question)
        return Answer(DIGEST)

    return plan_online(make, replace(inspect(workspace), answers=known or {}), find)


def test_every_question_is_asked_once_and_its_answer_is_used(tmp_path: Path, asked: list[Question]) -> None:
    done = plan(tmp_path, asked, Selection(all=True))
    assert sorted(asked) == [DigestQuestion("debian:bookworm"), DigestQuestion("ghcr.io/me/it:1")]
    assert done.result.read("Dockerfile").count(DIGEST.encode()) == 3
    assert done.asks == ()


def test_what_is_known_from_an_earlier_plan_is_not_asked_again(tmp_path: Path, asked: list[Question]) -> None:
    earlier = plan(tmp_path, asked, Selection(all=True))
    asked.clear()
    again = plan(tmp_path, asked, Selection(all=True), dict(earlier.inspection.answers))
    assert asked == []
    assert again.changes == earlier.changes


@pytest.mark.parametrize(
    "selection", [Selection(skip=frozenset({"pin-base-image"})), Selection(only=frozenset({"cache-mounts"}))]
)
def test_for_a_rule_that_is_ruled_out_by_name_nothing_is_asked(
    tmp_path: Path, asked: list[Question], selection: Selection
) -> None:
    done = plan(tmp_path, asked, selection)
    assert asked == []
    assert [one.rule for one in done.asks] == ["pin-base-image"]
