"""hadolint, a linter of others, has nothing to add to what the rules write: no finding that was not there before."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "fixtures" / "rules"
HADOLINT = Path(sys.executable).with_name("hadolint")

_ONE_BECAME_TWO = "what the person wrote once stands there twice, as they wrote it"
_LAYERS = "the RUNs stay apart on purpose: each is a layer of its own in the cache"
EXCEPTIONS: Mapping[tuple[str, str], str] = {
    ("apt-update-install", "DL3009"): "the lists stay in a layer as they did; apt-clean takes them away",
    ("dependency-layer", "DL3045"): f"COPY without WORKDIR: {_ONE_BECAME_TWO}",
    ("parallel-stages", "DL3029"): f"FROM --platform: {_ONE_BECAME_TWO}",
    ("secret-in-image", "SC2155"): "the step goes on where no secret is given, as it did without the build argument",
    ("split-stages", "DL3008"): f"apt-get install of no version: {_ONE_BECAME_TWO}",
    ("split-stages", "DL3015"): f"apt-get install with recommends: {_ONE_BECAME_TWO}",
    ("split-stages", "DL3042"): "the cache of pip stays in the stage that installs, and never reaches the image",
    ("split-stages", "DL3059"): _LAYERS,
    ("torch-cpu-index", "DL3013"): "torch without a version, where the person's requirements name none either",
    ("torch-cpu-index", "DL3042"): f"pip install with its cache: {_ONE_BECAME_TWO}",
    ("torch-cpu-index", "DL3059"): _LAYERS,
    ("torch-stage", "DL3029"): f"FROM --platform: {_ONE_BECAME_TWO}",
    ("uv-install", "DL3013"): "uv itself without a version: it installs the packages and is none of them",
    ("uv-install", "DL3042"): "the person's pip keeps its cache, and so does the one that brings uv",
    ("uv-install", "DL3059"): _LAYERS,
}
"""Rule and finding: why there may be more of them after the rule than before."""


def changed_dockerfiles() -> Iterator[tuple[str, Path, Path | None]]:
    """Rule, the Dockerfile after it, and the one before (None where the rule writes the first)."""
    for after in sorted(FOLDER.glob("*/*/after/**/*")):
        name = after.name.lower()
        if not after.is_file() or "dockerfile" not in name or name.endswith(".dockerignore"):
            continue
        case, place = FOLDER.joinpath(*after.relative_to(FOLDER).parts[:2]), after.relative_to(FOLDER).parts[3:]
        before = case.joinpath("before", *place)
        if not before.is_file():
            yield case.parent.name, after, None
        elif before.read_bytes() != after.read_bytes():
            yield case.parent.name, after, before


def findings(files: set[Path]) -> Mapping[Path, Counter[str]]:
    """How often each finding is there, by file. One start of the linter; the same content is read once."""
    contents = {file: file.read_bytes() for file in sorted(files)}
    first = {content: file for file, content in reversed(contents.items())}
    done = subprocess.run(
        [HADOLINT, "--config", "/dev/null", "--format", "json", "--no-fail", *sorted(first.values())],
        capture_output=True,
        text=True,
        check=True,
    )
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for item in json.loads(done.stdout):
        found[item["file"]][item["code"]] += 1
    return {file: found[str(first[content])] for file, content in contents.items()}


def test_no_rule_adds_a_finding() -> None:
    pairs = list(changed_dockerfiles())
    counted = findings({file for _, *both in pairs for file in both if file is not None})
    added: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for rule, after, before in pairs:
        for code in counted[after] - (counted[before] if before is not None else Counter()):
            added[rule, code].append(str(after.relative_to(FOLDER)))
    assert {key: files for key, files in added.items() if key not in EXCEPTIONS} == {}
    assert sorted(EXCEPTIONS.keys() - added.keys()) == [], "exceptions that nothing needs any more"
