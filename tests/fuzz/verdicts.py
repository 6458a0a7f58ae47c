"""What the engine's own check says of many Dockerfiles, and what `parse` says of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import Engine
from wizard.dockerfile import DockerfileError, parse

FILES_PER_CALL = 50
"""One `buildx bake` checks that many at once, which takes a tenth of the time of one call for each."""


@dataclass(frozen=True)
class Verdict:
    """Accepted, or refused in these words. Ours has one line; the engine's has all that it points to."""

    message: str | None
    lines: range = range(0)
    rules: frozenset[str] = field(default=frozenset(), compare=False)
    """Those of its own that the engine's check names; we have none."""

    @property
    def accepted(self) -> bool:
        return self.message is None


def our_verdict(source: bytes) -> Verdict:
    """What `parse` makes of a file."""
    try:
        parse(source)
    except DockerfileError as error:
        line = error.line or 0
        return Verdict(error.message, range(line, line + 1))
    return Verdict(None)


def engine_verdicts(engine: Engine, sources: Sequence[bytes], folder: Path) -> list[Verdict]:
    """What `--call=check` says of each file; none may be empty. `folder` is for the files and is made."""
    verdicts: list[Verdict] = []
    (folder / "context").mkdir(parents=True, exist_ok=True)
    for start in range(0, len(sources), FILES_PER_CALL):
        batch = sources[start : start + FILES_PER_CALL]
        targets = {}
        for number, source in enumerate(batch):
            (folder / "context" / f"{number}.Dockerfile").write_bytes(source)
            targets[f"t{number}"] = {"context": "context", "dockerfile": f"{number}.Dockerfile"}
        definition = {"group": {"default": {"targets": list(targets)}}, "target": targets}
        (folder / "bake.json").write_text(json.dumps(definition))
        command = ["docker", "buildx", "bake", "--call=check,format=json", "--file=bake.json"]
        done = engine.run(command, cwd=folder)
        assert done.stdout, done.stderr
        found = json.loads(done.stdout)["target"]
        verdicts += [_verdict(found[name]["check"]) for name in targets]
    return verdicts


def _verdict(check: dict[str, Any]) -> Verdict:
    rules = frozenset(warning["ruleName"] for warning in check.get("warnings") or ())
    error = check.get("buildError")
    if error is None:
        return Verdict(None, rules=rules)
    ranges = (error.get("location") or {}).get("ranges") or [{"start": {"line": 0}, "end": {"line": 0}}]
    start, end = ranges[0]["start"].get("line", 0), ranges[-1]["end"].get("line", 0)
    return Verdict(error["message"], range(start, max(start, end) + 1), rules)
