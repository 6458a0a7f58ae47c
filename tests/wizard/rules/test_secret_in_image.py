"""secret-in-image: what is shown of a secret, what is said about callers, and builds that hand it over both ways."""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from screens.masking import mask
from tests.conftest import Engine
from wizard.inspection import inspect
from wizard.plan.fold import Plan, make_plan
from wizard.plan.selection import Selection
from wizard.plan.view_json import plan_json
from wizard.plan.view_sarif import plan_sarif
from wizard.rules.base import Proposal
from wizard.workspace import open_workspace

FOLDER = Path(__file__).parents[2] / "fixtures" / "rules" / "secret-in-image"
CASES = sorted(case.name for case in FOLDER.iterdir())
VALUES = ("hunter2", "s3cr3t", "AKIAIOSFODNN7EXAMPLE", "opened-1", "0d4b7a52")
MADE_UP = "opened"


def plan_of(case: str, place: Path) -> Plan:
    """The plan outside of any git work tree, as the repo's owner would have it."""
    workspace = open_workspace(Path(shutil.copytree(FOLDER / case / "before", place / "repo")))
    return make_plan(workspace, inspect(workspace), Selection(only=frozenset({"secret-in-image"})))


def proposal_of(case: str, place: Path) -> Proposal:
    (step,) = (step for step in plan_of(case, place).steps if step.selected)
    return step.proposal


def without_diffs(plan: Plan) -> str:
    content = plan_json(plan)
    del content["diff"]
    for proposal in content["proposals"]:
        del proposal["diff"]
    return json.dumps([content, plan_sarif(plan)])


@pytest.mark.parametrize("case", CASES)
def test_no_value_is_shown_but_in_the_diff_and_there_not_on_screen(case: str, tmp_path: Path) -> None:
    plan = plan_of(case, tmp_path)
    shown = without_diffs(plan)
    on_screen = "\n".join(mask(line) for line in plan.diff.splitlines() if line.startswith(("+", "-")))
    for value in VALUES:
        assert value not in shown
        if value != "opened-1":  # Its RUN compares with it: the person's own line, in a test alone.
            assert value not in on_screen


@pytest.mark.parametrize("case", CASES)
def test_a_diff_adds_no_value(case: str, tmp_path: Path) -> None:
    added = [line for line in plan_of(case, tmp_path).diff.splitlines() if line.startswith("+")]
    assert not [line for line in added for value in VALUES if value in line and value != "opened-1"]


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ("build-argument", "`docker build --secret id=FETCH_TOKEN,env=FETCH_TOKEN …`"),
        ("build-argument", "Makefile"),
        ("build-argument", "Compose stops where the variable is not set"),
        ("copied-npmrc", "`docker build --secret id=npmrc,src=.npmrc …`"),
        ("copied-pip-conf", "No file of the repo that builds it had to be changed"),
        ("written-out-in-a-build-stage", "replace it by a new one"),
    ],
)
def test_the_person_is_told_what_every_build_needs_now(case: str, says: str, tmp_path: Path) -> None:
    proposal = proposal_of(case, tmp_path)
    assert proposal.safety == "review"
    assert says in proposal.risk


def test_documents_that_name_the_build_argument_are_named(tmp_path: Path) -> None:
    for name in ("Dockerfile", "build.sh"):
        (tmp_path / name).write_bytes((FOLDER / "build-argument" / "before" / name).read_bytes())
    (tmp_path / "README.md").write_text("# App\n\n    docker build --build-arg FETCH_TOKEN=… .\n")
    workspace = open_workspace(tmp_path)
    plan = make_plan(workspace, inspect(workspace), Selection(only=frozenset({"secret-in-image"})))
    assert "Documents still say to hand over a build argument: README.md:3" in plan.steps[0].proposal.risk


@pytest.fixture
def tag(engine: Engine) -> Iterator[str]:
    name = f"dockwiz-test:{uuid.uuid4()}"
    yield name
    engine.run(["docker", "image", "rm", "-f", f"{name}-before", f"{name}-after"])


@pytest.mark.engine
@pytest.mark.parametrize(
    "case", ["build-argument", pytest.param("older-frontend", id="older-frontend, read by the engine's own")]
)
def test_the_step_has_the_value_and_the_image_has_not(engine: Engine, tag: str, case: str, tmp_path: Path) -> None:
    engine = Engine({**engine.env, "FETCH_TOKEN": MADE_UP})
    said, histories = [], []
    given = {"before": ["--build-arg", "FETCH_TOKEN"], "after": ["--secret", "id=FETCH_TOKEN,env=FETCH_TOKEN"]}
    for side, options in given.items():
        lines = (FOLDER / case / side / "Dockerfile").read_text().splitlines(keepends=True)
        (tmp_path / "Dockerfile").write_text("".join(line for line in lines if not line.startswith("# syntax")))
        engine.docker("buildx", "build", "--load", "-q", "-t", f"{tag}-{side}", *options, tmp_path)
        said.append(engine.docker("run", "--rm", "--network=none", f"{tag}-{side}"))
        histories.append(engine.docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", f"{tag}-{side}"))
    assert said[0] == said[1] != ""
    assert f"FETCH_TOKEN={MADE_UP}" in histories[0]
    assert f"FETCH_TOKEN={MADE_UP}" not in histories[1]


@pytest.mark.engine
def test_a_mounted_file_leaves_nothing_behind(engine: Engine, tag: str, tmp_path: Path) -> None:
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://build:hunter2@pypi.example.org/simple\n")
    (tmp_path / "Dockerfile").write_text(
        "FROM python:3.11-slim\nCOPY pip.conf /etc/pip.conf\nRUN pip config list > /seen\nRUN rm /etc/pip.conf\n"
        'CMD ["sh", "-c", "cat /seen; ls /etc | grep -c pip.conf"]\n'
    )
    workspace = open_workspace(tmp_path)
    plan = make_plan(workspace, inspect(workspace), Selection(only=frozenset({"secret-in-image"})))
    engine.docker("buildx", "build", "--load", "-q", "-t", f"{tag}-before", tmp_path)
    for name, content in plan.changes.items():
        (tmp_path / name).write_bytes(content or b"")
    secret = f"id=pip.conf,src={tmp_path / 'pip.conf'}"
    engine.docker("buildx", "build", "--load", "-q", "-t", f"{tag}-after", "--secret", secret, tmp_path)
    ask = ["run", "--rm", "--network=none"]
    before, after = (engine.run(["docker", *ask, f"{tag}-{side}"]).stdout for side in ("before", "after"))
    assert before == after
    assert "hunter2" in before


@pytest.mark.engine
def test_the_changed_script_builds(engine: Engine, tag: str, tmp_path: Path) -> None:
    for path in (FOLDER / "build-argument" / "after").iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    script = (tmp_path / "build.sh").read_text().replace("--tag app", f"--tag {tag}-after")
    done = Engine({**engine.env, "CI_TOKEN": MADE_UP}).run(["sh", "-c", script], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert engine.docker("run", "--rm", "--network=none", f"{tag}-after").strip() == "fetched"


@pytest.mark.engine
@pytest.mark.parametrize("case", ["bake", "bake-with-secrets-of-its-own", "bake-target-that-inherits", "bake-in-json"])
def test_every_target_of_a_changed_bake_file_hands_over_the_secret(engine: Engine, case: str) -> None:
    done = engine.run(["docker", "buildx", "bake", "--print", "app"], cwd=FOLDER / case / "after")
    assert done.returncode == 0, done.stderr
    for target in json.loads(done.stdout)["target"].values():
        assert "FETCH_TOKEN" not in target.get("args", {})
        assert {"id": "FETCH_TOKEN", "env": "FETCH_TOKEN"} in target["secret"]


@pytest.mark.engine
def test_the_changed_bake_file_builds(engine: Engine, tag: str) -> None:
    words = ["docker", "buildx", "bake", "--load", "--set", f"app.tags={tag}-after"]
    place = FOLDER / "bake-with-secrets-of-its-own" / "after"
    done = Engine({**engine.env, "FETCH_TOKEN": MADE_UP, "OTHER": "x"}).run(words, cwd=place)
    assert done.returncode == 0, done.stderr
    assert engine.docker("run", "--rm", "--network=none", f"{tag}-after").strip() == "fetched"
