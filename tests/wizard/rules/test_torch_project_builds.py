"""torch-cpu-index for projects on a real engine: the CPU build from an index, and the lock that uv made again."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Engine
from tests.engine.machine import EngineError
from tests.engine.wheel_index import cpu_index
from tests.wizard.rules.test_fixtures import write
from wizard.inspection import inspect
from wizard.online.planning import plan_online
from wizard.plan.fold import Plan, make_plan
from wizard.plan.selection import Selection
from wizard.rules.base import Settings
from wizard.workspace import open_workspace

ONLY = Selection(only=frozenset({"torch-cpu-index"}))
PYPROJECT = """\
[project]
name = "app"
version = "1.0"
requires-python = ">=3.11,<3.12"
dependencies = ["einops==0.8.0", "torch==2.13.0"]
"""
DOCKERFILE = """\
FROM python:3.11-slim
RUN pip install --no-cache-dir uv
WORKDIR /app
COPY pyproject.toml uv.lock* ./
RUN uv sync --no-cache FLAGS
COPY app.py .
CMD ["/app/.venv/bin/python", "app.py"]
"""
APP = """\
import importlib.metadata as metadata
import einops, torch
names = [one.metadata["Name"].lower() for one in metadata.distributions()]
print(torch.__version__, einops.__version__, sum(name.startswith(("nvidia", "cuda", "triton")) for name in names))
"""


@pytest.fixture
def index(engine: Engine) -> Iterator[str]:
    try:
        with cpu_index(engine.env) as address:
            yield address
    except EngineError as error:
        pytest.skip(str(error))


@pytest.fixture
def tag(engine: Engine) -> Iterator[str]:
    name = f"dockwiz-test:{uuid.uuid4()}"
    yield name
    engine.run(["docker", "image", "rm", "-f", name])


def project(folder: Path, flags: str) -> Path:
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "Dockerfile").write_text(DOCKERFILE.replace("FLAGS", flags))
    (folder / "app.py").write_text(APP)
    return folder


def planned(folder: Path, settings: Settings) -> Plan:
    workspace = open_workspace(folder)
    return make_plan(workspace, inspect(workspace), ONLY, settings)


def answer(engine: Engine, tag: str, folder: Path) -> str:
    engine.docker("buildx", "build", "--load", "-q", "-t", tag, folder)
    return engine.docker("run", "--rm", "--network=none", tag).split("\n")[0]


@pytest.mark.full
@pytest.mark.engine
def test_a_project_without_a_lock_gets_the_cpu_build(engine: Engine, index: str, tag: str, tmp_path: Path) -> None:
    folder = project(tmp_path, "")
    write(folder, planned(folder, Settings(torch_index=index)))
    assert answer(engine, tag, folder) == "2.13.0+cpu 0.8.0 0"


@pytest.mark.full
@pytest.mark.engine
def test_a_lock_is_made_again_with_the_versions_that_it_held(
    engine: Engine, index: str, tag: str, tmp_path: Path
) -> None:
    folder = project(tmp_path, "--locked")
    subprocess.run([sys.executable, "-m", "uv", "lock", "-q"], cwd=folder, check=True)
    before = (folder / "uv.lock").read_bytes()
    offline = planned(folder, Settings(torch_index=index))
    assert "torch-cpu-index" in [one.rule for one in offline.waiting]
    workspace = open_workspace(folder)
    online = Settings(torch_index=index, online=True)
    plan = plan_online(lambda found: make_plan(workspace, found, ONLY, online), inspect(workspace))
    write(folder, plan)
    after = tomllib.loads((folder / "uv.lock").read_text())
    old = {one["name"]: one["version"] for one in tomllib.loads(before.decode())["package"]}
    new = {one["name"]: one["version"] for one in after["package"] if "+cpu" not in one["version"]}
    assert any(name.startswith("nvidia") for name in old)
    assert not any(name.startswith("nvidia") for name in new)
    assert new == {name: old[name] for name in new}
    assert answer(engine, tag, folder) == "2.13.0+cpu 0.8.0 0"
    assert planned(folder, Settings(torch_index=index, online=True)).changes == {}


@pytest.mark.full
@pytest.mark.engine
def test_a_local_project_of_pip_finds_the_cpu_build_there(engine: Engine, index: str, tag: str, tmp_path: Path) -> None:
    folder = project(tmp_path, "")
    dockerfile = "FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\nRUN pip install --no-cache-dir .\n"
    (folder / "Dockerfile").write_text(f'{dockerfile}CMD ["python", "app.py"]\n')
    write(folder, planned(folder, Settings(torch_index=index)))
    assert answer(engine, tag, folder) == "2.13.0+cpu 0.8.0 0"
