"""What a registry has for an image: asked with `docker buildx imagetools`, which knows the person's logins and mirrors.

A digest is that of what the tag names: the index of a multi-platform image, so that every platform finds its own.
"""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

from wizard.inspection.masking import shown
from wizard.inspection.questions import Answer, VersionQuestion

PATIENCE = 60.0
"""Seconds for one image."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def digest_of(image: str) -> Answer:
    """The digest of an image, or why there is none. Never raises."""
    said = _inspected(image, "{{json .Manifest}}")
    if isinstance(said, Answer):
        return said
    digest = said.get("digest") if isinstance(said, dict) else None
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        return Answer(None, "the registry's answer holds no digest")
    return Answer(digest)


def version_of(question: VersionQuestion) -> Answer:
    """The one version that an image says of itself on every platform, or why there is none. Never raises."""
    said = _inspected(question.image, "{{json .Image}}")
    if isinstance(said, Answer):
        return said
    # One platform's configuration, or those of all by the platform's name.
    one = isinstance(said, dict) and "config" in said
    configurations = [said] if one else list(said.values()) if isinstance(said, dict) else []
    values = {_variable(configuration, question.variable) for configuration in configurations}
    if len(values) != 1 or None in values:
        return Answer(None, f"the image does not say one {question.variable} for all platforms")
    return Answer(values.pop())


def _variable(configuration: Any, name: str) -> str | None:
    """A variable that an image sets."""
    try:
        settings = [str(setting).partition("=") for setting in configuration["config"]["Env"]]
    except (KeyError, TypeError):
        return None
    return next((value for key, _, value in settings if key == name), None)


def _inspected(image: str, form: str) -> Any:
    """What imagetools says of an image, read as JSON; an Answer without a text where it says nothing."""
    command = ["docker", "buildx", "imagetools", "inspect", image, "--format", form]
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
        return json.loads(done.stdout)
    except ValueError:
        return None


def _reason(said: str) -> str:
    """The last line that the command said, in a clause."""
    lines = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.strip()]
    words = shown(lines[-1]) if lines else "it said nothing"
    return "`docker` has no buildx" if "is not a docker command" in words else f"the registry has no answer ({words})"
