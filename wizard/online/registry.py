"""What a registry has for an image: asked with `docker buildx imagetools`, which knows the person's logins and mirrors.

The digest is that of what the tag names: the index of a multi-platform image, so that every platform finds its own.
"""

from __future__ import annotations

import json
import re
import subprocess

from wizard.inspection.masking import shown
from wizard.inspection.questions import Answer

PATIENCE = 60.0
"""Seconds for one image."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def digest_of(image: str) -> Answer:
    """The digest of an image, or why there is none. Never raises."""
    command = ["docker", "buildx", "imagetools", "inspect", image, "--format", "{{json .Manifest}}"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return Answer(None, f"the registry gave no answer within {PATIENCE:.0f} s")
    except OSError:
        return Answer(None, "the `docker` command, which asks registries, is not installed")
    if done.returncode:
        return Answer(None, _reason(done.stderr))
    try:
        digest = json.loads(done.stdout)["digest"]
    except (ValueError, KeyError, TypeError):
        digest = ""
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        return Answer(None, "the registry's answer holds no digest")
    return Answer(digest)


def _reason(said: str) -> str:
    """The last line that the command said, in a clause."""
    lines = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.strip()]
    words = shown(lines[-1]) if lines else "it said nothing"
    return "`docker` has no buildx" if "is not a docker command" in words else f"the registry has no answer ({words})"
