"""What an install of conda or mamba reads: environment files, lists of packages, explicit lists and conda-lock's lock.

Source: docs.conda.io, "Managing environments" (environment files; `pip` lines are read as a requirements file in the
folder of the environment file: conda/env/installers/pip.py) and "Identical conda environments" (`@EXPLICIT`);
conda.github.io/conda-lock, "Output formats". No channel was at hand to try these with: taken from the documentation.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from wizard.inspection.ecosystems.requirements import RequirementLine, parse_requirements
from wizard.inspection.files import read_text
from wizard.inspection.masking import shown
from wizard.inspection.places import place_at
from wizard.workspace import Workspace

_LOCAL = re.compile(r"\.{0,2}/|~|file:|\.\Z")
_ARCHIVE = re.compile(r"\.(?:conda|tar\.bz2)\Z")
_MOST = 20_000_000


class Entry(NamedTuple):
    """A package that an environment file or a list asks for, as written."""

    text: str
    line: int


class CondaFile(NamedTuple):
    """One file that conda reads; with `because`, why it cannot be told what else the install reads."""

    packages: tuple[Entry, ...] = ()
    """Conda's own."""
    pip: tuple[Entry, ...] = ()
    """The lines of the section `pip`."""
    channels: tuple[Entry, ...] = ()
    requirements: tuple[str, ...] = ()
    """Requirements and constraints files that the section `pip` names, relative to the folder of the file."""
    because: str | None = None


def read_conda_file(workspace: Workspace, path: str) -> CondaFile:
    """What the file asks for. YAML is an environment, or a lock of conda-lock; everything else a list of packages."""
    text = read_text(workspace, path, _MOST)
    if text is None:
        return CondaFile(because=f"{path} cannot be read as text")
    if not path.endswith((".yml", ".yaml")):
        return _listing(path, text)
    if re.search(r"^package:", text, re.MULTILINE) and not re.search(r"^dependencies:", text, re.MULTILINE):
        return _lock(path, text)
    return _environment(path, text)


def _listing(path: str, text: str) -> CondaFile:
    lines = (Entry(line.strip(), number) for number, line in enumerate(text.splitlines(), start=1))
    packages = tuple(one for one in lines if one.text and not one.text.startswith(("#", "@")))
    return CondaFile(packages, because=_local_package(path, packages))


def _lock(path: str, text: str) -> CondaFile:
    for number, line in enumerate(text.splitlines(), start=1):
        found = re.match(r"[\s-]*url:\s*['\"]?(\S+)", line)
        if found and not re.match(r"https?://|git\+", found[1]):
            return CondaFile(because=f"{place_at(path, number)} installs the local path `{shown(found[1])}`")
    return CondaFile()


def _environment(path: str, text: str) -> CondaFile:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        content = YAML(typ="rt").load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = place_at(path, mark.line + 1) if mark is not None else path
        return CondaFile(because=f"{place} cannot be read as YAML")
    if not isinstance(content, dict):
        return CondaFile(because=f"{path} is no environment file")
    packages: list[Entry] = []
    pip: list[Entry] = []
    for one, line in _items(content.get("dependencies")):
        if isinstance(one, str):
            packages.append(Entry(one.strip(), line))
        elif isinstance(one, dict) and set(one) == {"pip"}:
            pip += [Entry(str(item), at) for item, at in _items(one["pip"])]
        else:
            return CondaFile(because=f"{place_at(path, line)} `{shown(str(one))}` is not understood")
    channels = tuple(Entry(str(one), line) for one, line in _items(content.get("channels")))
    local = next((one for one in channels if _LOCAL.match(one.text)), None)
    if local is not None:
        return CondaFile(because=f"{place_at(path, local.line)} names the local channel `{shown(local.text)}`")
    because = _local_package(path, packages)
    requirements: list[str] = []
    for entry in pip:
        (line_read,) = parse_requirements(entry.text.replace("\n", " ").encode(), path).lines or (None,)
        problem = None if line_read is None else _problem(line_read)
        because = because or (problem and f"{place_at(path, entry.line)} {problem}")
        if line_read is not None and line_read.kind in ("include", "constraint"):
            requirements.append(line_read.value)
    return CondaFile(tuple(packages), tuple(pip), channels, tuple(requirements), because)


def _items(content: Any) -> Iterator[tuple[Any, int]]:
    """The items of a list of ruamel's round-trip reader, each with its 1-based line."""
    if isinstance(content, list):
        places = getattr(content, "lc", None)
        for number, item in enumerate(content):
            yield item, places.item(number)[0] + 1 if places is not None else 1


def _local_package(path: str, packages: list[Entry] | tuple[Entry, ...]) -> str | None:
    for one in packages:
        if _LOCAL.match(one.text) or (_ARCHIVE.search(one.text) and "://" not in one.text):
            return f"{place_at(path, one.line)} installs the local path `{shown(one.text)}`"
    return None


def _problem(line: RequirementLine) -> str | None:
    """Why a line of the section `pip` needs the sources, or cannot be told to need none."""
    text = shown(line.text)
    found = line.requirement
    if found is not None and found.path is not None:
        return f"installs the local path `{text}`, so the install needs the sources"
    if line.option == "--find-links" and "://" not in line.value:
        return f"`{text}` names files of the sources"
    elsewhere = line.kind in ("include", "constraint") and ("://" in line.value or posixpath.isabs(line.value))
    return f"`{text}` cannot be resolved" if line.kind == "unknown" or line.variables or elsewhere else None
