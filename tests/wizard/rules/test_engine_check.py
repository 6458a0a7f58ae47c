"""The engine's own check of Dockerfiles has nothing to add to what the rules write: no warning that was not there
before.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Engine
from wizard.compare.bases import base_images
from wizard.dockerfile.document import Document
from wizard.dockerfile.scanner import parse

FOLDER = Path(__file__).parents[2] / "fixtures" / "rules"
EXCEPTIONS = {
    ("dependency-layer", "UndefinedVar"): "a COPY became two, with a variable of its image that the stand-in has not",
    ("parallel-stages", "LegacyKeyValueFormat"): "an ENV of the old form with quotes is repeated as it was written",
    (
        "parallel-stages",
        "FromPlatformFlagConstDisallowed",
    ): "the new stage has the platform that the person gave its base",
    (
        "torch-stage",
        "FromPlatformFlagConstDisallowed",
    ): "the new stage has the platform that the person gave the stage below it",
}
"""Rule and warning: why there may be more of them after the rule than before."""
SIDES = ("before", "after")
AT_ONCE = 16
"""Cases; many more at once, and BuildKit loses jobs that end before it is asked for them."""
STAND_IN = "debian:bookworm-slim"
"""For base images that the engine does not have: the check asks for their configuration, and for nothing else."""


def target(side: Path, here: set[str]) -> dict[str, Any]:
    """One side of a case in the words of bake. Where a frontend is named the engine's own is used: that one would have
    to be fetched.
    """
    content = (side / "Dockerfile").read_bytes()
    document = parse(content)
    wanted: dict[str, Any] = {"context": str(side.relative_to(FOLDER))}
    if document.syntax() is not None:
        lines = content.decode().splitlines(keepends=True)
        wanted["dockerfile-inline"] = "".join(
            line for line in lines if not line.replace(" ", "").startswith("#syntax=")
        )
    missing = {image for image in images(document) if image not in here}
    return wanted | {"contexts": dict.fromkeys(sorted(missing), f"docker-image://{STAND_IN}")}


def images(document: Document) -> set[str]:
    return {image for stage in document.stages for image, _ in base_images(document, stage)}


def checked(engine: Engine, targets: dict[str, dict[str, Any]], file: Path) -> dict[str, Any]:
    """What the check says of each target. One command for all of them, as its start is what takes the time; its exit
    code says only whether there was a warning.
    """
    file.write_text(json.dumps({"group": {"default": {"targets": list(targets)}}, "target": targets}))
    done = engine.run(["docker", "buildx", "bake", "--file", file, "--call", "check,format=json"], cwd=FOLDER)
    assert done.stdout, done.stderr[-2000:]
    return {name: found["check"] for name, found in json.loads(done.stdout)["target"].items()}


@pytest.mark.engine
def test_no_rule_adds_a_warning(engine: Engine, tmp_path: Path) -> None:
    here = set(engine.docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split())
    cases = [
        after.parent for after in sorted(FOLDER.glob("*/*/after")) if (after.parent / "before/Dockerfile").is_file()
    ]
    added: dict[tuple[str, str], str] = {}
    refused = []
    for start in range(0, len(cases), AT_ONCE):
        names = {f"{case.parent.name}_{case.name}": case for case in cases[start : start + AT_ONCE]}
        targets = {f"{name}_{side}": target(case / side, here) for name, case in names.items() for side in SIDES}
        found = checked(engine, targets, tmp_path / "bake.json")
        assert found.keys() == targets.keys()
        for name, case in names.items():
            before, after = (found[f"{name}_{side}"] for side in SIDES)
            if "buildError" in before:
                refused.append(name)
                continue
            assert "buildError" not in after, (name, after["buildError"])
            added |= {(case.parent.name, warning): case.name for warning in warnings(after) - warnings(before)}
    assert {key: example for key, example in added.items() if key not in EXCEPTIONS} == {}
    assert EXCEPTIONS.keys() <= added.keys(), "exceptions that nothing needs any more"
    assert len(refused) < len(cases) / 20, f"the engine does not read these: {refused}"


def warnings(check: dict[str, Any]) -> Counter[str]:
    return Counter(warning["ruleName"] for warning in check.get("warnings") or ())
