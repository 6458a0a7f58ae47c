"""Whether a running container may read a variable: then a build secret cannot take its place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from wizard.assets import knowledge
from wizard.dockerfile.document import Document
from wizard.inspection.callers.find import concerns, kind_of
from wizard.inspection.dockerfiles import is_dockerfile_name
from wizard.inspection.files import list_files, read_text, short_lines
from wizard.inspection.gpu.evidence import is_test
from wizard.inspection.places import place_at
from wizard.inspection.secrets.variables import names
from wizard.inspection.values import Caller
from wizard.workspace import Workspace

_FOR_MANAGERS: Final = (
    ".npmrc",
    ".yarnrc",
    ".yarnrc.yml",
    "pip.conf",
    ".netrc",
    ".pypirc",
    "settings.xml",
    "auth.json",
)
_DOCUMENTS: Final = (".md", ".rst", ".adoc", ".dockerignore", ".gitignore", ".lock")
_BUILDS: Final = re.compile(r"--build-arg|--secret\b|\bARG\b")
_MANAGERS: Final = re.compile(r"\b(?:npm|npx|yarn|pnpm|pip3?|uv|poetry)\b")


def reader_of(workspace: Workspace, document: Document, callers: Iterable[Caller], name: str) -> str | None:
    """Who may read the variable once the image runs, in words with its place; None where nothing tells of it.

    Everything of the repo that names it counts, but for what builds (`--build-arg`, `args:`), documents, tests and the
    settings of package managers.
    """
    if any(re.fullmatch(entry["match"], name) for entry in knowledge("secrets")["unasked"]):
        return f"libraries read {name} unasked when the service runs"
    callers = tuple(callers)
    for path in list_files(workspace).files:
        base = path.rpartition("/")[2]
        kind = kind_of(path)
        if is_dockerfile_name(base) or path == document.path or kind == "bake" or kind == "ci":
            continue
        if base in _FOR_MANAGERS or base.endswith(_DOCUMENTS) or is_test(path):
            continue
        text = read_text(workspace, path)
        if text is None or name not in text or not concerns(workspace, callers, path):
            continue
        if kind == "compose":
            if _in_a_container(text, name):
                return f"{place_at(path, None)} gives it to a container"
            continue
        builds = kind == "make" or (kind == "script" and re.search(r"\bdocker\b.*\bbuild\b", text) is not None)
        for number, line in enumerate(short_lines(text), start=1):
            if names(line, name) and not _BUILDS.search(line) and not line.lstrip().startswith(("#", "//")):
                if builds and not re.search(rf"(?:-e|--env)[=\s]+[\"']?{name}", line):
                    continue
                return f"{place_at(path, number)} reads it"
    return None


def settings_that_name(workspace: Workspace, name: str) -> str | None:
    """The settings of a package manager, in the build context, that name the variable; None without any."""
    for path in list_files(workspace).below(workspace.context):
        if path.rpartition("/")[2] in _FOR_MANAGERS and names(read_text(workspace, path) or "", name):
            return path
    return None


def calls_manager(text: str) -> bool:
    """Whether a command starts a package manager, which reads its settings again."""
    return _MANAGERS.search(text) is not None


def _in_a_container(text: str, name: str) -> bool:
    """Whether a compose file names the variable anywhere but under the builds and secrets."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        content = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError):
        return True
    services = content.get("services") if isinstance(content, dict) else None
    for service in services.values() if isinstance(services, dict) else ():
        rest = (
            {key: value for key, value in service.items() if key != "build"} if isinstance(service, dict) else service
        )
        if names(str(rest), name):
            return True
    return False
