"""What the report says was changed."""

from __future__ import annotations

from pathlib import Path

from wizard.compare.change import change_of_plan
from wizard.inspection import inspect
from wizard.plan.apply import apply
from wizard.plan.fold import make_plan
from wizard.state import StateFolder
from wizard.workspace import open_workspace


def test_the_change_of_a_plan_is_the_same_after_it_was_applied(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    (repo / "Dockerfile").write_text("FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\nRUN pip install flask\n")
    (repo / "app.py").write_text("import flask\n")
    workspace = open_workspace(repo)
    plan = make_plan(workspace, inspect(workspace))
    change = change_of_plan(plan)
    assert [applied.rule for applied in change.proposals] == [step.proposal.rule for step in plan.selected]
    assert {file.path: file.kind for file in change.files} == {".dockerignore": "new", "Dockerfile": "changed"}
    apply(plan, StateFolder(tmp_path / "state"))
    assert change_of_plan(plan) == change
