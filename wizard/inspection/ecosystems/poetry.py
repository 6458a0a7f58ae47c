"""Poetry's projects: when `poetry install` reads its manifest and its lock alone.

Source: python-poetry.org, install, pyproject.toml (package-mode), Dependency specification; tried with Poetry 1.8.5 and
2.5.1: `--no-root` needs neither the sources nor the readme, and a lock that is too old makes both versions fail.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from wizard.dockerfile.installs import Install
from wizard.inspection.ecosystems.pyproject import ENOUGH, Judgement, local_requirement, read_toml, table
from wizard.inspection.files import read_text
from wizard.inspection.places import place_at
from wizard.workspace import Workspace

_LOCAL = re.compile(r"^type = \"(?:directory|file)\"\nurl = \"(?P<place>[^\"]*)\"", re.MULTILINE)
_WITH_GIT = ("poetry-dynamic-versioning", "poetry-version-plugin")
"""Plugins that ask git for the version with every command. Source: their pages on PyPI."""


def judge_poetry(
    workspace: Workspace, files: Mapping[str, str], install: Install, _settings: Mapping[str, str | None]
) -> Judgement:
    """What `poetry install` needs besides these files (by name, relative to the root)."""
    path = files["pyproject.toml"]
    manifest = read_toml(workspace, path)
    if manifest is None:
        return Judgement(f"{path} cannot be read as TOML")
    poetry = table(manifest, "tool", "poetry")
    plugin = next((name for name in _WITH_GIT if table(manifest, "tool", name)), None)
    if plugin is not None:
        return Judgement(f"{path} has {plugin} ask git for the version, which comes with the sources")
    if poetry.get("requires-plugins"):
        return Judgement(f"{path} asks for plugins of Poetry, and what they read is not known")
    local = next(_local_paths(poetry), None) or local_requirement(manifest)
    if local is not None:
        return Judgement(f"{path} installs from the local path {local}")
    if "poetry.lock" in files:
        text = read_text(workspace, files["poetry.lock"], limit=ENOUGH)
        if text is None:
            return Judgement(f"{files['poetry.lock']} cannot be read")
        found = _LOCAL.search(text)
        if found is not None:
            place = place_at(files["poetry.lock"], text.count("\n", 0, found.start()) + 1)
            return Judgement(f"{place} installs from the local path {found['place']}")
    alone = install.has("--no-root") or poetry.get("package-mode") is False
    return Judgement() if alone else Judgement(add=("--no-root",))


def _local_paths(poetry: Mapping[str, object]) -> Iterator[str]:
    groups = [poetry, *(group for group in table(poetry, "group").values() if isinstance(group, dict))]
    for group in groups:
        for name in ("dependencies", "dev-dependencies"):
            for wanted in table(group, name).values():
                for one in wanted if isinstance(wanted, list) else [wanted]:
                    if isinstance(one, dict) and "path" in one:
                        yield str(one["path"])
