"""The samples as they lie in the checkout: the command of the issue, word for word."""

from __future__ import annotations

from wizard.assets import assets_folder
from wizard.inspection import inspect
from wizard.plan.fold import make_plan
from wizard.plan.selection import Selection
from wizard.workspace import open_workspace


def test_the_reference_sample_in_the_checkout_selects_the_rules_of_the_reference_case() -> None:
    workspace = open_workspace(assets_folder() / "samples" / "flask-torch")
    plan = make_plan(workspace, inspect(workspace))
    selected = {step.proposal.rule for step in plan.selected}
    assert selected >= {"dependency-layer", "split-stages", "cache-mounts", "torch-cpu-index", "dockerignore"}
    stages = [line.split()[-1] for line in plan.result.read(plan.dockerfile).decode().splitlines() if " AS " in line]
    assert stages == ["system-deps", "build-deps", "python-deps", "production"]


def test_the_reference_case_is_what_the_issue_asks_for() -> None:
    workspace = open_workspace(assets_folder() / "samples" / "flask-torch")
    plan = make_plan(workspace, inspect(workspace), Selection(goal="speed"))
    result = plan.result.read(plan.dockerfile).decode()
    system, build, torch, python, production = result.split("\nFROM ")
    assert [name in system for name in ("curl", "tesseract-ocr", "tesseract-ocr-eng")] == [True] * 3
    assert [name in build for name in ("gcc", "g++", "python3-dev")] == [True] * 3
    assert not any(f"    {name}" in system + production for name in ("gcc", "g++", "python3-dev"))
    (family,) = (line for line in torch.splitlines() if "uv pip install" in line)
    (rest,) = (line for line in python.splitlines() if "uv pip install" in line)
    assert "&& mv /opt/venv/lib/python3.11/site-packages/torch /opt/torch" in torch
    assert "--no-deps --index-url https://download.pytorch.org/whl/cpu torch==2.13.0 " in family
    assert rest.endswith("--compile-bytecode --link-mode copy -r requirements-docker-cpu.txt")
    assert python.index("COPY requirements.txt requirements-docker-cpu.txt ./") < python.index(rest)
    assert torch.startswith("python:3.11-slim AS torch-deps")
    assert python.startswith("build-deps AS python-deps")
    assert production.index("COPY --from=torch-deps /opt/torch") < production.index("COPY --from=python-deps")
    assert production.index("COPY --from=python-deps") < production.index("COPY . .") < production.index("curl -f")
    comments = (line for line in workspace.read(plan.dockerfile).decode().splitlines() if line.startswith("#"))
    assert all(comment in result for comment in comments)
    (uv,) = (step.proposal for step in plan.selected if step.proposal.rule == "uv-install")
    assert uv.risk.startswith("The same versions where they are pinned; here all direct requirements are.")
