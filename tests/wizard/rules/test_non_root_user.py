"""non-root-user: always a review, and the service does the same as another user on a real engine."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Engine
from wizard.inspection import inspect
from wizard.plan.fold import make_plan
from wizard.plan.selection import Selection
from wizard.workspace import open_workspace

FOLDER = Path(__file__).parents[2] / "fixtures" / "rules" / "non-root-user"
ONLY = Selection(only=frozenset({"non-root-user"}))


@pytest.mark.parametrize("case", ["plain", "folders-to-write", "alpine", "two-stages-and-a-script"])
def test_it_waits_for_a_review_and_says_what_to_check(case: str, tmp_path: Path) -> None:
    workspace = open_workspace(Path(shutil.copytree(FOLDER / case / "before", tmp_path / "repo")))
    (step,) = make_plan(workspace, inspect(workspace), ONLY).selected
    assert step.proposal.safety == "review"
    assert "mounts and volumes that this repo does not name (they have to belong to 10001)" in step.proposal.risk


def test_a_file_that_not_everybody_may_read_is_named(tmp_path: Path) -> None:
    for path in (FOLDER / "plain" / "before").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "app.py").chmod(0o600)
    workspace = open_workspace(tmp_path)
    plan = make_plan(workspace, inspect(workspace), ONLY)
    assert [refusal.because for refusal in plan.refusals] == [
        "app.py may not be read by everybody, and is copied with its mode"
    ]


@pytest.fixture
def tag(engine: Engine) -> Iterator[str]:
    name = f"dockwiz-test:{uuid.uuid4()}"
    yield name
    engine.run(["docker", "image", "rm", "-f", f"{name}-before", f"{name}-after"])


@pytest.mark.engine
def test_the_service_writes_where_it_wrote_before(engine: Engine, tag: str) -> None:
    said = []
    for side in ("before", "after"):
        engine.docker("buildx", "build", "--load", "-q", "-t", f"{tag}-{side}", FOLDER / "folders-to-write" / side)
        said.append(engine.docker("run", "--rm", "--network=none", f"{tag}-{side}"))
    assert said == ["written\n", "written\n"]
    asked = engine.docker("run", "--rm", "--network=none", f"{tag}-after", "sh", "-c", "id -u; echo $HOME; touch ~/a")
    assert asked.split() == ["10001", "/home/app"]


@pytest.mark.engine
def test_the_code_stays_as_it_is(engine: Engine, tag: str) -> None:
    engine.docker("buildx", "build", "--load", "-q", "-t", f"{tag}-after", FOLDER / "plain" / "after")
    done = engine.run(["docker", "run", "--rm", "--network=none", f"{tag}-after", "sh", "-c", "echo > /app/app.py"])
    assert done.returncode != 0
    assert "Permission denied" in done.stderr
