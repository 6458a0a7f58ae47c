"""Pipenv's projects: when `pipenv install` and `pipenv sync` read Pipfile and its lock alone.

Source: pipenv.pypa.io, Commands and Pipfile; tried with pipenv 2026.10.3.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from wizard.dockerfile.installs import Install
from wizard.inspection.ecosystems.pyproject import ENOUGH, Judgement, read_toml
from wizard.inspection.files import read_text
from wizard.workspace import Workspace

_NO_PACKAGES = frozenset({"source", "requires", "scripts", "pipenv", "build-system", "_meta"})
_LOCK_STAYS = ("--deploy", "--ignore-pipfile", "--skip-lock")


def judge_pipenv(
    workspace: Workspace, files: Mapping[str, str], install: Install, settings: Mapping[str, str | None]
) -> Judgement:
    """What Pipenv needs besides these files (by name, relative to the root)."""
    path, lock = files["Pipfile"], files.get("Pipfile.lock")
    manifest = read_toml(workspace, path)
    if manifest is None:
        return Judgement(f"{path} cannot be read as TOML")
    local = next(_local_paths(manifest), None)
    if local is not None:
        return Judgement(f"{path} installs from the local path {local}")
    if lock is None:
        return Judgement()
    locked = _read_json(workspace, lock)
    if locked is None:
        return Judgement(f"{lock} cannot be read as JSON")
    local = next(_local_paths(locked), None)
    if local is not None:
        return Judgement(f"{lock} installs from the local path {local}")
    ignores = settings.get("PIPENV_IGNORE_PIPFILE") or settings.get("PIPENV_SKIP_LOCK")
    if install.verb == "sync" or install.has(*_LOCK_STAYS) or ignores:
        return Judgement()
    return Judgement(
        undecided=f"`pipenv install` writes a new lock where {path} asks for something else than {lock} holds, and the "
        "sources would put the old one back (with --deploy it fails instead)"
    )


def _read_json(workspace: Workspace, path: str) -> Mapping[str, object] | None:
    text = read_text(workspace, path, limit=ENOUGH)
    try:
        found = None if text is None else json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _local_paths(groups: Mapping[str, object]) -> Iterator[str]:
    for name, group in groups.items():
        for wanted in group.values() if name not in _NO_PACKAGES and isinstance(group, dict) else ():
            place = wanted.get("path") or wanted.get("file") if isinstance(wanted, dict) else None
            if place is not None and not re.match(r"https?://", str(place)):
                yield str(place)
