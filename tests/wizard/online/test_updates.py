"""dependency-updates with a package index and an engine: what it takes installs, and the next run finds nothing."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from tests.conftest import Engine
from wizard.inspection import inspect
from wizard.inspection.questions import LockQuestion
from wizard.inspection.values import Inspection
from wizard.online.planning import plan_online
from wizard.online.resolver import resolve
from wizard.plan.fold import Plan, make_plan
from wizard.plan.selection import Selection
from wizard.rules.base import Settings
from wizard.workspace import open_workspace

PINS = "click==8.0.1\nitsdangerous==2.1.0\nmarkupsafe==2.1.0\njinja2==3.0.1\n"


@pytest.mark.engine
def test_asked_alone_a_package_does_not_hold_back_another() -> None:
    question = LockQuestion(
        "requirements.txt",
        (("requirements.txt", b"flask==2.2.0\nwerkzeug>=2.2\n"),),
        (3, 11),
        ("x86_64-manylinux_2_36",),
        alone=True,
    )
    answer = resolve(question)
    assert answer.text is not None
    names = [line.split()[0] for line in answer.text.splitlines() if not line.startswith(" ")]
    assert names[0] == "flask==2.2.0"
    assert len(names) == 2, "nothing that they depend on"
    assert int(names[1].removeprefix("werkzeug==").partition(".")[0]) >= 3


@pytest.mark.engine
def test_a_package_without_a_wheel_is_left_out_and_named() -> None:
    files = (("requirements.txt", b"docopt==0.6.2\nclick>=8.1\n"),)
    question = LockQuestion("requirements.txt", files, (3, 11), ("x86_64-manylinux_2_36",), partial=True)
    answer = resolve(question)
    assert answer.text is not None
    assert answer.text.startswith("click==")
    assert answer.because == "docopt has no wheel: left out"
    assert resolve(question._replace(partial=False)).text is None


def plan(root: Path) -> Plan:
    workspace = open_workspace(root)

    def make(inspection: Inspection) -> Plan:
        only = Selection(only=frozenset({"dependency-updates"}))
        return make_plan(workspace, inspection, only, Settings(online=True))

    return plan_online(make, inspect(workspace))


@pytest.mark.engine
def test_the_image_has_the_newer_releases_and_a_second_run_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM python:3.11-slim\nCOPY requirements.txt /\nRUN pip install -r /requirements.txt\n"
    )
    (tmp_path / "requirements.txt").write_text(PINS)
    changes = plan(tmp_path).changes
    assert list(changes) == ["requirements.txt"]
    (tmp_path / "requirements.txt").write_bytes(changes["requirements.txt"] or b"")
    tag = f"dockwiz-test:{uuid.uuid4()}"
    engine.docker("buildx", "build", "--load", "-q", "-t", tag, tmp_path)
    try:
        command = "pip list --format json 2>/dev/null"
        said = json.loads(engine.docker("run", "--rm", "--network=none", "--entrypoint=sh", tag, "-c", command))
    finally:
        engine.run(["docker", "image", "rm", "-f", tag])
    installed = {f"{one['name'].lower()}=={one['version']}" for one in said}
    pinned = set((changes["requirements.txt"] or b"").decode().split())
    assert pinned <= installed
    assert not pinned & set(PINS.split()), "each of these has a newer release with the same major version"
    assert plan(tmp_path).changes == {}
