"""Every rule, held against whole small repos: `tests/fixtures/rules/<rule-id>/<case>/` holds

before/      the repo, and one of
after/       the repo with the rule's proposal in it, byte for byte;
refusal.txt  a part of the reason why the rule refuses;
nothing      an empty file: the rule has nothing to say here.

A new case is a `before` folder. `DOCKWIZ_REGENERATE=1 pytest tests/wizard/rules/test_fixtures.py` writes the `after`
of every case that has neither `refusal.txt` nor `nothing`; read its diff before you commit it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from wizard.dockerfile.scanner import parse
from wizard.inspection import inspect
from wizard.plan.fold import Plan, make_plan
from wizard.plan.selection import Selection
from wizard.rules.registry import RULES
from wizard.workspace import open_workspace

FOLDER = Path(__file__).parents[2] / "fixtures" / "rules"
CASES = sorted(before.parent for before in FOLDER.glob("*/*/before"))
REGENERATE = bool(os.environ.get("DOCKWIZ_REGENERATE"))


def plan_for(root: Path, selection: Selection) -> Plan:
    workspace = open_workspace(root)
    return make_plan(workspace, inspect(workspace), selection)


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


def copy_of(case: Path, tmp_path: Path) -> Path:
    """The repo outside of any git work tree, as its owner would have it."""
    return Path(shutil.copytree(case / "before", tmp_path / "repo", symlinks=True))


@pytest.fixture(params=CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def case(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_the_rule_does_what_the_case_says(case: Path, tmp_path: Path) -> None:
    rule = case.parent.name
    root = copy_of(case, tmp_path)
    plan = plan_for(root, Selection(only=frozenset({rule})))
    reasons = [refusal.because for refusal in plan.refusals if refusal.rule == rule]
    if (case / "refusal.txt").exists():
        assert not plan.changes
        assert len(reasons) == 1
        assert (case / "refusal.txt").read_text().strip() in reasons[0]
        return
    assert reasons == []
    if (case / "nothing").exists():
        assert rule not in {step.proposal.rule for step in plan.steps}
        return
    assert plan.changes, "the rule proposes nothing, and the case has neither refusal.txt nor nothing"
    write(root, plan)
    if REGENERATE:
        shutil.rmtree(case / "after", ignore_errors=True)
        shutil.copytree(root, case / "after", symlinks=True)
    assert files_of(root) == files_of(case / "after")


def test_a_second_plan_on_the_result_changes_nothing(case: Path, tmp_path: Path) -> None:
    rule = case.parent.name
    root = copy_of(case, tmp_path)
    write(root, plan_for(root, Selection(only=frozenset({rule}))))
    again = plan_for(root, Selection(only=frozenset({rule})))
    assert again.changes == {}
    assert again.selected == ()


@pytest.mark.parametrize("everything", [False, True], ids=["only this rule", "all rules"])
def test_all_rules_get_along_with_the_result(case: Path, tmp_path: Path, everything: bool) -> None:
    root = copy_of(case, tmp_path)
    plan = plan_for(root, Selection(all=True) if everything else Selection(only=frozenset({case.parent.name})))
    assert [r for r in plan.refusals if "did not pass our own check" in r.because] == []
    for step in plan.steps:
        parse(step.after.read(plan.dockerfile), plan.dockerfile)


def test_after_everything_a_second_plan_changes_nothing(case: Path, tmp_path: Path) -> None:
    root = copy_of(case, tmp_path)
    write(root, plan_for(root, Selection(all=True)))
    again = plan_for(root, Selection(all=True))
    assert {step.proposal.rule: step.diff for step in again.selected if step.proposal.edits} == {}


def test_every_folder_is_a_rule_and_every_case_says_one_thing() -> None:
    assert {case.parent.name for case in CASES} <= {rule.ID for rule in RULES}
    for case in CASES:
        said = [name for name in ("after", "refusal.txt", "nothing") if (case / name).exists()]
        assert len(said) == 1, f"{case.parent.name}/{case.name} says {said}"
