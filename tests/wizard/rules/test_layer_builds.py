"""Rules about what lands in a layer, on a real engine: the same files for the same owners, and nothing in vain."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Engine

FOLDER = Path(__file__).parents[2] / "fixtures" / "rules"
OWNERS = (
    "cd / && find app data srv opt home -printf '%M %U:%G %y %s %l %p\\n' 2>/dev/null | grep -v Dockerfile | sort -k 6"
)
WITHOUT_BYTECODE = OWNERS.replace("grep -v Dockerfile", "grep -v -e Dockerfile -e '[.]pyc$' -e __pycache__")
PACKAGES = "pip freeze --all"
IN_PIPS_CACHE = "find / -xdev -path '*/.cache/pip/*' -type f | wc -l"


@pytest.fixture
def tag(engine: Engine) -> Iterator[str]:
    name = f"dockwiz-test:{uuid.uuid4()}"
    yield name
    engine.run(["docker", "image", "rm", "-f", f"{name}-before", f"{name}-after"])


@pytest.mark.engine
@pytest.mark.parametrize(
    "case",
    [
        "workdir-there",
        "folder-made-by-the-copy",
        pytest.param("inside-a-list-with-requirements", marks=pytest.mark.full),
        pytest.param("first-in-a-list", marks=pytest.mark.full),
        pytest.param("from-a-stage-and-by-variable", marks=pytest.mark.full),
    ],
)
def test_every_file_and_folder_has_the_owner_that_chown_gave_it(engine: Engine, tag: str, case: str) -> None:
    _build(engine, tag, f"chown-on-copy/{case}")
    before, after = (_ask(engine, f"{tag}-{side}", OWNERS) for side in ("before", "after"))
    assert "1000:1000" in before or "999:999" in before
    assert after == before
    assert _size(engine, f"{tag}-after") < _size(engine, f"{tag}-before")


@pytest.mark.engine
@pytest.mark.parametrize("case", ["plain", pytest.param("another-user", marks=pytest.mark.full)])
def test_the_same_packages_without_what_was_downloaded(engine: Engine, tag: str, case: str) -> None:
    _build(engine, tag, f"pip-no-cache/{case}")
    before, after = (_ask(engine, f"{tag}-{side}", PACKAGES) for side in ("before", "after"))
    assert after == before
    assert int(_ask(engine, f"{tag}-before", IN_PIPS_CACHE)) > 0
    assert int(_ask(engine, f"{tag}-after", IN_PIPS_CACHE)) == 0
    assert _size(engine, f"{tag}-after") < _size(engine, f"{tag}-before")


@pytest.mark.engine
@pytest.mark.parametrize(
    "case", ["folder-in-the-workdir", pytest.param("several-in-lower-case", marks=pytest.mark.full)]
)
def test_a_linked_copy_brings_the_same_files_and_leaves_every_folder_as_it_was(
    engine: Engine, tag: str, case: str
) -> None:
    _build(engine, tag, f"copy-link/{case}")
    before, after = (_ask(engine, f"{tag}-{side}", WITHOUT_BYTECODE) for side in ("before", "after"))
    assert len(before.splitlines()) > 5
    assert after == before


def _build(engine: Engine, tag: str, case: str) -> None:
    for side in ("before", "after"):
        engine.docker("buildx", "build", "--load", "-q", "-t", f"{tag}-{side}", FOLDER / case / side)


def _ask(engine: Engine, image: str, question: str) -> str:
    return engine.docker("run", "--rm", "--network=none", "--user=0", "--entrypoint=sh", image, "-c", question)


def _size(engine: Engine, image: str) -> int:
    return int(engine.docker("image", "inspect", "-f", "{{.Size}}", image))
