"""slim-base on a real engine: the image on the slim variant prints the same and is smaller.

The images are this project's stand-ins, which have the paths of the official ones; the official ones were not built on.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Engine

FOLDER = Path(__file__).parents[2] / "fixtures" / "rules" / "slim-base"


@pytest.fixture
def tag(engine: Engine) -> Iterator[str]:
    name = f"dockwiz-test:{uuid.uuid4()}"
    yield name
    engine.run(["docker", "image", "rm", "-f", f"{name}-before", f"{name}-after"])


@pytest.mark.engine
@pytest.mark.parametrize("case", ["version-alone", "the-shipped-stage-alone"])
def test_the_slim_image_prints_the_same_and_is_smaller(engine: Engine, tag: str, case: str) -> None:
    sizes: list[int] = []
    outputs: list[str] = []
    for side in ("before", "after"):
        engine.docker("buildx", "build", "--load", "-q", "-t", f"{tag}-{side}", FOLDER / case / side)
        outputs.append(engine.docker("run", "--rm", "--network=none", f"{tag}-{side}"))
        sizes.append(int(engine.docker("image", "inspect", "-f", "{{.Size}}", f"{tag}-{side}")))
    assert outputs[0].strip()
    assert outputs[1] == outputs[0]
    assert sizes[1] < sizes[0] / 2


@pytest.mark.engine
@pytest.mark.full
def test_what_a_refusal_spares(engine: Engine) -> None:
    """The fixture that refuses for git does so for a reason: the slim variant has none."""
    for base, found in (("python:3.11", True), ("python:3.11-slim", False)):
        answer = engine.docker("run", "--rm", "--network=none", base, "sh", "-c", "command -v git || true")
        assert bool(answer.strip()) == found
