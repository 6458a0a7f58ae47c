"""What BuildKit's own check says of a Dockerfile (`docker buildx build --call=check`), without a registry.

Every image that the file names is replaced by an empty named context, and a `# syntax=` line that names another
frontend is taken out: the engine's own frontend reads the file. Neither changes what the check looks at.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wizard.dockerfile.expansion import expanded_base
from wizard.dockerfile.scanner import parse
from wizard.dockerfile.stages import base_stage, find_stage, references
from wizard.errors import DockwizError

_SYNTAX = re.compile(rb"\A(\xef\xbb\xbf)?[ \t]*#[ \t]*syntax[ \t]*=[^\n]*\n", re.IGNORECASE)
_SECONDS = 120


@dataclass(frozen=True)
class Verdict:
    """What the check found."""

    refused: str | None
    """BuildKit's error; None where it accepts the file."""
    warnings: Mapping[str, int]
    """How often each of its rules found something."""


def check(dockerfile: bytes, ignore_file: bytes | None, env: Mapping[str, str]) -> Verdict:
    """Ask the engine that `env` reaches. Raises RuntimeError where it gives no answer."""
    with tempfile.TemporaryDirectory() as folder:
        context, empty = Path(folder, "context"), Path(folder, "empty")
        context.mkdir()
        empty.mkdir()
        context.joinpath("Dockerfile").write_bytes(_SYNTAX.sub(rb"\1", dockerfile))
        if ignore_file is not None:
            context.joinpath(".dockerignore").write_bytes(ignore_file)
        images = [f"--build-context={image}={empty}" for image in sorted(_images(dockerfile))]
        command = ["docker", "buildx", "build", "--call=check,format=json", *images, str(context)]
        # The exit code is 1 for warnings and for errors alike: the answer is in the JSON.
        done = subprocess.run(command, env=dict(env), capture_output=True, timeout=_SECONDS, check=False)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        return Verdict(_error(done.stderr), {})
    error = answer.get("buildError")
    return Verdict(
        error["message"] if error else None,
        Counter(warning["ruleName"] for warning in answer.get("warnings") or ()),
    )


def _error(stderr: bytes) -> str:
    rows = stderr.decode("utf-8", "replace").strip().splitlines()
    errors = [row for row in rows if row.startswith("ERROR: ")]
    if not errors or "Cannot connect to the Docker daemon" in errors[-1]:
        raise RuntimeError("\n".join(rows[-3:]) or "the engine gives no answer")
    return errors[-1].removeprefix("ERROR: ")


def _images(dockerfile: bytes) -> set[str]:
    """The images that stages are built upon or copy from; none where the file cannot be read."""
    try:
        document = parse(dockerfile, "Dockerfile")
    except DockwizError:
        return set()
    found = {
        expanded_base(document, stage) or stage.base for stage in document.stages if base_stage(document, stage) is None
    }
    found |= {
        name
        for instruction in document.instructions
        for name in references(instruction)
        if find_stage(document, name) is None
    }
    return {name for name in found if name and name.lower() != "scratch" and not set(name) & set("$ =")}
