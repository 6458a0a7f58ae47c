"""Which installs of a project (uv, Poetry, PDM, Pipenv, conda) bring PyTorch, and how that is known.

What the manifest names is certain, what the lock lists too; where there is no lock, the catalogue's packages that
require torch stand for the rest.
"""

from __future__ import annotations

import json
import posixpath
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from wizard.dockerfile.document import Document, Stage
from wizard.dockerfile.installs import Install
from wizard.dockerfile.stages import mount_options
from wizard.inspection.copies.placed import context_copies, context_path
from wizard.inspection.ecosystems.requirements import Requirement, normalise_name, parse_requirements
from wizard.inspection.files import read_text
from wizard.inspection.gpu.evidence import CPU_INDEX
from wizard.inspection.gpu.torch_pulls import is_of, on_linux
from wizard.inspection.masking import shown
from wizard.inspection.step_folders import folder_of
from wizard.inspection.steps import Reading, read_steps
from wizard.inspection.values import Evidence
from wizard.workspace import Workspace

NAME = "pytorch-cpu"
"""What the CPU index is called in a manifest, by us and in what we tell a person to write."""

_VERBS = frozenset({"install", "sync", "create", "update", "env create", "env update"})
_FILES = {
    "uv": ("pyproject.toml", "uv.lock"), "poetry": ("pyproject.toml", "poetry.lock"),
    "pdm": ("pyproject.toml", "pdm.lock"), "pipenv": ("Pipfile", "Pipfile.lock"),
}  # fmt: skip
_ELSEWHERE = ("--project", "--directory", "-C", "-p", "--package", "--script")


class ProjectPull(NamedTuple):
    """An install of a project that brings torch from somewhere else than a CPU index."""

    reading: Reading
    install: Install
    manifest: str
    """Relative to the root."""
    lock: str | None
    """The lock file that the install reads, relative to the root."""
    members: Mapping[str, str | None]
    """The members of the torch family that come, with the one version that the lock or the manifest names."""
    direct: frozenset[str]
    """Those that the manifest names itself."""
    how: str
    """How that is known: the name of the manifest or lock, or `catalogue`."""
    evidence: tuple[Evidence, ...]


class Locked(NamedTuple):
    """What a lock file holds for the image."""

    versions: Mapping[str, str]
    """By normalised name."""
    text: str


def project_pulls(
    workspace: Workspace, document: Document, stage: Stage, table: Mapping[str, Any]
) -> tuple[ProjectPull, ...]:
    """The pulls of one stage, in order. `table` is the part `torch` of assets/knowledge/gpu_packages.toml."""
    return tuple(
        pull
        for reading in read_steps(document, stage)
        for install in reading.installs
        if install.manager in _FILES and install.verb in _VERBS and not install.has(*_ELSEWHERE)
        if (pull := _pull(workspace, document, stage, reading, install, table)) is not None
    )


def _pull(
    workspace: Workspace, document: Document, stage: Stage, reading: Reading, install: Install, table: Mapping[str, Any]
) -> ProjectPull | None:
    manifest, lock = (_brought(workspace, document, stage, reading, install, name) for name in _FILES[install.manager])
    text = read_text(workspace, manifest) if manifest is not None else None
    if manifest is None or text is None or CPU_INDEX.search(text) or NAME in text:
        return None
    try:
        data = tomllib.loads(text)
        locked = _locked(install, read_text(workspace, lock, 20_000_000) or "") if lock is not None else None
    except (ValueError, TypeError, AttributeError, KeyError):
        return None
    asked = tuple(r for r in _requirements(install, data) if on_linux(r))
    family = frozenset(table["family"])
    direct = {r.name: r.version for r in asked if r.name in family}
    members: dict[str, str | None]
    if locked is not None:
        if CPU_INDEX.search(locked.text) or "torch" not in locked.versions:
            return None
        members = {name: locked.versions[name] for name in table["family"] if name in locked.versions}
        how = posixpath.basename(lock or "")
    else:
        pullers = [r for r in asked if any(is_of(r, entry) for entry in table["pulled_by"])]
        if not direct and not pullers:
            return None
        brought = [e["member"] for e in table["brings"] if any(is_of(r, e) for r in pullers)]
        members = {"torch": None, **dict.fromkeys(brought), **{name or "": version for name, version in direct.items()}}
        how = posixpath.basename(manifest) if direct else "catalogue"
    evidence = tuple(_places(manifest, text, direct)) or tuple(_places(lock or manifest, _shown(locked, text), members))
    names = frozenset(name for name in direct if name is not None)
    return ProjectPull(reading, install, manifest, lock, members, names, how, evidence)


def _shown(locked: Locked | None, text: str) -> str:
    return locked.text if locked is not None else text


def _places(path: str, text: str, names: Iterable[str | None]) -> Iterator[Evidence]:
    """The first line of a file for each of these packages."""
    for name in names:
        pattern = re.compile(rf"""(?:^|["'])\s*{re.escape(name or "")}(?:["'\s=<>~!;\[]|$)""", re.IGNORECASE)
        for number, line in enumerate(text.splitlines(), start=1):
            if pattern.search(line):
                yield Evidence(path, number, shown(line.strip()[:200]))
                break


def _brought(
    workspace: Workspace, document: Document, stage: Stage, reading: Reading, install: Install, name: str
) -> str | None:
    """The file of the repo that the install finds under this name in its working directory: mounted, or copied."""
    workdir = folder_of(document, stage, reading, install.command)
    for flag in reading.instruction.flags:
        options = mount_options(flag.value or "") if flag.name == "mount" else {}
        target = options.get("target") or options.get("dst") or options.get("destination") or ""
        if "from" not in options and posixpath.basename(target) == name:
            mounted = workspace.from_context((options.get("source") or options.get("src") or name).lstrip("/"))
            return mounted if workspace.is_file(mounted) else None
    copies = tuple(c for c in context_copies(document, stage) if c.instruction.index < reading.instruction.index)
    if workdir is None:
        return None
    place = context_path(workspace, copies, posixpath.normpath(posixpath.join(workdir, name)))
    path = workspace.from_context(place[0]) if place is not None else None
    return path if path is not None and workspace.is_file(path) else None


# -- manifests --


def _requirements(install: Install, data: Mapping[str, Any]) -> tuple[Requirement, ...]:
    """What the project itself asks for, without the groups that the install leaves out. Poetry's and Pipenv's tables
    are read as names, exact versions and extras. Raises AttributeError, TypeError for a file of another shape."""
    if install.manager == "pipenv":
        return tuple(_of_table(data.get("packages", {})))
    project, tool = data.get("project", {}), data.get("tool", {})
    lines = [*project.get("dependencies", ())]
    extras, groups = project.get("optional-dependencies", {}), data.get("dependency-groups", {})
    for members in (*_chosen(install, extras, "--all-extras"), *_chosen(install, groups, "--all-groups")):
        lines += [line for line in members if isinstance(line, str)]
    found = parse_requirements("\n".join(lines).encode(), "pyproject.toml").requirements
    if install.manager == "poetry":
        return (*found, *_of_table(tool.get("poetry", {}).get("dependencies", {})))
    return found


def _chosen(install: Install, groups: Mapping[str, Any], every: str) -> list[Any]:
    """The extras or groups that the install asks for; the group `dev` unless it says otherwise."""
    names = {option.value for option in install.options if option.name in ("--extra", "--group", "-G", "-E")}
    if every == "--all-groups" and not install.has("--no-dev", "--prod", "--no-default-groups", "--only"):
        names.add("dev")
    return [members for name, members in groups.items() if name in names or install.has(every)]


def _of_table(table: Mapping[str, Any]) -> Iterator[Requirement]:
    for name, value in table.items():
        version = value if isinstance(value, str) else value.get("version", "") if isinstance(value, dict) else ""
        extras = tuple(value.get("extras", ())) if isinstance(value, dict) else ()
        if isinstance(value, dict) and value.get("optional"):
            continue
        exact = re.fullmatch(r"(?:==)?\s*(\d[\w.]*)", version)
        yield Requirement(normalise_name(name), f"=={exact[1]}" if exact else "", extras, "", 1, name)


# -- locks --


def _locked(install: Install, text: str) -> Locked:
    """What the lock holds for the image. Raises ValueError and its like where it is no such lock."""
    manager = install.manager
    if manager == "pipenv":
        default = json.loads(text)["default"]
        versions = {normalise_name(name): str(one.get("version", "")).lstrip("=") for name, one in default.items()}
        return Locked(versions, text)
    packages = [one for one in tomllib.loads(text).get("package", ()) if _for_the_image(manager, one)]
    if manager == "uv":
        reached = _reached(install, packages)
        packages = [one for one in packages if one["name"] in reached]
    return Locked({normalise_name(one["name"]): str(one.get("version", "")) for one in packages}, text)


def _for_the_image(manager: str, package: Mapping[str, Any]) -> bool:
    groups = package.get("groups")
    main = {"poetry": "main", "pdm": "default"}.get(manager)
    return groups is None or main is None or main in groups


def _reached(install: Install, packages: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The packages of a uv lock that the install comes to by dependencies that count on Linux."""
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for one in packages:
        by_name.setdefault(one["name"], []).append(one)
    start = [one["name"] for found in by_name.values() for one in found if _is_own(one)]
    seen: set[str] = set()
    while start:
        name = start.pop()
        if name in seen:
            continue
        seen.add(name)
        for one in by_name.get(name, ()):
            extras, groups = one.get("optional-dependencies", {}), one.get("dev-dependencies", {})
            more = [*extras.values()]
            if _is_own(one):
                more = [*_chosen(install, extras, "--all-extras"), *_chosen(install, groups, "--all-groups")]
            for wanted in (*one.get("dependencies", ()), *(wanted for some in more for wanted in some)):
                if on_linux(Requirement(None, "", (), wanted.get("marker", ""), 1, "")):
                    start.append(wanted["name"])
    return frozenset(seen)


def _is_own(package: Mapping[str, Any]) -> bool:
    return bool({"virtual", "editable", "directory"} & set(package.get("source", {})))
