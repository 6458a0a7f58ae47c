"""Which packages an install brings that a project declares for development, and how it would leave them out."""

from __future__ import annotations

import fnmatch
import json
import posixpath
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from wizard.assets import knowledge
from wizard.dockerfile.document import Document, Stage
from wizard.dockerfile.installs import Install
from wizard.dockerfile.stages import base_image
from wizard.dockerfile.state import State, environment
from wizard.inspection.copies.placed import context_path, inherited_copies
from wizard.inspection.ecosystems.node import lifecycle_script
from wizard.inspection.ecosystems.requirements import normalise_name, parse_requirements
from wizard.inspection.files import read_text
from wizard.inspection.image_names import name_parts
from wizard.inspection.step_folders import folder_of
from wizard.inspection.steps import Reading
from wizard.workspace import Workspace

_OLD_POETRY = re.compile(
    rb"poetry\s*(?:==|~=|<=?)\s*[\"']?(?:0|1\.[01])\b|POETRY_VERSION[= ]+[\"']?(?:0|1\.[01])\b|get-poetry\.py"
)
"""Poetry before 1.2 has no groups, and no option `--only`. Source: python-poetry.org, history."""


class Development(NamedTuple):
    """What an install brings for development alone."""

    manifest: str
    """The file that declares it, relative to the root."""
    names: tuple[str, ...]
    option: str
    """What leaves it out."""
    because: str | None = None
    """Why it cannot be left out, in words."""


def development_of(
    workspace: Workspace, document: Document, stage: Stage, reading: Reading, install: Install
) -> Development | None:
    """None for an install that brings none, or whose command or settings have decided it already."""
    table = knowledge("development_packages")
    entry = next((one for one in table["option"] if one["manager"] == install.manager), None)
    if entry is None or install.packages or install.has(*table["decided"][install.manager]):
        return None
    state = environment(document, stage, reading.instruction)
    settings = {*state.settings, *install.environment} - ({"NODE_ENV"} if _still_develops(state) else set())
    if settings & set(table["decided"]["settings"]):
        return None
    of_node = install.manager in ("npm", "yarn", "pnpm")
    if of_node and install.verb not in ("install", "ci"):
        return None
    if not of_node and install.verb not in ("install", "sync"):
        return None
    found = _manifest(workspace, document, stage, reading, install, "package.json" if of_node else "pyproject.toml")
    if found is None:
        return None
    path, text = found
    if of_node:
        return _of_node(workspace, document, stage, install, path, text, entry["option"])
    found_here = _of_python(install, path, text, entry["option"])
    old = install.manager == "poetry" and _OLD_POETRY.search(document.source)
    return found_here._replace(option="--no-dev") if found_here is not None and old else found_here


def _still_develops(state: State) -> bool:
    """Whether NODE_ENV is known to be something else than `production`, which alone leaves packages out. With an ARG
    of that name the choice is the caller's."""
    return "NODE_ENV" not in state.args and state.settings.get("NODE_ENV") not in (None, "production")


def _manifest(
    workspace: Workspace, document: Document, stage: Stage, reading: Reading, install: Install, name: str
) -> tuple[str, str] | None:
    """The manifest that the install finds in its folder."""
    workdir = folder_of(document, stage, reading, install.command)
    if workdir is None:
        return None
    number = reading.instruction.index
    copies = tuple(one for one in inherited_copies(document, stage) if one.instruction.index < number)
    place = context_path(workspace, copies, posixpath.join(workdir, name))
    # A mount brings it too.
    mounted = any(name in (flag.value or "") for flag in reading.instruction.flags if flag.name == "mount")
    path = workspace.from_context(place[0] if place else name)
    text = read_text(workspace, path) if place or mounted else None
    return None if text is None else (path, text)


def _of_node(
    workspace: Workspace, document: Document, stage: Stage, install: Install, path: str, text: str, option: str
) -> Development | None:
    try:
        manifest: Mapping[str, Any] = json.loads(text)
        names = tuple(manifest.get("devDependencies") or ())
        kept = {**(manifest.get("dependencies") or {}), **(manifest.get("optionalDependencies") or {})}
    except (ValueError, AttributeError, TypeError):
        return None
    names = tuple(name for name in names if name not in kept)
    if not names:
        return None
    found = Development(path, names, option)
    folder = posixpath.dirname(path)
    settings = read_text(workspace, posixpath.join(folder, ".npmrc")) or ""
    if re.search(r"^\s*(?:omit|include|production|only|dev)\b", settings, re.MULTILINE):
        return None
    script = None if install.has("--ignore-scripts") else lifecycle_script(manifest)
    if script is not None:
        return found._replace(because=f'{path} has the script "{script}", which the install runs')
    if manifest.get("workspaces"):
        return found._replace(because=f"{path} names workspaces, whose packages are not looked into")
    lock = read_text(workspace, posixpath.join(folder, "yarn.lock")) or ""
    classic = re.match(r"yarn@1\.", str(manifest.get("packageManager", "yarn@1."))) and "__metadata:" not in lock
    if install.manager == "yarn" and not classic:
        return found._replace(because="yarn 2 and later leaves them out with a command of a plugin")
    if install.manager == "npm":
        node = _node_version(document, stage)
        if node is None:
            return found._replace(because=f"which npm {base_image(document, stage)} has is not known")
        if node < 15:
            return found._replace(option="--only=production" if install.verb == "ci" else "--production")
    return found


def _node_version(document: Document, stage: Stage) -> int | None:
    """The major version of Node of an official image; 99 where its tag means a current one."""
    name, tag, _ = name_parts(base_image(document, stage))
    if name != "node":
        return None
    number = re.match(r"(\d+)", tag)
    if number:
        return int(number[1])
    return 99 if tag.split("-")[0] in ("", "lts", "current", "latest", "slim", "alpine", "bookworm", "trixie") else None


def _of_python(install: Install, path: str, text: str, option: str) -> Development | None:
    import tomllib

    try:
        groups = _groups(install.manager, tomllib.loads(text))
    except (ValueError, AttributeError, TypeError):
        return None
    groups = {name: words for name, words in groups.items() if words}
    known = set(knowledge("development_packages")["names"]["groups"])
    if not any(name in known for name in groups):
        return None
    if install.manager == "uv":
        groups = {name: words for name, words in groups.items() if name == "dev"}
    other = [name for name in groups if name not in known]
    if other:
        option = f"--without {','.join(name for name in groups if name in known)}"
    words = tuple(dict.fromkeys(word for name, of_it in groups.items() if name in known for word in of_it))
    found = Development(path, words, option)
    if other and install.manager != "poetry":
        return found._replace(because=f"{path} has the group {other[0]} too, of which it is not known what needs it")
    return found if words else None


def _groups(manager: str, project: Mapping[str, Any]) -> dict[str, list[str]]:
    """The packages that an install of the manager brings besides those of the project itself, by group."""
    tool = project.get("tool", {})
    found: dict[str, list[str]] = {}
    standard = project.get("dependency-groups", {})
    if manager == "poetry":
        own = tool.get("poetry", {})
        legacy = own.get("dev-dependencies")
        found |= {"dev": [normalise_name(name) for name in legacy]} if legacy else {}
        for name, group in own.get("group", {}).items():
            if not group.get("optional"):
                found[name] = [normalise_name(one) for one in group.get("dependencies", {})]
    elif manager == "uv":
        if tool.get("uv", {}).get("default-groups", ["dev"]) != ["dev"]:
            return {}
        found["dev"] = _named([*standard.get("dev", ()), *tool.get("uv", {}).get("dev-dependencies", ())])
    elif manager == "pdm":
        for name, words in {**standard, **tool.get("pdm", {}).get("dev-dependencies", {})}.items():
            found[name] = _named(words)
    return found


def _named(words: list[Any]) -> list[str]:
    text = "\n".join(word for word in words if isinstance(word, str))
    return [one.name for one in parse_requirements(text.encode(), "pyproject.toml").requirements if one.name]


# -- what uses them --


def is_development_package(name: str) -> bool:
    """Whether a Python package (normalised name) is one of those that only developing and testing needs."""
    table = knowledge("development_packages")["python"]
    return name in table["names"] or any(fnmatch.fnmatchcase(name, pattern) for pattern in table["patterns"])


def modules_of(name: str) -> tuple[str, ...]:
    """What code imports of a Python package."""
    modules: Mapping[str, list[str]] = knowledge("development_packages")["python"]["modules"]
    return tuple(modules.get(name, [name.replace("-", "_")]))


def programs_of(name: str) -> tuple[str, ...]:
    """The programs of a Python package."""
    programs: Mapping[str, list[str]] = knowledge("development_packages")["python"]["programs"]
    return tuple(programs.get(name, [name]))


def says_development(dockerfile: str) -> str | None:
    """The word of a Dockerfile's name, or its folder's, by which its image is for development; None without one."""
    words = re.split(r"[\W_]+", "/".join(dockerfile.lower().split("/")[-2:]))
    groups = knowledge("development_packages")["names"]["groups"]
    return next((word for word in words if word in (*groups, "devcontainer")), None)
