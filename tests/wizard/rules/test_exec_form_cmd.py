"""exec-form-cmd: what makes a proposal a review, and both forms started on a real engine."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Engine
from wizard.inspection import inspect
from wizard.plan.fold import make_plan
from wizard.workspace import open_workspace

FOLDER = Path(__file__).parents[2] / "fixtures" / "rules" / "exec-form-cmd"


@pytest.mark.parametrize(
    ("case", "safety", "says"),
    [
        ("plain", "safe", "signals reach it"),
        ("behind-an-init", "safe", "signals reach it"),
        ("script-of-the-repo", "safe", "signals reach it"),
        ("entrypoint-for-review", "review", "Arguments that are given to `docker run` reach the program then"),
        ("unknown-base-for-review", "review", "Whether registry.example.org/team/base:1 has an ENTRYPOINT"),
        ("code-asks-for-pwd", "review", "app.py asks for the variable PWD, which a shell sets"),
    ],
)
def test_what_only_a_person_can_tell_waits_for_a_review(case: str, safety: str, says: str) -> None:
    workspace = open_workspace(FOLDER / case / "before")
    plan = make_plan(workspace, inspect(workspace))
    (proposal,) = (step.proposal for step in plan.steps if step.proposal.rule == "exec-form-cmd")
    assert proposal.safety == safety
    assert says in proposal.risk


@pytest.fixture
def tag(engine: Engine) -> Iterator[str]:
    name = f"dockwiz-test:{uuid.uuid4()}"
    yield name
    engine.run(["docker", "image", "rm", "-f", f"{name}-before", f"{name}-after"])


@pytest.mark.engine
@pytest.mark.parametrize("case", ["plain", "script-of-the-repo"])
def test_the_container_says_the_same(engine: Engine, tag: str, case: str) -> None:
    said = []
    for side in ("before", "after"):
        engine.docker("buildx", "build", "--load", "-q", "-t", f"{tag}-{side}", FOLDER / case / side)
        said.append(engine.docker("run", "--rm", "--network=none", f"{tag}-{side}"))
    assert said[0] == said[1] != ""
