"""The traps on a real engine: the repo before and after builds, and both images do the same.

Base images are laid over by `images/`: apt and pip find small packages of our own there, so nothing is fetched and the
builds run without a network.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Engine
from tests.traps.cases import Case, plan_all, read_cases
from wizard.build.api import EngineApi
from wizard.build.hosts import find_host
from wizard.compare.images import config_of
from wizard.compare.intended import intended_by
from wizard.compare.libraries.faults import compare_libraries
from wizard.compare.libraries.look import libraries_of
from wizard.compare.values import LABELS, SideResult

IMAGES = Path(__file__).parent / "images"
BASES = ("debian:bookworm-slim", "python:3.11-slim", "node:20-slim")
SETTINGS = ("Cmd", "Entrypoint", "User", "WorkingDir", "Volumes", "ExposedPorts", "Healthcheck", "Labels", "StopSignal")
NAMES = {"Cmd": "command", "Entrypoint": "entrypoint", "User": "user", "Healthcheck": "healthcheck"}
"""What differences in some of them are called, where a rule means to make them."""
TAKE_PACKAGES_OUT = {"split-stages", "slim-base", "apt-no-recommends"}
"""Rules after which a library could be missing in the image."""
QUICK = {
    "T01-comment-between-packages/itself",
    "T02-two-heredocs/itself",
    "T09-comment-behind-cmd/comment-behind-the-list",
    "T13-caches-that-hold-the-result/cache-copied-to-another-stage",
    "T16-settings-that-build-on-another/itself",
    "T18-inputs-are-not-leftovers/requirements-edited-by-the-build",
    "T23-formatting/ragged-file",
    "T24-what-follows-a-heredoc/bash-in-the-first-line",
    "T25-names-of-stages/itself",
    "T26-lists-of-a-later-install/base-by-argument",
    "T29-build-output-that-is-copied/links-in-the-context",
    "T31-callers/itself",
}
"""What `make test` builds; all of them take some ten minutes."""
CASES = [
    pytest.param(case, id=case.id, marks=[] if case.id in QUICK else pytest.mark.full)
    for case in read_cases()
    if case.not_built is None
]


@pytest.fixture(scope="module")
def bases(engine: Engine) -> Iterator[dict[str, str]]:
    """The name of each base image, and what a build takes for it."""
    run = uuid.uuid4()
    found = {name: f"dockwiz-test:{name.replace(':', '-')}-{run}" for name in BASES}
    for name, tag in found.items():
        engine.docker("buildx", "build", "--load", "-q", "--build-arg", f"BASE={name}", "-t", tag, IMAGES)
    yield found
    engine.run(["docker", "image", "rm", "-f", *found.values()])


@pytest.fixture
def tag(engine: Engine) -> Iterator[str]:
    name = f"dockwiz-test:{uuid.uuid4()}"
    yield name
    engine.run(["docker", "image", "rm", "-f", f"{name}-before", f"{name}-after"])


@pytest.mark.engine
@pytest.mark.parametrize("case", CASES)
def test_both_build_and_the_images_do_the_same(
    engine: Engine, bases: dict[str, str], tag: str, tmp_path: Path, case: Case
) -> None:
    sides = {"before": case.before, **({"after": case.after} if case.changes else {})}
    rules = [step.proposal.rule for step in plan_all(case.lay_out(case.before, tmp_path / "planned"), case).steps]
    answers: dict[str, Any] = {}
    for side, source in sides.items():
        context = case.lay_out(source, tmp_path / side)
        named = [word for name, base in bases.items() for word in ("--build-context", f"{name}=docker-image://{base}")]
        # Cache mounts of their own: what other builds keep there is not ours, and our packages are of no use to them.
        own = ["--build-arg", f"BUILDKIT_CACHE_MOUNT_NS={tag}"]
        options = ["--load", "-q", "--network=none", "-f", context / case.dockerfile, *named, *own, *case.build]
        engine.docker("buildx", "build", *options, "-t", f"{tag}-{side}", context)
        answers[side] = _answers(engine, f"{tag}-{side}", case.same, rules)
    if case.same:
        assert answers["before"]["said"], "nothing that could differ"
    assert answers.get("after", answers["before"]) == answers["before"]
    if case.changes and TAKE_PACKAGES_OUT & set(rules):
        assert _harmful_faults(engine, tag, rules) == []


def _harmful_faults(engine: Engine, tag: str, rules: list[str]) -> list[str]:
    """Libraries and interpreters that the image after misses and the one before has."""
    api = EngineApi(find_host(engine.env))
    sides = [
        SideResult(label, label, libraries=libraries_of(api, image, config_of(api.image(image)), {}))
        for label in LABELS
        for image in [f"{tag}-{label}"]
    ]
    assert all(side.libraries is not None for side in sides)
    return [reason.text for reason in compare_libraries(*sides, rules) if reason.severity == "harmful"]


def _answers(engine: Engine, image: str, questions: tuple[str, ...], rules: list[str]) -> dict[str, Any]:
    """What an image says of itself, without what one of the rules that were applied means to change."""
    config = json.loads(engine.docker("image", "inspect", "-f", "{{json .Config}}", image))
    words = {word.partition("=")[0]: word for word in config["Env"] if not word.startswith("PATH=")}
    run = ["docker", "run", "--rm", "--network=none", "--hostname=container"]
    asked = [*run[1:], "--user=0", "--entrypoint", "sh"]
    started = engine.run([*run, image], timeout=60)
    return {
        "config": {key: config.get(key) for key in SETTINGS if not intended_by(NAMES.get(key, key), "", rules)},
        "environment": {name: word for name, word in words.items() if not intended_by("env", name, rules)},
        "started": (started.returncode, started.stdout),
        "said": engine.docker(*asked, image, "-c", "\n".join(questions)) if questions else "",
    }
