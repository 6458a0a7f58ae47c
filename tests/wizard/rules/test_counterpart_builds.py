"""cpu-only-packages on a real engine: the same packages but for the one that has another name, and the same import."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Engine

FOLDER = Path(__file__).parents[2] / "fixtures" / "rules" / "cpu-only-packages"

CASES = [
    ("opencv", "opencv-python", "opencv-python-headless", "cv2"),
    pytest.param("onnxruntime", "onnxruntime-gpu", "onnxruntime", "onnxruntime", marks=pytest.mark.full),
    pytest.param(
        "tensorflow-on-the-command-line", "tensorflow", "tensorflow-cpu", "tensorflow", marks=pytest.mark.full
    ),
]


@pytest.fixture
def tag(engine: Engine) -> Iterator[str]:
    name = f"dockwiz-test:{uuid.uuid4()}"
    yield name
    engine.run(["docker", "image", "rm", "-f", f"{name}-before", f"{name}-after"])


@pytest.mark.engine
@pytest.mark.parametrize(("case", "package", "replacement", "module"), CASES)
def test_one_package_has_another_name_and_is_imported_as_before(
    engine: Engine, tag: str, tmp_path: Path, case: str, package: str, replacement: str, module: str
) -> None:
    found: dict[str, dict[str, str]] = {}
    for side in ("before", "after"):
        folder = shutil.copytree(FOLDER / case / side, tmp_path / side)
        engine.docker("buildx", "build", "--load", "-q", "-t", f"{tag}-{side}", folder)
        listed = engine.docker("run", "--rm", "--network=none", f"{tag}-{side}", "pip", "freeze")
        found[side] = dict(line.split("==") for line in listed.split() if "==" in line)
    version = found["before"].pop(package)
    assert found["after"].pop(replacement) == version
    assert found["after"] == found["before"]
    asked = f"import {module} as m; print(m.__name__)"
    said = engine.docker("run", "--rm", "--network=none", f"{tag}-after", "python", "-c", asked)
    assert said.split()[-1] == module
    before, after = (
        int(engine.docker("image", "inspect", "-f", "{{.Size}}", f"{tag}-{side}")) for side in ("before", "after")
    )
    assert after < before
