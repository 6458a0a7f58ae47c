"""Fixtures of the rules on a real engine: before and after build, and the images do the same."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Engine

FOLDER = Path(__file__).parents[2] / "fixtures" / "rules"
PACKAGES = "dpkg-query -W; if command -v pip >/dev/null; then pip freeze --all; fi"
LEFT_BEHIND = "find /var/lib/apt/lists /var/cache/apt/archives /root/.cache -type f ! -name lock 2>/dev/null | wc -l"
FILES = (
    "find /app /srv /opt -xdev -type f ! -name '*.pyc' ! -name Dockerfile -exec ls -ln --time-style=+ {} +"
    " 2>/dev/null | sort"
)

CASES = [
    "dependency-layer/plain",
    "dependency-layer/nested-includes-and-constraints",
    "dependency-layer/requirements-under-another-name",
    "dependency-layer/npm-ci",
    "dependency-layer/cd-to-the-manifests",
    "dependency-layer/divided-run",
    "apt-update-install/side-by-side",
    pytest.param("apt-update-install/installs-in-a-row", marks=pytest.mark.full),
    pytest.param("apt-update-install/further-down", marks=pytest.mark.full),
    "add-to-copy/files-and-folders",
    "add-to-copy/folder-of-archives",
    "add-to-copy/json-form-and-heredoc",
    "cache-mounts/mixed-cleaning",
    "cache-mounts/text-for-another-shell",
    "cache-mounts/mixed-cleaning-first-word-stays",
    "cache-mounts/cache-off-in-several-commands",
    pytest.param("cache-mounts/own-script-uses-apt", marks=pytest.mark.full),
    pytest.param("cache-mounts/heredoc", marks=pytest.mark.full),
    pytest.param("cache-mounts/lists-read-later", marks=pytest.mark.full),
    pytest.param("apt-clean/comment-between-lines", marks=pytest.mark.full),
]


@pytest.fixture
def tag(engine: Engine) -> Iterator[str]:
    name = f"dockwiz-test:{uuid.uuid4()}"
    yield name
    engine.run(["docker", "image", "rm", "-f", f"{name}-before", f"{name}-after"])


@pytest.mark.engine
@pytest.mark.parametrize("case", CASES)
def test_the_new_image_holds_what_the_old_one_held(engine: Engine, tag: str, case: str) -> None:
    for side in ("before", "after"):
        engine.docker("buildx", "build", "--load", "-q", "-t", f"{tag}-{side}", FOLDER / case / side)
    for question in (PACKAGES, FILES):
        before, after = (_ask(engine, f"{tag}-{side}", question) for side in ("before", "after"))
        assert after == before
    before, after = (int(_ask(engine, f"{tag}-{side}", LEFT_BEHIND)) for side in ("before", "after"))
    assert after <= before
    before, after = (int(engine.docker("image", "inspect", "-f", "{{.Size}}", f"{tag}-{side}"))
                     for side in ("before", "after"))  # fmt: skip
    assert after <= before * 1.01


def _ask(engine: Engine, image: str, question: str) -> str:
    return engine.docker("run", "--rm", "--network=none", "--user=0", "--entrypoint=sh", image, "-c", question)
