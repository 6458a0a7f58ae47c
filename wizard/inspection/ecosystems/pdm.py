"""PDM's projects: when `pdm install` and `pdm sync` read the manifest and the lock alone.

Source: pdm-project.org, Install, Lifecycle and hooks, Configurations, PEP 582; tried with PDM 2.29.3: `--no-self` needs
neither the sources nor the readme, also where the version is dynamic; hooks of the scripts' table run with it; a lock
that is too old is written anew, unless `--check` or `--frozen-lockfile` is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from wizard.dockerfile.document import Document
from wizard.dockerfile.installs import Install
from wizard.inspection.ecosystems.pyproject import ENOUGH, Judgement, read_toml, table, texts
from wizard.inspection.files import read_text
from wizard.inspection.places import place_at
from wizard.workspace import Workspace

_HOOKS = ("pre_install", "post_install", "pre_lock", "post_lock", "pre_build", "post_build", "pre_invoke")
"""Scripts of the project that run with an install."""
_READ_FROM_SOURCES = frozenset({"dependencies", "optional-dependencies"})
_SETTINGS = frozenset({
    "check_update", "request_timeout", "install.parallel", "pypi.url", "pypi.verify_ssl", "pypi.json_api",
    "strategy.save", "strategy.update", "strategy.inherit_metadata", "venv.prompt", "venv.with_pip", "venv.in_project",
    "python.use_pyenv", "theme.primary",
})  # fmt: skip
"""Settings of pdm.toml that move no folder and name no file."""
_CACHE = ("cache_dir", "use_uv", "install.cache")
_LOCAL = re.compile(r"^path = \"(?P<place>[^\"]*)\"", re.MULTILINE)
_PYPACKAGES = "__pypackages__"
_LOCK_STAYS = ("--check", "--frozen-lockfile", "--no-lock")


def judge_pdm(
    workspace: Workspace, files: Mapping[str, str], install: Install, settings: Mapping[str, str | None]
) -> Judgement:
    """What PDM needs besides these files (by name, relative to the root)."""
    path = files["pyproject.toml"]
    manifest = read_toml(workspace, path)
    if manifest is None:
        return Judgement(f"{path} cannot be read as TOML")
    because = _more_than_manifests(path, manifest, locked="pdm.lock" in files) or _settings_file(workspace, files)
    if because is None and "pdm.lock" in files:
        because = _local_in_lock(workspace, files["pdm.lock"])
    if because is not None:
        return Judgement(because)
    if not (install.has("--no-self", "--no-default") or settings.get("PDM_NO_SELF") or not _is_package(manifest)):
        return Judgement(add=("--no-self",))
    stays = install.verb == "sync" or install.has(*_LOCK_STAYS)
    if stays or "pdm.lock" not in files or settings.get("PDM_FROZEN_LOCKFILE") or settings.get("PDM_NO_LOCK"):
        return Judgement()
    return Judgement(
        undecided=f"`pdm install` writes a new lock where {path} asks for something else than {files['pdm.lock']} "
        "holds, and the sources would put the old one back (with --check it fails instead)"
    )


def folders_without_environment(workspace: Workspace, document: Document) -> tuple[str, ...]:
    """The folder beside the manifest that PDM may install into where it uses no virtual environment (PEP 582)."""
    asked = re.search(rb"\bpython\.use_venv\b|\bPDM_USE_VENV\b|\b__pypackages__\b", document.source)
    there = workspace.exists(workspace.from_context(_PYPACKAGES))
    return (_PYPACKAGES,) if asked or there else ()


def cache_settings(workspace: Workspace) -> str | None:
    """Why PDM's cache may be elsewhere, or have to stay in the image, by the project's own settings."""
    settings = read_toml(workspace, workspace.from_context("pdm.toml")) or {}
    found = next((name for name in _flat(settings) if name.startswith(_CACHE)), None)
    return None if found is None else f"pdm.toml sets {found}, which decides about PDM's cache"


def _more_than_manifests(path: str, manifest: Mapping[str, object], *, locked: bool) -> str | None:
    own = table(manifest, "tool", "pdm")
    hook = next((name for name in _HOOKS if name in table(own, "scripts")), None)
    if hook is not None:
        return f'{path} has the script "{hook}", which the install runs'
    if own.get("plugins"):
        return f"{path} asks for plugins of PDM, and what they read is not known"
    if table(own, "workspace"):
        return f"{path} has a workspace, and what PDM reads of its members is not worked out"
    dynamic = set(texts(table(manifest, "project").get("dynamic", [])))
    if dynamic & _READ_FROM_SOURCES or (dynamic and not locked):
        what = "what it depends on" if dynamic & _READ_FROM_SOURCES else "metadata without a lock"
        return f"{path} has PDM read {what} from the sources (dynamic)"
    local = next(_local_paths(manifest), None)
    return None if local is None else f"{path} installs from the local path {local}"


def _local_paths(manifest: Mapping[str, object]) -> Iterator[str]:
    """Requirements, overrides and sources that are files: PDM writes them as `file:///${PROJECT_ROOT}/…`."""
    project, own = table(manifest, "project"), table(manifest, "tool", "pdm")
    groups: list[object] = [project.get("dependencies"), *table(project, "optional-dependencies").values()]
    groups += [*table(manifest, "dependency-groups").values(), *table(own, "dev-dependencies").values()]
    groups += table(own, "resolution", "overrides").values()
    for group in groups:
        for wanted in texts(group):
            found = re.search(r"(?:@\s*)?(file:\S*)|@\s*(\.{0,2}/\S*)", wanted)
            if found is not None:
                yield found[1] or found[2]
    sources = own.get("source")
    for source in sources if isinstance(sources, list) else []:
        url = str(source.get("url", "")) if isinstance(source, dict) else ""
        if not re.match(r"https?://", url):
            yield url


def _settings_file(workspace: Workspace, files: Mapping[str, str]) -> str | None:
    if "pdm.toml" not in files:
        return None
    path = files["pdm.toml"]
    settings = read_toml(workspace, path)
    if settings is None:
        return f"{path} cannot be read as TOML"
    other = next((name for name in _flat(settings) if name not in _SETTINGS), None)
    return None if other is None else f"{path} sets {other}, and what follows from that is not worked out"


def _flat(settings: Mapping[str, object], prefix: str = "") -> Iterator[str]:
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _local_in_lock(workspace: Workspace, lock: str) -> str | None:
    text = read_text(workspace, lock, limit=ENOUGH)
    if text is None:
        return f"{lock} cannot be read"
    found = _LOCAL.search(text)
    if found is None:
        return None
    return f"{place_at(lock, text.count(chr(10), 0, found.start()) + 1)} installs from the local path {found['place']}"


def _is_package(manifest: Mapping[str, object]) -> bool:
    """Whether PDM installs the project itself. Source: pdm-project.org, Build Configuration, Is it a distribution?"""
    own = table(manifest, "tool", "pdm")
    if "package-type" in own:
        return own["package-type"] == "library"
    distribution = own.get("distribution")
    return distribution if isinstance(distribution, bool) else bool(table(manifest, "project").get("name"))
