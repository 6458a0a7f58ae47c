"""A uv project whose torch comes from the CPU index: its pyproject.toml, and its lock made again by uv itself.

Source: docs.astral.sh/uv, "Using uv with PyTorch": an explicit index, and sources, which bind direct dependencies only.
"""

from __future__ import annotations

import os
import posixpath
import re
import sys
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from wizard.inspection.files import read_text
from wizard.inspection.gpu.project_pulls import NAME
from wizard.workspace import Workspace

MARKER = "sys_platform == 'linux'"
"""Other systems have no CUDA in the usual index: what they install, and their part of the lock, stay as they are."""
TIMEOUT = 300.0
"""Seconds after which uv is given up."""
_KNOWS_INDEXES = (0, 4, 23)
_SETTINGS = ("uv.toml", ".python-version")


class Relocked(NamedTuple):
    """A lock that uv made again, or why not."""

    content: bytes | None = None
    problem: str = ""
    changed: tuple[str, ...] = ()
    """Packages besides torch and CUDA that are in another version than before."""


def obstacle(text: str, members: Mapping[str, str | None]) -> str | None:
    """Why a pyproject.toml cannot be edited for the CPU index: what else it says about torch or its own parts."""
    data = tomllib.loads(text)
    settings = data.get("tool", {}).get("uv", {})
    sources = settings.get("sources", {})
    bound = next((name for name in sources if name in members), None)
    if bound is not None:
        return f"binds {bound} to a source of its own already"
    if "workspace" in settings or any(isinstance(s, dict) and "workspace" in s for s in sources.values()):
        return "is part of a workspace, whose lock is shared with other projects"
    if any(isinstance(s, dict) and "path" in s for s in sources.values()):
        return "takes a dependency from a local path"
    if any(index.get("name") == NAME for index in settings.get("index", ())):
        return f"has an index called {NAME} already"
    return None if "dependencies" in data.get("project", {}) else "has no list project.dependencies"


def too_old(dockerfile: str) -> str | None:
    """A version of uv that a Dockerfile installs and that does not know indexes in a project; None where there is none.

    Source: uv's changelog, 0.4.23: `[[tool.uv.index]]`.
    """
    found = re.search(r"(?:\buv==|\bastral-sh/uv:)(\d+)\.(\d+)(?:\.(\d+))?", dockerfile)
    if found is None or tuple(int(part or 999) for part in found.groups()) >= _KNOWS_INDEXES:
        return None
    return found[0]


def cpu_pyproject(text: str, members: Mapping[str, str | None], direct: frozenset[str], index: str) -> str:
    """The file with the CPU index, bound to the members of the torch family; those that only other packages bring are
    added to the dependencies, because a source counts for direct ones alone."""
    import tomlkit

    document: Any = tomlkit.parse(text)
    dependencies = document["project"]["dependencies"]
    for name in members:
        if name not in direct:
            dependencies.append(name)
    if "tool" not in document:
        document["tool"] = tomlkit.table(is_super_table=True)
    settings = document["tool"].setdefault("uv", tomlkit.table(is_super_table=True))
    entry = tomlkit.table()
    entry.update({"name": NAME, "url": index, "explicit": True})
    settings.setdefault("index", tomlkit.aot()).append(entry)
    sources = settings.setdefault("sources", tomlkit.table())
    for name in members:
        source = tomlkit.inline_table()
        source.update({"index": NAME, "marker": MARKER})
        bound = tomlkit.array()
        bound.append(source)
        sources[name] = bound
    end = "\r\n" if "\r\n" in text else "\n"
    return str(tomlkit.dumps(document)).replace("\r\n", "\n").replace("\n", end)


def relock(
    workspace: Workspace, manifest: str, pyproject: str, lock: str, members: Mapping[str, str | None]
) -> Relocked:
    """The lock made again by uv, in a copy of the project, with the versions that it held. Asks the package indexes."""
    folder = posixpath.dirname(manifest)
    beside = {name: read_text(workspace, posixpath.join(folder, name)) for name in _SETTINGS}
    before = workspace.read(lock).decode("utf-8", "replace")
    files = {"pyproject.toml": pyproject, "uv.lock": before, **{n: t for n, t in beside.items() if t is not None}}
    pins = tuple(f"{name}=={version.partition('+')[0]}" for name, version in members.items() if version)
    content = _run_uv(tuple(sorted(files.items())), pins)
    if isinstance(content, str):
        return Relocked(problem=content)
    old, new = _versions(before), _versions(content.decode("utf-8", "replace"))
    if old.get("") != new.get(""):
        return Relocked(problem="this uv writes another version of the lock's format than the one that wrote it")
    changed = [name for name in new if name in old and name not in members and new[name] != old[name]]
    return Relocked(content, "", tuple(changed))


@lru_cache(maxsize=4)
def _run_uv(files: tuple[tuple[str, str], ...], pins: tuple[str, ...]) -> bytes | str:
    """The new lock, or why there is none. Nothing of the project or of a package is built or run for it."""
    import subprocess
    import tempfile

    command = _uv()
    if command is None:
        return "uv is not installed here"
    with tempfile.TemporaryDirectory(prefix="dockwiz-lock-") as folder:
        for name, text in files:
            (Path(folder) / name).write_text(text, encoding="utf-8", newline="")
        words = [*command, "lock", "--no-progress", "--no-build", *(word for pin in pins for word in ("-P", pin))]
        try:
            result = subprocess.run(
                words, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT, check=False,
                env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"},
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return "uv gave no answer in time"
        if result.returncode != 0:
            said = [line.strip(" ╰─▶×│") for line in result.stderr.splitlines() if line.strip()]
            return f"uv lock says: {said[-1] if said else 'nothing'}"
        return (Path(folder) / "uv.lock").read_bytes()


def _uv() -> list[str] | None:
    """How uv is called on this machine: as a program, or as a module of this Python."""
    import shutil
    from importlib.util import find_spec

    program = shutil.which("uv")
    if program is not None:
        return [program]
    return [sys.executable, "-m", "uv"] if find_spec("uv") is not None else None


def _versions(text: str) -> dict[str, str]:
    """The versions in a lock by package, several joined; the format's own under the empty name."""
    data = tomllib.loads(text)
    found: dict[str, str] = {"": str(data.get("version"))}
    for one in data.get("package", ()):
        known = found.get(one["name"])
        version = re.sub(r"\+.*", "", str(one.get("version", "")))
        found[one["name"]] = version if known in (None, version) else f"{known} {version}"
    return found
