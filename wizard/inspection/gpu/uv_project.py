"""A uv project whose torch comes from the CPU index: its pyproject.toml, and the question what its lock is then.

Source: docs.astral.sh/uv, "Using uv with PyTorch": an explicit index, and sources, which bind direct dependencies only.
"""

from __future__ import annotations

import posixpath
import tomllib
from collections.abc import Mapping
from typing import Any

from wizard.inspection.gpu.project_pulls import NAME
from wizard.inspection.questions import RelockQuestion
from wizard.workspace import Workspace

MARKER = "sys_platform == 'linux'"
"""Other systems have no CUDA in the usual index: what they install, and their part of the lock, stay as they are."""
_SETTINGS = ("uv.toml", ".python-version")


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


def relock_question(
    workspace: Workspace, manifest: str, pyproject: str, lock: str, members: Mapping[str, str | None]
) -> RelockQuestion:
    """What the lock is with this pyproject.toml, and with the versions of the family that it held."""
    folder = posixpath.dirname(manifest)
    beside = ((name, posixpath.join(folder, name)) for name in _SETTINGS)
    settings = tuple((name, workspace.read(path)) for name, path in beside if workspace.is_file(path))
    files = (("pyproject.toml", pyproject.encode()), ("uv.lock", workspace.read(lock)), *settings)
    held = tuple(f"{name}=={version.partition('+')[0]}" for name, version in members.items() if version)
    return RelockQuestion("uv", "uv.lock", files, held)
