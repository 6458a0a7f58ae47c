"""production-dependencies on a real engine: the service does the same without the packages for development."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Engine

FOLDER = Path(__file__).parents[2] / "fixtures" / "rules" / "production-dependencies"
PYTEST = "pip freeze --all | grep -i ^pytest || true"


@pytest.fixture
def tag(engine: Engine) -> Iterator[str]:
    name = f"dockwiz-test:{uuid.uuid4()}"
    yield name
    engine.run(["docker", "image", "rm", "-f", f"{name}-before", f"{name}-after"])


@pytest.mark.engine
@pytest.mark.parametrize(
    ("case", "question"),
    [
        ("npm-ci", "ls /app/node_modules | grep ^isarray || true"),
        ("requirements-dev-beside-the-others", PYTEST),
        pytest.param("requirements-that-include-the-others", PYTEST, marks=pytest.mark.full),
    ],
)
def test_the_service_does_the_same_without_them(engine: Engine, tag: str, case: str, question: str) -> None:
    outputs: list[str] = []
    development: list[bool] = []
    for side in ("before", "after"):
        image = f"{tag}-{side}"
        engine.docker("buildx", "build", "--load", "-q", "-t", image, FOLDER / case / side)
        outputs.append(engine.docker("run", "--rm", "--network=none", image))
        found = engine.docker("run", "--rm", "--network=none", "--entrypoint=sh", image, "-c", question)
        development.append(bool(found.strip()))
    assert outputs[0].strip()
    assert outputs[1] == outputs[0]
    assert development == [True, False]
