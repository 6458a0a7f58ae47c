"""pyproject.toml and its like, as far as an install of a project's dependencies goes by them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from wizard.inspection.files import read_text
from wizard.workspace import Workspace

DECLARING_FILES = ("pyproject.toml", "setup.py", "setup.cfg")
"""Where a Python project says what it is called and what it needs."""
ENOUGH = 5_000_000
"""Bytes of a lock that are still read."""


class Judgement(NamedTuple):
    """Whether the files that an install is given are all that it reads."""

    because: str | None = None
    """Why it may need more of the project, in words."""
    add: tuple[str, ...] = ()
    """Options with which it installs only what the project depends on; none where it does so as it is."""
    exchange: Mapping[str, str] = {}
    """Options of its own that these would contradict, and what takes their place."""
    undecided: str | None = None
    """What could not be decided: then the change is for a person to judge."""


def read_toml(workspace: Workspace, path: str) -> Mapping[str, object] | None:
    """The tables of a file; None where it cannot be read as TOML."""
    import tomllib

    text = read_text(workspace, path, limit=ENOUGH)
    try:
        return None if text is None else tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def table(tables: object, *names: str) -> Mapping[str, object]:
    """The table below these names, empty where there is none."""
    for name in names:
        tables = tables.get(name) if isinstance(tables, dict) else None
    return tables if isinstance(tables, dict) else {}


def texts(value: object) -> tuple[str, ...]:
    """The strings of a list; one string alone counts as a list."""
    values = value if isinstance(value, list) else [value]
    return tuple(one for one in values if isinstance(one, str))


def local_requirement(manifest: Mapping[str, object]) -> str | None:
    """The first requirement of a pyproject.toml that is given as an address of files: `lib @ file:///…`."""
    project = table(manifest, "project")
    groups = [project.get("dependencies"), *table(project, "optional-dependencies").values()]
    groups += table(manifest, "dependency-groups").values()
    wanted = (one for group in groups for one in texts(group))
    return next((found[1] for one in wanted if (found := re.search(r"@\s*(file:\S*|\.{0,2}/\S*)", one))), None)
