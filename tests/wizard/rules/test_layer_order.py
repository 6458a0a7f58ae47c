"""layer-order weighs how often files change, in git, against how large the copies are that wait for them; and what an
engine does again, before and after, when a setting changes that every build sets anew."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import Engine
from wizard.dockerfile.scanner import parse
from wizard.inspection import inspect
from wizard.inspection.step_times import StepTime, step_key
from wizard.plan.fold import Plan, make_plan
from wizard.rules import layer_order
from wizard.rules.base import Estimate
from wizard.workspace import open_workspace

FOLDER = Path(__file__).parents[2] / "fixtures" / "rules" / "layer-order"
HEAD = "FROM python:3.11\nWORKDIR /app\n"
SOURCES_FIRST = HEAD + 'COPY app app\nCOPY model model\nCMD ["python", "app/main.py"]\n'
IDENTITY = ("-c", "user.name=a", "-c", "user.email=a@b.c")


def _plan(root: Path, dockerfile: str, *, often: str = "app", size: int = 30_000_000, git: bool = True) -> Plan:
    """The rule alone, on a repo in which one folder has three commits and the other has one; size in bytes."""
    for folder in ("app", "model"):
        (root / folder).mkdir()
        (root / folder / "main.py").write_text("")
    (root / "Dockerfile").write_text(dockerfile)
    (root / ".gitignore").write_text("*.bin\n")
    for number in range(3) if git else ():
        (root / often / "main.py").write_text(f"# {number}\n")
        for words in (("init", "-q"), ("add", "-A"), (*IDENTITY, "commit", "-qm", "change")):
            subprocess.run(["git", *words], cwd=root, check=True)
    with (root / "model" / "weights.bin").open("wb") as file:
        os.truncate(file.fileno(), size)
    workspace = open_workspace(root)
    return make_plan(workspace, inspect(workspace), rules=(layer_order,))


def test_sources_go_below_a_large_folder_that_changes_less_often(tmp_path: Path) -> None:
    plan = _plan(tmp_path, SOURCES_FIRST)
    assert plan.result.read("Dockerfile").decode().splitlines()[2:4] == ["COPY model model", "COPY app app"]


def test_a_small_folder_is_not_worth_a_change(tmp_path: Path) -> None:
    assert _plan(tmp_path, SOURCES_FIRST, size=1_000).steps == ()


def test_a_large_folder_that_changes_more_often_stays_below(tmp_path: Path) -> None:
    assert _plan(tmp_path, SOURCES_FIRST, often="model").steps == ()


def test_without_git_nothing_is_known_to_change_more_often(tmp_path: Path) -> None:
    assert _plan(tmp_path, SOURCES_FIRST, git=False).steps == ()


@pytest.mark.parametrize(
    "between",
    [
        "COPY app .\nCOPY model .\n",
        "COPY --chown=1000 app /srv/a/app\nCOPY model /srv/a/model\n",
        "COPY app app\nRUN python app/main.py\nCOPY model model\n",
        "COPY app app\nWORKDIR /srv\nCOPY model model\n",
        "ARG PLACE=app\nCOPY app $PLACE\nARG PLACE=b\nCOPY model model\n",
    ],
    ids=["one place", "folder above of another owner", "step between", "another workdir", "variable between"],
)
def test_copies_that_would_mean_something_else_keep_their_order(tmp_path: Path, between: str) -> None:
    assert _plan(tmp_path, HEAD + between).steps == ()


@pytest.mark.engine
@pytest.mark.parametrize(
    ("case", "setting", "install"),
    [
        ("line-ends-of-windows", "BUILD_NUMBER", "pip install"),
        pytest.param("build-arguments-on-top", "GIT_SHA", "apt-get", marks=pytest.mark.full),
    ],
)
def test_another_commit_leaves_the_installs_and_the_image_as_they_were(
    engine: Engine, tag: str, case: str, setting: str, install: str
) -> None:
    again, values = {}, (uuid.uuid4(), uuid.uuid4())
    for side in ("before", "after"):
        for value in values:
            done = engine.run(
                ["docker", "buildx", "build", "--load", "--progress=plain", "--build-arg", f"{setting}={value}",
                 "-t", f"{tag}-{side}", FOLDER / case / side],
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
        again[side] = not _cached(done.stderr, install)
    assert again == {"before": True, "after": False}
    assert _configuration(engine, f"{tag}-after") == _configuration(engine, f"{tag}-before")


@pytest.fixture
def tag(engine: Engine) -> Iterator[str]:
    name = f"dockwiz-test:{uuid.uuid4()}"
    yield name
    engine.run(["docker", "image", "rm", "-f", f"{name}-before", f"{name}-after"])


def _cached(log: str, command: str) -> bool:
    """Whether the step with this command was taken from the cache, as the plain log of a build tells."""
    number = next(line.split()[0] for line in log.splitlines() if "] RUN" in line and command in line)
    return f"{number} CACHED" in log.splitlines()


def _configuration(engine: Engine, image: str) -> object:
    """What a container of the image is started with; the order of variables does not count."""
    found = json.loads(engine.docker("image", "inspect", "-f", "{{json .Config}}", image))
    return {**found, "Env": sorted(found["Env"])}


# With what an earlier build measured.


def _measured(root: Path, dockerfile: str, **seconds: float) -> Plan:
    """The plan on the repo of `_plan`, whose copies of the folders (and RUN steps) took so many seconds in a build."""
    without = _plan(root, dockerfile, size=1_000)
    document = parse(dockerfile.encode(), "Dockerfile")
    times = {
        step_key(document, one): StepTime(seconds[name], "2026-11-20")
        for one in document.instructions
        for name in seconds
        if name in one.argument
    }
    return make_plan(without.workspace, replace(without.inspection, step_times=times), rules=(layer_order,))


def test_a_small_folder_whose_copy_took_long_goes_above_what_changes_more_often(tmp_path: Path) -> None:
    plan = _measured(tmp_path, SOURCES_FIRST, model=4.0, app=0.1)
    assert plan.result.read("Dockerfile").decode().splitlines()[2:4] == ["COPY model model", "COPY app app"]
    (step,) = plan.steps
    assert step.proposal.why.endswith("About 4 s saved per edit of what line 3 copies, from the build of 2026-11-20.")
    assert step.proposal.estimate == Estimate(4.0, None, "measured")


def test_the_seconds_of_each_are_weighed_with_how_often_the_other_changes(tmp_path: Path) -> None:
    # Three commits save half a second each; one commit costs two seconds more from then on.
    assert _measured(tmp_path, SOURCES_FIRST, model=0.5, app=2.0).steps == ()


def test_an_install_that_took_no_time_is_no_reason_to_move_a_setting(tmp_path: Path) -> None:
    text = HEAD + 'ARG GIT_SHA\nENV GIT_SHA=$GIT_SHA\nRUN pip install click==8.1.3\nCOPY app app\nCMD ["python"]\n'
    assert _measured(tmp_path, text, click=0.1).steps == ()


def test_what_the_passed_steps_took_is_the_saving_of_a_setting(tmp_path: Path) -> None:
    text = HEAD + 'ARG GIT_SHA\nENV GIT_SHA=$GIT_SHA\nRUN pip install click==8.1.3\nCOPY app app\nCMD ["python"]\n'
    (step,) = _measured(tmp_path, text, click=12.4).steps
    assert "About 12 s saved per new value in line 3, from the build of 2026-11-20." in step.proposal.why
    assert step.proposal.estimate == Estimate(12.4, None, "measured")


def test_without_a_measurement_no_seconds_are_promised(tmp_path: Path) -> None:
    (step,) = _plan(tmp_path, SOURCES_FIRST).steps
    assert step.proposal.estimate is None
    assert "saved" not in step.proposal.why
