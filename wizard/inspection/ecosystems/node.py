"""Node packaging: which files of the project an install of npm, yarn or pnpm reads, and what makes it read more."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from wizard.assets import knowledge
from wizard.inspection.files import read_text
from wizard.inspection.places import place_at
from wizard.workspace import Workspace

_LIFECYCLE = (
    "preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare", "dependencies",
    "pnpm:devPreinstall",
)  # fmt: skip
"""Scripts of the project itself that an install runs. Source: docs.npmjs.com, scripts; pnpm.io, scripts."""
_DEPENDENCIES = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies", "resolutions",
                 "overrides", "pnpm")  # fmt: skip
_MORE_OF_PNPM = ("patchedDependencies", "configDependencies")
_SCHEMES = "(?:file|link|portal|workspace|patch):"
"""How a dependency begins that is a folder or a file, and not a release."""
_LOCAL = re.compile(_SCHEMES + r"|\.{0,2}/|\.{1,2}\Z|~/|(?!\w+://|git\+).*\.(?:tgz|tar\.gz)\Z")
_LOCKED_LOCAL = re.compile(r"[\"'@ :]" + _SCHEMES + r"|\"link\": true|^patchedDependencies:", re.MULTILINE)
_BERRY = re.compile(r"yarn@(?!0|1)|yarn@1\d")


class Project(NamedTuple):
    """Whether the files that an install is given are all that it reads."""

    because: str | None = None
    """Why it may need more of the project, in words."""
    undecided: str | None = None
    """What could not be decided: then the change is for a person to judge."""


def names_read(manager: str) -> tuple[str, ...]:
    """The names of the files that a manager reads in a project's folder, package.json first."""
    return next(tuple(one["files"]) for one in knowledge("node_installs")["manager"] if one["name"] == manager)


def names_of_more(manager: str) -> Mapping[str, str]:
    """The names of files with which an install reads more than those, or runs code: with what it does, in words."""
    more = (one for one in knowledge("node_installs")["more"] if manager in one["of"])
    return {name: one["why"] for one in more for name in one["names"]}


def all_names() -> tuple[str, ...]:
    """The names of all files that any of the managers looks for in a project's folder."""
    managers = [one["name"] for one in knowledge("node_installs")["manager"]]
    return tuple(dict.fromkeys(name for one in managers for name in (*names_read(one), *names_of_more(one))))


def judge_project(workspace: Workspace, files: Sequence[str], *, scripts: bool = True) -> Project:
    """Whether an install that finds only these files (relative to the root, package.json first) does the same.

    `scripts`: whether install scripts run.
    """
    held: dict[str, tuple[str, str]] = {}
    for path in files:
        text = read_text(workspace, path)
        if text is None:
            return Project(f"{path} cannot be read")
        held[posixpath.basename(path)] = path, text
    because = _manifest(*held["package.json"], scripts=scripts) or _settings(held) or _lock(held)
    if because is not None or not scripts:
        return Project(because)
    return _scripts_of_packages(held)


def _manifest(path: str, text: str, *, scripts: bool) -> str | None:
    """What package.json asks for beyond packages of a registry."""
    try:
        manifest = json.loads(text)
    except ValueError:
        return f"{path} is not JSON"
    if not isinstance(manifest, dict):
        return f"{path} is not a JSON object"

    def at(word: str) -> str:
        return place_at(path, _line(text, word))

    ran = lifecycle_script(manifest)
    if scripts and ran is not None:
        return f'{at(ran)} has the script "{ran}", which the install runs and which may read the sources'
    if manifest.get("workspaces"):
        return f"{at('workspaces')} names workspaces, whose folders the install reads"
    if _BERRY.match(str(manifest.get("packageManager", ""))):
        return f"{at('packageManager')} asks for yarn 2 or later, which keeps more in the folder than manifests"
    if manifest.get("installConfig"):
        return f"{at('installConfig')} changes what the install writes"
    pnpm = manifest.get("pnpm")
    odd = next((key for key in _MORE_OF_PNPM if isinstance(pnpm, dict) and pnpm.get(key)), None)
    if odd is not None:
        return f"{at(odd)} sets {odd}, which names more files"
    for group in _DEPENDENCIES:
        for value in _strings(manifest.get(group)):
            if _LOCAL.match(value):
                return f"{at(value)} installs from the local path {value}"
    return None


def lifecycle_script(manifest: Mapping[str, object]) -> str | None:
    """The first script of a package.json that an install runs and that may do anything."""
    own = manifest.get("scripts")
    return next((name for name in _LIFECYCLE if isinstance(own, dict) and not _is_harmless(own.get(name))), None)


def _is_harmless(script: object) -> bool:
    harmless = knowledge("node_installs")["scripts"]["harmless"]
    return not script or any(re.fullmatch(pattern, str(script).strip()) for pattern in harmless)


def _settings(held: Mapping[str, tuple[str, str]]) -> str | None:
    """The first setting that may name a file, or is not known."""
    table = knowledge("node_installs")["settings"]
    for name in (".npmrc", ".yarnrc"):
        path, text = held.get(name, ("", ""))
        for number, line in enumerate(text.splitlines(), start=1):
            row = line.strip()
            key = re.split(r"[=\s]", row, maxsplit=1)[0].strip('"')
            if row and row[0] not in "#;" and not key.startswith(("@", "//")) and key.lower() not in table["keys"]:
                return f"{place_at(path, number)} sets {key}, which may name a file of the sources"
    path, text = held.get("pnpm-workspace.yaml", ("", ""))
    for number, line in enumerate(text.splitlines(), start=1):
        key = re.match(r"[\"']?([\w.-]+)[\"']?\s*:", line)
        if key is not None and key[1] not in table["workspace_keys"]:
            return f"{place_at(path, number)} sets {key[1]}, which may name files or folders of the sources"
        if re.search(_SCHEMES + r"|[:\s\"']\.{1,2}/", line):
            return f"{place_at(path, number)} names a local path"
    return None


def _lock(held: Mapping[str, tuple[str, str]]) -> str | None:
    """A package of the lock that comes from the project's own files."""
    path, text = held.get("yarn.lock", ("", ""))
    if "__metadata:" in text:
        return f"{path} is one of yarn 2 or later, which keeps more in the folder than manifests"
    for name in ("npm-shrinkwrap.json", "package-lock.json", "yarn.lock", "pnpm-lock.yaml"):
        path, text = held.get(name, ("", ""))
        found = _LOCKED_LOCAL.search(text)
        if found is not None:
            return f"{place_at(path, _line_of(text, found.start()))} installs from a local path"
    return None


def _scripts_of_packages(held: Mapping[str, tuple[str, str]]) -> Project:
    """Whether a package's own install script needs the sources; what of it is not known."""
    table = knowledge("node_installs")
    path, text = held.get("npm-shrinkwrap.json") or held.get("package-lock.json") or ("", "")
    running = _with_scripts(text)
    for reader in table["reader"]:
        name, reads = reader["name"], reader["reads"]
        if running is not None and name in running:
            where = place_at(path, _line(text, f"node_modules/{name}"))
            return Project(f"{where} installs {name}, which reads {reads}")
        for other, content in held.values() if running is None else ():
            found = re.search(rf"(?:node_modules/|[\"'/\s]){re.escape(name)}[\"'@:]", content)
            if found is not None:
                where = place_at(other, _line_of(content, found.end()))
                return Project(f"{where} installs {name}, which may read {reads}")
    if running is None:
        return Project(undecided="without a lock of npm it is not known which packages run install scripts")
    unknown = sorted(running - set(table["independent"]["names"]))
    return Project(undecided=f"what the install script of {unknown[0]} reads is not known" if unknown else None)


def _with_scripts(lock: str) -> frozenset[str] | None:
    """The packages with install scripts, as a lock of npm 7 or later tells them; None for other locks."""
    try:
        packages = json.loads(lock).get("packages") if lock else None
    except (ValueError, AttributeError):
        return None
    if not isinstance(packages, dict):
        return None
    known = ((path, about) for path, about in packages.items() if path and isinstance(about, dict))
    return frozenset(path.rpartition("node_modules/")[2] for path, about in known if about.get("hasInstallScript"))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)


def _line(text: str, word: str) -> int | None:
    at = text.find(f'"{word}"')
    return None if at < 0 else _line_of(text, at)


def _line_of(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
