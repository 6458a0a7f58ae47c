"""What holds for every Dockerfile that is planned: a second plan changes nothing, and undo restores every byte."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.dockerfiles import dockerfile
from tests.wizard.dockerfile.strategies import DOCKERFILES
from wizard.dockerfile import DockerfileError, parse
from wizard.inspection import inspect
from wizard.plan.apply import apply, undo
from wizard.plan.fold import Plan, make_plan
from wizard.plan.selection import Selection
from wizard.state import StateFolder
from wizard.workspace import open_workspace


def accepted(source: bytes) -> bool:
    try:
        parse(source)
    except DockerfileError:
        return False
    return True


SOURCES = (DOCKERFILES | st.randoms(use_true_random=False).map(dockerfile)).filter(accepted)


def plan_of(repo: Path) -> Plan:
    workspace = open_workspace(repo)
    return make_plan(workspace, inspect(workspace, "Dockerfile"), Selection(all=True))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@settings(max_examples=40 if settings.default.derandomize else 400)
@given(SOURCES)
def test_a_second_plan_changes_nothing_and_undo_restores_every_byte(source: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repo, state = Path(folder, "repo"), StateFolder(Path(folder, "state"))
        repo.mkdir()
        (repo / "Dockerfile").write_bytes(source)
        (repo / "requirements.txt").write_bytes(b"flask==3.0.0\n")
        before = contents(repo)
        plan = plan_of(repo)
        if plan.changes:
            apply(plan, state)
            assert plan_of(repo).changes == {}
            undo(open_workspace(repo), state)
        assert contents(repo) == before


@pytest.mark.parametrize(
    "lines",
    [
        b"COPY a b\n" * 300 + b"RUN pip install x\n",
        b"ENV A=b\n" * 300 + b"RUN pip install x\n",
        b"RUN apt-get update && apt-get install -y curl\n" * 40,
        b"WORKDIR /a\nRUN echo a\n" * 150,
        b"".join(
            b"FROM %s AS s%d\nRUN apt-get update && apt-get install -y curl\nRUN pip install x\n"
            % (b"s%d" % (n - 1) if n else b"debian:12", n)
            for n in range(100)
        ),
    ],
)
def test_a_long_file_is_planned_without_a_wait(tmp_path: Path, lines: bytes) -> None:
    (tmp_path / "Dockerfile").write_bytes(b"FROM debian:12\n" + lines)
    started = time.process_time()
    plan_of(tmp_path)
    assert time.process_time() - started < 3
