"""Every rule, held against whole small repos: `tests/fixtures/rules/<rule-id>/<case>/` holds

before/      the repo, and one of
after/       the repo with the rule's proposal in it, byte for byte;
refusal.txt  a part of the reason why the rule refuses;
advice.txt   a part of what a proposal says that changes nothing;
nothing      an empty file: the rule has nothing to say here.

What the network answers is recorded beside them, see `tests/wizard/rules/answers.py`; without that nothing is asked.

A new case is a `before` folder. `DOCKWIZ_REGENERATE=1 pytest tests/wizard/rules/test_fixtures.py` writes the `after`
of every case that has none of the other three; read its diff before you commit it.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.wizard.rules.answers import Find, recorded
from wizard.dockerfile.scanner import parse
from wizard.inspection import inspect
from wizard.inspection.values import Inspection
from wizard.online.planning import plan_online
from wizard.plan.fold import Plan, make_plan
from wizard.plan.selection import Selection
from wizard.rules.base import Settings
from wizard.rules.registry import RULES
from wizard.workspace import Workspace, open_workspace

FOLDER = Path(__file__).parents[2] / "fixtures" / "rules"
CASES = sorted(before.parent for before in FOLDER.glob("*/*/before"))
REGENERATE = bool(os.environ.get("DOCKWIZ_REGENERATE"))


@dataclass(frozen=True)
class Found:
    """A repo as it was found: nothing writes into it."""

    root: Path
    workspace: Workspace
    inspection: Inspection
    find: Find | None = None
    """What the network answers; None where it is not asked."""

    def plan(self, selection: Selection) -> Plan:
        def make(inspection: Inspection) -> Plan:
            return make_plan(self.workspace, inspection, selection, Settings(online=self.find is not None))

        return make(self.inspection) if self.find is None else plan_online(make, self.inspection, self.find)


def look_at(root: Path, find: Find | None = None) -> Found:
    workspace = open_workspace(root)
    return Found(root, workspace, inspect(workspace), find)


def plan_for(root: Path, selection: Selection) -> Plan:
    return look_at(root).plan(selection)


def files_of(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def write(root: Path, plan: Plan) -> None:
    for name, content in plan.changes.items():
        path = root / name
        if content is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def copied(root: Path, place: Path) -> Path:
    return Path(shutil.copytree(root, place / "repo", symlinks=True))


def planned_again(plan: Plan, found: Found, place: Path) -> Plan:
    """The same plan once more, on what it wrote. One that changes nothing is its own second one."""
    if not plan.changes:
        return plan
    root = copied(found.root, place)
    write(root, plan)
    return look_at(root, found.find).plan(plan.selection)


# Of the module, so that all tests of a case come one after the other and share what they look at.


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def case(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture(scope="module")
def found(case: Path, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """The repo outside of any git work tree, as its owner would have it."""
    return look_at(copied(case / "before", tmp_path_factory.mktemp("found")), recorded(case))


@pytest.fixture(scope="module")
def alone(case: Path, found: Found) -> Plan:
    """The plan with this rule's proposal alone."""
    return found.plan(Selection(only=frozenset({case.parent.name})))


@pytest.fixture(scope="module")
def everything(found: Found) -> Plan:
    """The plan with every rule's proposal."""
    return found.plan(Selection(all=True))


def test_the_rule_does_what_the_case_says(case: Path, found: Found, alone: Plan, tmp_path: Path) -> None:
    rule = case.parent.name
    reasons = [refusal.because for refusal in alone.refusals if refusal.rule == rule]
    if (case / "refusal.txt").exists():
        assert not alone.changes
        assert len(reasons) == 1
        assert (case / "refusal.txt").read_text().strip() in reasons[0]
        return
    assert reasons == []
    if (case / "advice.txt").exists():
        (said,) = [step.proposal for step in alone.steps if step.proposal.rule == rule]
        assert (said.edits, said.safety) == ({}, "review")
        assert (case / "advice.txt").read_text().strip() in said.why
        return
    if (case / "nothing").exists():
        assert rule not in {step.proposal.rule for step in alone.steps}
        return
    assert alone.changes, "the rule proposes nothing, and the case has neither refusal.txt nor nothing"
    root = copied(found.root, tmp_path)
    write(root, alone)
    if REGENERATE:
        shutil.rmtree(case / "after", ignore_errors=True)
        shutil.copytree(root, case / "after", symlinks=True)
    assert files_of(root) == files_of(case / "after")


def test_a_second_plan_on_the_result_changes_nothing(found: Found, alone: Plan, tmp_path: Path) -> None:
    again = planned_again(alone, found, tmp_path)
    assert again.changes == {}
    assert [step for step in again.selected if step.proposal.edits] == []


def test_all_rules_get_along_with_the_result(alone: Plan, everything: Plan) -> None:
    for plan in (alone, everything):
        assert [r for r in plan.refusals if "did not pass our own check" in r.because] == []
        for step in plan.steps:
            parse(step.after.read(plan.dockerfile), plan.dockerfile)


def test_after_everything_a_second_plan_changes_nothing(found: Found, everything: Plan, tmp_path: Path) -> None:
    again = planned_again(everything, found, tmp_path)
    assert {step.proposal.rule: step.diff for step in again.selected if step.proposal.edits} == {}


def test_every_folder_is_a_rule_and_every_case_says_one_thing() -> None:
    assert {case.parent.name for case in CASES} <= {rule.ID for rule in RULES}
    for case in CASES:
        said = [name for name in ("after", "refusal.txt", "advice.txt", "nothing") if (case / name).exists()]
        assert len(said) == 1, f"{case.parent.name}/{case.name} says {said}"


SILENT = frozenset({"parallel-bytecode", "apt-no-recommends"})
"""Rules that say nothing where a precondition does not hold: their cases of that kind are `nothing`."""


@pytest.mark.parametrize("rule", [rule.ID for rule in RULES])
def test_every_rule_has_four_cases_that_fire_and_four_that_do_not(rule: str) -> None:
    cases = [case for case in CASES if case.parent.name == rule]
    reasons = [case for case in cases if (case / "refusal.txt").exists() or (case / "advice.txt").exists()]
    assert sum((case / "after").exists() for case in cases) >= 4
    if rule in SILENT:
        assert sum((case / "nothing").exists() for case in cases) >= 4
        return
    assert len(reasons) >= 4
    for case in reasons:
        assert "".join(path.read_text() for path in case.glob("*.txt") if path.stem in ("refusal", "advice")).strip()
