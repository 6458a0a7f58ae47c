"""Digests of images as a real registry has them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Engine
from tests.engine import registry
from tests.engine.engine import alone, cache_folder
from wizard.inspection import inspect
from wizard.inspection.questions import Answer, VersionQuestion
from wizard.inspection.values import Inspection
from wizard.online.planning import plan_online
from wizard.online.registry import digest_of, version_of
from wizard.plan.fold import Plan, make_plan
from wizard.plan.selection import Selection
from wizard.rules.base import Settings
from wizard.workspace import open_workspace


@pytest.fixture
def image(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An image behind an index, in a registry of this machine: its name."""
    for name, value in engine.env.items():
        monkeypatch.setenv(name, value)
    with alone():
        address = registry.start(cache_folder())
    name = f"{address}/dockwiz-test:{uuid.uuid4()}"
    engine.docker("tag", "debian:bookworm-slim", f"{name}-one")
    engine.docker("push", "-q", f"{name}-one")
    engine.docker("buildx", "imagetools", "create", "-t", name, f"{name}-one")
    yield name
    engine.run(["docker", "image", "rm", "-f", f"{name}-one"])


@pytest.mark.engine
def test_the_digest_is_that_of_the_index_and_the_pinned_image_builds(
    engine: Engine, image: str, tmp_path: Path
) -> None:
    whole, one = digest_of(image), digest_of(f"{image}-one")
    assert whole.text is not None
    assert one.text is not None
    assert whole.text != one.text
    (tmp_path / "Dockerfile").write_text(f"ARG BASE={image}\nFROM $BASE\nRUN true\n")
    workspace = open_workspace(tmp_path)

    def make(inspection: Inspection) -> Plan:
        return make_plan(workspace, inspection, Selection(only=frozenset({"pin-base-image"})), Settings(online=True))

    planned = plan_online(make, inspect(workspace)).changes["Dockerfile"]
    assert planned == f"ARG BASE={image}@{whole.text}\nFROM $BASE\nRUN true\n".encode()
    (tmp_path / "Dockerfile").write_bytes(planned)
    engine.docker("buildx", "build", "-q", tmp_path)


@pytest.mark.engine
def test_a_tag_that_is_not_there_is_no_answer(image: str) -> None:
    answer = digest_of(f"{image}-gone")
    assert answer.text is None
    assert "not found" in answer.because


@pytest.mark.engine
def test_a_registry_that_does_not_answer_is_no_answer(image: str) -> None:
    del image
    answer = digest_of("127.0.0.1:9/nobody/listens:1")
    assert answer.text is None
    assert "refused" in answer.because


def test_without_docker_there_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert digest_of("python:3.11").because == "the `docker` command, which asks registries, is not installed"


@pytest.mark.engine
def test_an_image_says_its_version_in_its_configuration(engine: Engine, image: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nENV PYTHON_VERSION=3.12.7\nCOPY Dockerfile /\n")
    name = f"{image}-versioned"
    engine.docker("buildx", "build", "-q", "--load", "-t", name, tmp_path)
    engine.docker("push", "-q", name)
    engine.docker("buildx", "imagetools", "create", "-t", f"{name}-index", name)
    try:
        for reference in (name, f"{name}-index"):
            assert version_of(VersionQuestion(reference, "PYTHON_VERSION")) == Answer("3.12.7")
            assert version_of(VersionQuestion(reference, "NODE_VERSION")).text is None
    finally:
        engine.run(["docker", "image", "rm", "-f", name])
