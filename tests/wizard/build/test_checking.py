"""The engine's own check: what it finds anew in a plan is taken out of it, alone."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tests.conftest import Engine as Daemon
from wizard.build.checking import Checked, Findings, ask_engine, checked
from wizard.dockerfile import Document
from wizard.dockerfile.editing import insert_after, splice
from wizard.inspection.values import BuildContext, Engine, Inspection
from wizard.plan.fold import Plan, make_plan
from wizard.rules.base import Proposal, Rule, View
from wizard.workspace import open_workspace

DOCKERFILE = b"FROM registry.invalid/base:1 AS one\nRUN make\nMAINTAINER me\n"
ENGINE = Engine("28.5.2", "1.51", "unix:///x", "overlay2", "default", "docker", "0.29.1", "amd64")


def adds(name: str, line: str) -> Rule:
    """A rule that adds a line at the end."""

    def propose(view: View) -> Proposal | None:
        document: Document = view.document
        if line.encode() in document.source:
            return None
        result = splice(document, [insert_after(document, document.instructions[-1], line)])
        return Proposal(name, name, "speed", "safe", "", (), {view.dockerfile: result.source}, planned=result.planned)

    return cast(Rule, SimpleNamespace(ID=name, TITLE=name, CATEGORY="speed", __doc__="", propose=propose))


RULES = adds("first", "LABEL a=b"), adds("wrong", "ENV legacy form"), adds("last", "LABEL c=d")


def plan_of(root: Path, dockerfile: bytes = DOCKERFILE) -> Plan:
    (root / "Dockerfile").write_bytes(dockerfile)
    inspection = Inspection(("Dockerfile",), "Dockerfile", (), BuildContext(0, 0, None, ()), (), ())
    return make_plan(open_workspace(root), inspection, rules=RULES)


def selected(done: Checked) -> list[str]:
    return [step.proposal.rule for step in done.plan.selected]


def test_what_an_old_engine_cannot_check_is_said(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    assert checked(plan, None).said == "Not checked by an engine: none answers."
    assert "engine 26.1.5 has no check" in checked(plan, ENGINE._replace(version="26.1.5")).said
    assert "needs buildx 0.15" in checked(plan, ENGINE._replace(buildx="0.13.1")).said
    assert checked(plan, None).plan is plan


def test_a_file_that_the_engine_refuses_anyway_is_no_reason_to_drop_anything(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    refuses = checked(plan, ENGINE, RULES, lambda _: Findings(frozenset(), "no such base"))
    assert "it refuses the file as it is (no such base)" in refuses.said
    assert refuses.plan is plan
    assert "it gave no answer" in checked(plan, ENGINE, RULES, lambda _: "it gave no answer").said


@pytest.mark.engine
def test_the_proposal_with_a_new_finding_is_dropped_alone(
    engine: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in engine.env.items():
        monkeypatch.setenv(name, value)
    done = checked(plan_of(tmp_path), ENGINE, RULES)
    assert selected(done) == ["first", "last"]
    (refusal,) = done.dropped
    assert (refusal.rule, "(LegacyKeyValueFormat)" in refusal.because) == ("wrong", True)
    assert done.said == "Checked by engine 28.5.2: no new findings."


@pytest.mark.engine
def test_the_engine_is_asked_without_a_registry_and_without_the_syntax_line(
    engine: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in engine.env.items():
        monkeypatch.setenv(name, value)
    source = (
        b"# syntax=registry.invalid/frontend:1\nARG V=2\nFROM registry.invalid/x:$V AS a\nFROM a\n"
        b"COPY --from=registry.invalid/y:1 /a /b\nRUN --mount=type=bind,from=registry.invalid/z,target=/z x\nCMD x\n"
    )
    found = ask_engine(source)
    assert isinstance(found, Findings)
    assert found.error is None
    assert {rule for rule, _ in found.warnings} == {"JSONArgsRecommended"}


def test_a_check_that_gives_no_answer_to_the_result_is_not_called_a_check(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    done = checked(plan, ENGINE, RULES, lambda text: Findings(frozenset(), None) if text == DOCKERFILE else "no answer")
    assert done.said == "Not checked by engine 28.5.2: no answer."
    assert done.plan is plan


def test_a_copy_that_cannot_be_written_is_said_and_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a full disk: there is no folder for it."""
    plan = plan_of(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    done = checked(plan, ENGINE, RULES)
    said = "Not checked by engine 28.5.2: its copy of the file cannot be written: no such file or directory."
    assert (done.said, done.plan) == (said, plan)
