"""The CPU index in the manifest of a project, whichever manager installs it, and what has to be asked for its lock."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from wizard.dockerfile.document import Document
from wizard.inspection.gpu import poetry_project, sourced_project, uv_project
from wizard.inspection.gpu.project_pulls import ProjectPull
from wizard.inspection.installs.locking import Unlockable, platforms_of
from wizard.inspection.questions import RelockQuestion
from wizard.wording import listed
from wizard.workspace import Workspace

_SINCE = {"uv": (0, 4, 23), "poetry": (1, 5), "pdm": (2, 10)}
"""The first release of a manager that binds packages to an index. Source: the changelogs: uv 0.4.23
`[[tool.uv.index]]`, Poetry 1.5.0 explicit sources, PDM 2.10.0 `include_packages`."""


class ProjectEdit(NamedTuple):
    """A manifest with the CPU index, and the question what its lock is then; None where the install reads none."""

    manifest: bytes
    question: RelockQuestion | None
    machine: str | None
    """The one that it counts for (`x86_64`); None for all of Linux, `""` for every system."""


def project_edit(workspace: Workspace, document: Document, pull: ProjectPull, index: str) -> ProjectEdit | str:
    """The edit, or why there is none, in a clause. `index`: the address of the CPU index."""
    manager = pull.install.manager
    text = workspace.read(pull.manifest).decode("utf-8", "replace")
    data = tomllib.loads(text)
    because = too_old(manager, document.source.decode("utf-8", "replace"))
    if because is not None:
        return because
    because = _obstacle(data, text, pull)
    if because is not None:
        return f"{pull.manifest} {because}"
    machine: str | None = None if manager == "uv" else ""
    question = None
    match manager:
        case "uv":
            if pull.install.has("--no-sources"):
                return "with --no-sources no index is bound to it"
            manifest = uv_project.cpu_pyproject(text, pull.members, pull.direct, index)
            if pull.lock is not None:
                question = uv_project.relock_question(workspace, pull.manifest, manifest, pull.lock, pull.members)
        case "poetry":
            machine = _machine(document, pull)
            manifest, pinned = (
                _laid_out(text, poetry_project.cpu_manifest(text, pull.members, index, machine, exactly=exactly))
                for exactly in (False, True)
            )
            if pull.lock is not None:
                question = poetry_project.relock_question(workspace, pull.manifest, manifest, pinned, pull.lock)
        case _:
            if pull.lock is not None:
                return "its lock has to be made again"
            if manager == "pdm" and _machine(document, pull) != "x86_64":
                return "PDM resolves one version for every machine, and a `+cpu` one may have no wheel for this one"
            manifest = _laid_out(text, sourced_project.cpu_manifest(manager, text, pull.members, index))
    return ProjectEdit(manifest.encode(), question, machine)


def _obstacle(data: Mapping[str, Any], text: str, pull: ProjectPull) -> str | None:
    manager = pull.install.manager
    if manager == "uv":
        return uv_project.obstacle(text, pull.members)
    if manager == "poetry":
        return poetry_project.obstacle(data, pull.members)
    return sourced_project.obstacle(manager, data, pull.members)


def too_old(manager: str, dockerfile: str) -> str | None:
    """A release of the manager that a Dockerfile installs and that binds no package to an index, as a clause; None
    where there is none."""
    since = _SINCE.get(manager)
    found = re.search(rf"(?:\b{manager}==|\bastral-sh/{manager}:)(\d+)\.(\d+)(?:\.(\d+))?", dockerfile)
    named = re.search(rf"\b{manager.upper()}_VERSION[= ][\"']?(\d+)\.(\d+)(?:\.(\d+))?", dockerfile)
    found = found or named
    if since is None or found is None or tuple(int(part or 999) for part in found.groups()) >= since:
        return None
    return f"{found[0]} knows no index of a package: {'.'.join(map(str, since))} does"


def project_risk(pull: ProjectPull, edit: ProjectEdit, changed: Sequence[str]) -> str:
    """What a person has to know of it. `changed`: packages whose version in the new lock is another one."""
    manager = pull.install.manager
    where = {None: " on Linux", "": ""}.get(edit.machine, f" on Linux, {edit.machine},")
    parts = [f"{pull.manifest} itself is changed: who installs from it elsewhere{where} gets the CPU build too."]
    added = [name for name in pull.members if name not in pull.direct]
    if added and manager != "pdm":
        parts.append(f"{listed(added)} becomes a direct dependency, because an index is bound to those alone.")
    if pull.lock is not None:
        parts.append(f"{manager} made {pull.lock} again with the versions that it held" + ("." if not changed else ""))
        parts += [f"but for {listed(changed)}."] if changed else []
    else:
        parts.append("The install reads no lock: versions are found as the image is built, as before.")
    if manager == "pdm":
        parts.append(
            "PDM resolves one version for every machine, and a `+cpu` one may have no wheel for arm64 or macOS."
        )
    return " ".join(parts)


def _machine(document: Document, pull: ProjectPull) -> str:
    """The machine that the image is for, where FROM names one; else x86-64, whose usual wheels always hold CUDA."""
    try:
        platforms = platforms_of(document, pull.stage)
    except Unlockable:
        return "x86_64"
    return platforms[0].partition("-")[0]


def _laid_out(before: str, after: str) -> str:
    """With a blank line before each table that is new, and the line ends of the file as it was."""
    old = before.replace("\r\n", "\n").split("\n")
    beside = set(pairwise(old))
    lines: list[str] = []
    for line in after.replace("\r\n", "\n").split("\n"):
        if lines and lines[-1] and line.startswith("[") and (lines[-1], line) not in beside:
            lines.append("")
        lines.append(line)
    return ("\r\n" if "\r\n" in before else "\n").join(lines)
