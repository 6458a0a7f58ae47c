"""Which Python packages an install asks for, whichever manager: from requirements, a lock file or pyproject.toml."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from wizard.dockerfile.installs import Install
from wizard.errors import DockwizError
from wizard.inspection.ecosystems.python import locate, manifests
from wizard.inspection.ecosystems.requirements import Requirement, parse_requirements
from wizard.inspection.files import read_text
from wizard.inspection.installs.pip import reads_manifests
from wizard.workspace import Workspace

_LOCKS = {
    "uv": ("uv.lock",),
    "poetry": ("poetry.lock",),
    "pdm": ("pdm.lock",),
    "pipenv": ("Pipfile.lock",),
}


class Asked(NamedTuple):
    """What one install asks for."""

    requirements: tuple[Requirement, ...] = ()
    """`line` counts in `path` of the same place."""
    projects: tuple[str, ...] = ()
    """Folders of the repo's own projects that are installed from their sources, relative to the context."""
    unread: tuple[str, ...] = ()
    """What could not be read, in words."""


def asked_by(workspace: Workspace, install: Install) -> Asked:
    """The packages that an install of a Python manager asks for; with a lock, those that they need in turn too."""
    if reads_manifests(install) or (install.manager, install.verb) == ("uv", "pip sync"):
        return _of_pip(workspace, install)
    for name in _LOCKS.get(install.manager, ()):
        text = read_text(workspace, workspace.from_context(name))
        names = _locked(name, text) if text is not None else None
        if names is not None:
            requirements = parse_requirements("\n".join(names).encode(), name).requirements
            return Asked(requirements, (".",) if install.manager in ("uv", "poetry", "pdm") else ())
    return Asked(unread=(f"the packages of `{install.manager} {install.verb}`",))


def _of_pip(workspace: Workspace, install: Install) -> Asked:
    found: list[Requirement] = []
    unread = [word.text for word in install.packages if word.value is None]
    for word in install.packages:
        found += parse_requirements((word.value or "").encode(), "").requirements
    for name in install.requirement_files:
        path = locate(workspace, name)
        if path is None:
            unread.append(name)
            continue
        try:
            for file in manifests(workspace, path).files:
                found += parse_requirements(workspace.read(file), file).requirements
        except DockwizError:
            unread.append(name)
    paths = (*install.paths, *(one.path for one in found if one.path))
    for folder in dict.fromkeys(paths):
        names = _of_project(workspace, folder)
        if names is None:
            unread.append(f"what {folder} asks for")
        else:
            found += parse_requirements("\n".join(names).encode(), "pyproject.toml").requirements
    if any(option.value is None and option.name in ("-r", "--requirement") for option in install.options):
        unread.append("a requirements file that only the build knows")
    return Asked(tuple(one for one in found if one.path is None), tuple(dict.fromkeys(paths)), tuple(unread))


def _locked(name: str, text: str) -> list[str] | None:
    try:
        if name.endswith("Pipfile.lock"):
            table = json.loads(text)
            return [package for group in ("default", "develop") for package in table.get(group, {})]
        import tomllib

        packages: list[dict[str, Any]] = tomllib.loads(text).get("package", [])
        return [_named(one) for one in packages if not {"editable", "virtual"} & set(_source(one))]
    except (ValueError, AttributeError, KeyError, TypeError):
        return None


def _named(package: dict[str, Any]) -> str:
    """The package as a requirement: its name, with the address of its repository where it comes from one."""
    source = _source(package)
    address = source.get("git") or (source.get("url") if source.get("type") == "git" else None)
    return f"{package['name']} @ git+{address}" if address else str(package["name"])


def _source(package: dict[str, Any]) -> dict[str, Any]:
    source = package.get("source")
    return source if isinstance(source, dict) else {}


def _of_project(workspace: Workspace, folder: str) -> list[str] | None:
    """What pyproject.toml lists; None where it lists nothing itself."""
    text = read_text(workspace, workspace.from_context(f"{folder.partition('[')[0]}/pyproject.toml"))
    if text is None:
        return None
    import tomllib

    try:
        names = tomllib.loads(text).get("project", {}).get("dependencies")
    except (ValueError, AttributeError):
        return None
    return [str(name) for name in names] if isinstance(names, list) else None
