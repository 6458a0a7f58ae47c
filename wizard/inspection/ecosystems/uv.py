"""uv's projects: when `uv sync` installs from pyproject.toml and uv.lock alone, and what keeps the sources out of it.

Source: docs.astral.sh/uv, Locking and syncing, Using workspaces, Using uv in Docker; tried with uv 0.13.9: with
`--frozen --no-install-workspace` the manifests of the members may be missing, without `--frozen` they may not, and a
project whose metadata are dynamic is built to check the lock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from wizard.dockerfile.installs import Install
from wizard.inspection.ecosystems.pyproject import ENOUGH, Judgement, local_requirement, read_toml, table, texts
from wizard.inspection.files import read_text
from wizard.inspection.places import place_at
from wizard.workspace import Workspace

_PACKAGE = re.compile(
    r"^\[\[package\]\]\nname = \"(?P<name>[^\"]+)\"\n(?:version = [^\n]*\n)?"
    r"source = \{ (?P<kind>\w+) = \"(?P<place>[^\"]*)\"",
    re.MULTILINE,
)
_MEMBERS = re.compile(r"^\[manifest\]\n(?:[^\[\n][^\n]*\n)*?members = \[(?P<names>[^\]]*)\]", re.MULTILINE)
_LOCAL_KINDS = frozenset({"editable", "virtual", "directory", "path"})
_WITHOUT_PROJECT, _WITHOUT_WORKSPACE = "--no-install-project", "--no-install-workspace"


class _Local(NamedTuple):
    """A package of the lock that comes from the project's own files."""

    name: str
    place: str
    line: int


def judge_uv(
    workspace: Workspace, files: Mapping[str, str], install: Install, settings: Mapping[str, str | None]
) -> Judgement:
    """What `uv sync` needs besides these files (by name, relative to the root)."""
    path = files["pyproject.toml"]
    manifest = read_toml(workspace, path)
    if manifest is None:
        return Judgement(f"{path} cannot be read as TOML")
    because = _local_settings(path, table(manifest, "tool", "uv"))
    if because is None and "uv.toml" in files:
        own = read_toml(workspace, files["uv.toml"])
        because = (
            f"{files['uv.toml']} cannot be read as TOML" if own is None else _local_settings(files["uv.toml"], own)
        )
    local = local_requirement(manifest)
    if because is None and local is not None:
        because = f"{path} installs from the local path {local}"
    if because is not None:
        return Judgement(because)
    lock = files.get("uv.lock")
    text = "" if lock is None else read_text(workspace, lock, limit=ENOUGH)
    if text is None:
        return Judgement(f"{lock} cannot be read")
    members = _members(text)
    others = [one for one in _locals(text) if one.place != "."]
    outside = next((one for one in others if one.name not in members), None)
    if outside is not None and lock is not None:
        return Judgement(f"{place_at(lock, outside.line)} installs from the local path {outside.place}")
    wheels = re.search(r"registry = \"(?!https?://)([^\"]*)\"", text)
    if wheels is not None and lock is not None:
        return Judgement(
            f"{place_at(lock, text.count(chr(10), 0, wheels.start()) + 1)} takes packages from a local folder"
        )
    workspace_there = bool(table(manifest, "tool", "uv", "workspace")) or bool(others)
    dynamic = bool(texts(table(manifest, "project").get("dynamic", [])))
    if lock is None and (workspace_there or dynamic):
        why = "a workspace" if workspace_there else "dynamic metadata"
        return Judgement(f"{path} has {why}, and without a lock uv reads more than manifests")
    return _divided(install, settings, workspace_there, dynamic, lock is not None, _is_package(manifest))


def _divided(
    install: Install, settings: Mapping[str, str | None], members: bool, dynamic: bool, locked: bool, package: bool
) -> Judgement:
    frozen = install.has("--frozen") or _is_on(settings.get("UV_FROZEN", ""))
    checks = install.has("--locked") or _is_on(settings.get("UV_LOCKED", ""))
    left_out = install.has(_WITHOUT_WORKSPACE) if members else install.has(_WITHOUT_PROJECT, _WITHOUT_WORKSPACE)
    add: list[str] = []
    if not left_out and (package or members):
        add.append(_WITHOUT_WORKSPACE if members else _WITHOUT_PROJECT)
    # Without these it may write a new lock, which the sources would bring anew: then it runs below them once more.
    freezes = not frozen and (members or dynamic or (locked and not checks and not add))
    if not freezes:
        return Judgement(add=tuple(add))
    if checks and not install.has("--locked"):
        return Judgement("UV_LOCKED has uv check the lock against files among the sources")
    if install.has("--locked"):
        return Judgement(add=tuple(add), exchange={"--locked": "--frozen"})
    return Judgement(add=("--frozen", *add))


def _is_on(value: str | None) -> bool:
    return value is not None and value.lower() in ("1", "true", "t", "yes", "y", "on")


def _is_package(manifest: Mapping[str, object]) -> bool:
    """Whether uv installs the project itself. Source: docs.astral.sh/uv, Configuring projects, build systems."""
    own = table(manifest, "tool", "uv").get("package")
    return own if isinstance(own, bool) else "build-system" in manifest


def _members(lock: str) -> frozenset[str]:
    found = _MEMBERS.search(lock)
    return frozenset(re.findall(r"\"([^\"]+)\"", found["names"])) if found else frozenset()


def _locals(lock: str) -> Iterator[_Local]:
    for found in _PACKAGE.finditer(lock):
        if found["kind"] in _LOCAL_KINDS:
            yield _Local(found["name"], found["place"], lock.count("\n", 0, found.start("kind")) + 1)


def _local_settings(path: str, settings: Mapping[str, object]) -> str | None:
    """A setting of uv that names files beside pyproject.toml."""
    for name, source in table(settings, "sources").items():
        for one in source if isinstance(source, list) else [source]:
            if isinstance(one, dict) and "path" in one:
                return f"{path} takes {name} from the local path {one['path']}"
    links = [*texts(settings.get("find-links", [])), *texts(table(settings, "pip").get("find-links", []))]
    indexes = settings.get("index")
    links += [str(one.get("url", "")) for one in indexes if isinstance(one, dict)] if isinstance(indexes, list) else []
    links += [*texts(settings.get("index-url", [])), *texts(settings.get("extra-index-url", []))]
    local = next((link for link in links if not re.match(r"https?://", link)), None)
    return None if local is None else f"{path} takes packages from {local}"
