"""The samples as they lie in the checkout: the command of the issue, word for word."""

from __future__ import annotations

from wizard.assets import assets_folder
from wizard.inspection import inspect
from wizard.plan.fold import make_plan
from wizard.workspace import open_workspace


def test_the_reference_sample_in_the_checkout_selects_the_rules_of_the_reference_case() -> None:
    workspace = open_workspace(assets_folder() / "samples" / "flask-torch")
    plan = make_plan(workspace, inspect(workspace))
    selected = {step.proposal.rule for step in plan.selected}
    assert selected >= {"dependency-layer", "split-stages", "cache-mounts", "torch-cpu-index", "dockerignore"}
    stages = [line.split()[-1] for line in plan.result.read(plan.dockerfile).decode().splitlines() if " AS " in line]
    assert stages == ["system-deps", "build-deps", "python-deps", "production"]
