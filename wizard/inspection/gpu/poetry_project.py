"""A Poetry project whose torch comes from the CPU index: its pyproject.toml, and the question what its lock is then.

Source: python-poetry.org, "Repositories" (explicit package sources, from Poetry 1.5 on) and "Dependency specification"
(multiple constraints): a source counts for the dependency that names it, on the systems that its marker allows.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from wizard.inspection.gpu.project_pulls import NAME
from wizard.inspection.questions import RelockQuestion
from wizard.workspace import Workspace

_SETTINGS = ("poetry.toml",)
_OF_A_SOURCE = ("source", "git", "url", "path", "file", "markers", "platform", "optional")


def obstacle(data: Mapping[str, Any], members: Mapping[str, str | None]) -> str | None:
    """Why the manifest cannot be edited: what else it says about torch, its sources or its own parts."""
    poetry = data.get("tool", {}).get("poetry", {})
    dependencies = poetry.get("dependencies", {})
    for name in members:
        written = dependencies.get(name)
        if isinstance(written, list) or (isinstance(written, dict) and any(key in written for key in _OF_A_SOURCE)):
            return f"says more about {name} than its version"
        if any(key != name and key.lower() == name for key in dependencies):
            return f"writes {name} in another case"
    if any(isinstance(one, dict) and "path" in one for one in dependencies.values()):
        return "takes a dependency from a local path"
    if any(source.get("name") == NAME for source in poetry.get("source", ())):
        return f"has a source called {NAME} already"
    return None if dependencies or "dependencies" in data.get("project", {}) else "has no list of dependencies"


def cpu_manifest(text: str, members: Mapping[str, str | None], index: str, machine: str, *, exactly: bool) -> str:
    """The file with the CPU index as an explicit source, and the family bound to it on Linux and this machine
    (`x86_64`): a wheel of a `+cpu` version is not there for every other, which goes on as before.

    `exactly`: with the versions of `members` alone, for a first lock that finds them under their new source.
    """
    import tomlkit

    document: Any = tomlkit.parse(text)
    if "tool" not in document:
        document["tool"] = tomlkit.table(is_super_table=True)
    poetry = document["tool"].setdefault("poetry", tomlkit.table(is_super_table=True))
    dependencies = poetry.setdefault("dependencies", tomlkit.table())
    listed = document.get("project", {}).get("dependencies", ())
    here = f"sys_platform == 'linux' and platform_machine == '{machine}'"
    elsewhere = f"sys_platform != 'linux' or platform_machine != '{machine}'"
    for name, version in members.items():
        written = dependencies.get(name)
        said = dict(written) if isinstance(written, dict) else {"version": str(written)} if written is not None else {}
        if not said and not _names(listed, name):
            said = {"version": "*"}
        if exactly and version is not None:
            said["version"] = version.partition("+")[0]
        bound = tomlkit.array()
        for more in ({"source": NAME, "markers": here}, {"markers": elsewhere}):
            constraint = tomlkit.inline_table()
            constraint.update({**said, **more})
            bound.append(constraint)
        dependencies[name] = bound.multiline(True)
    entry = tomlkit.table()
    entry.update({"name": NAME, "url": index, "priority": "explicit"})
    poetry.setdefault("source", tomlkit.aot()).append(entry)
    return str(tomlkit.dumps(document))


def _names(listed: Any, name: str) -> bool:
    """Whether the table `project` asks for it: then its version stands there alone."""
    from wizard.inspection.ecosystems.requirements import parse_requirements

    return any(r.name == name for r in parse_requirements("\n".join(map(str, listed)).encode(), "").requirements)


def relock_question(workspace: Workspace, manifest: str, pyproject: str, pinned: str, lock: str) -> RelockQuestion:
    """What the lock is with this pyproject.toml; `pinned` is the same with the versions that it held."""
    folder = posixpath.dirname(manifest)
    beside = ((name, posixpath.join(folder, name)) for name in _SETTINGS)
    settings = tuple((name, workspace.read(path)) for name, path in beside if workspace.is_file(path))
    files = (("pyproject.toml", pyproject.encode()), ("poetry.lock", workspace.read(lock)), *settings)
    return RelockQuestion("poetry", "poetry.lock", files, holding=(("pyproject.toml", pinned.encode()),))
