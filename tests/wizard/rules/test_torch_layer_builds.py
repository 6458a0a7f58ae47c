"""torch-layer on a real engine: PyTorch's CPU build in a layer of its own is, file by file, what it was without."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Engine
from tests.engine.machine import EngineError
from tests.engine.wheel_index import cpu_index
from tests.wizard.rules.test_fixtures import write
from wizard.inspection import inspect
from wizard.plan.fold import make_plan
from wizard.plan.selection import Selection
from wizard.rules.base import Settings
from wizard.workspace import open_workspace

FILES = {
    "Dockerfile": """\
FROM python:3.11-slim
WORKDIR /app
COPY . .
RUN apt-get update && apt-get install -y --no-install-recommends gcc
RUN pip install -r requirements.txt
CMD ["python", "app.py"]
""",
    "requirements.txt": "torch==2.13.0\nflask==2.3.3\n",
    "app.py": """\
import json, os, pathlib, sys, sysconfig
import flask, torch

ours = pathlib.Path(sysconfig.get_path("purelib"))
# Byte-code carries the time at which its source was written, and a test run writes some of it.
files = {
    str(path): (path.stat().st_size, oct(path.stat().st_mode), path.stat().st_uid)
    for path in ours.rglob("*") if path.is_file() and path.suffix != ".pyc"
}
compiled = sum(path.suffix == ".pyc" for path in (ours / "torch" / "nn").rglob("*"))
where = torch.nn.functional.relu.__code__.co_filename
shape = list(torch.ones(2, 3).T.shape)
print(json.dumps([torch.__version__, shape, where, compiled > 0, sorted(files.items())]))
""",
}
ONE_STAGE = frozenset({"dependency-layer", "torch-cpu-index", "split-stages", "parallel-bytecode", "cache-mounts"})


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


def built(engine: Engine, tag: str, folder: Path, index: str, rules: frozenset[str]) -> str:
    """What the image of these rules' result prints."""
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    workspace = open_workspace(folder)
    plan = make_plan(workspace, inspect(workspace), Selection(only=rules), Settings(torch_index=index))
    assert {step.proposal.rule for step in plan.selected} == rules
    write(folder, plan)
    engine.docker("buildx", "build", "--load", "-q", "-t", tag, folder)
    return engine.docker("run", "--rm", "--network=none", tag).splitlines()[-1]


@pytest.mark.full
@pytest.mark.engine
@pytest.mark.parametrize("more", [frozenset(), frozenset({"torch-stage"})], ids=["one-stage", "stage-of-its-own"])
def test_the_environment_is_the_same_file_by_file(
    engine: Engine, index: str, tag: str, tmp_path: Path, more: frozenset[str]
) -> None:
    without = json.loads(built(engine, tag, tmp_path / "without", index, ONE_STAGE))
    apart = json.loads(built(engine, tag, tmp_path / "apart", index, ONE_STAGE | more | {"torch-layer"}))
    assert apart == without
    version, shape, where, compiled, files = apart
    assert (version, shape, compiled) == ("2.13.0+cpu", [3, 2], True)
    assert where == "/opt/venv/lib/python3.11/site-packages/torch/nn/functional.py"
    assert len(files) > 5000
    sizes = engine.docker("history", "--human=false", "--no-trunc", "--format", "{{.Size}} {{.CreatedBy}}", tag)
    (torch,) = (line for line in sizes.splitlines() if "/opt/torch" in line)
    assert int(torch.split()[0]) > 300_000_000
