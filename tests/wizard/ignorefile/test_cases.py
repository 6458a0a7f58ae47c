"""What a live engine kept of one tree under each .dockerignore (tests/fixtures/dockerignore-cases.json)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wizard.ignorefile import IgnoreFileError, parse, walk

REFERENCE: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "fixtures" / "dockerignore-cases.json").read_text("utf-8")
)


def test_every_case_is_there() -> None:
    cases = REFERENCE["cases"]
    assert len({case["patterns"] for case in cases}) == len(cases) == 83
    assert (sum("kept" in case for case in cases), sum("error" in case for case in cases)) == (79, 4)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("context")
    for name in REFERENCE["tree"]:
        place = root / name.split(" (")[0].split(" -> ")[0]
        if name.endswith("/"):
            place.mkdir()
        elif " -> " in name:
            place.symlink_to(name.split(" -> ")[1])
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(name)
    return root


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda case: repr(case["patterns"]))
def test_keeps_what_the_engine_kept(case: dict[str, Any], tree: Path) -> None:
    content = case["patterns"].encode()
    if "error" in case:
        with pytest.raises(IgnoreFileError) as refused:
            parse(content)
        assert refused.value.message == case["error"]
        return
    ignore = parse(content)
    entries = list(walk(tree, ignore))
    assert sorted(entry.path for entry in entries) == case["kept"]
    for path in (entry.path for entry in walk(tree, parse(b""))):
        excluded, line = ignore.explain(path)
        assert line is not None or not excluded
        if not (tree / path).is_dir() or (tree / path).is_symlink():
            assert excluded == (path not in case["kept"])
