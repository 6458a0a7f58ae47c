"""Which languages' packaging a repo has. Python is read in depth (`ecosystems.python`), the others by file names."""

from __future__ import annotations

from posixpath import basename
from typing import TYPE_CHECKING

from wizard.inspection.values import Ecosystem, Evidence

if TYPE_CHECKING:
    from wizard.dockerfile.document import Document
    from wizard.inspection.files import Listing
    from wizard.workspace import Workspace

# Language, manifest, then (lock or sign, manager) in order of preference, then the manager without any of them.
_LANGUAGES: tuple[tuple[str, tuple[str, ...], tuple[tuple[str, str], ...], str], ...] = (
    (
        "node",
        ("package.json",),
        (
            ("pnpm-lock.yaml", "pnpm"),
            ("yarn.lock", "yarn"),
            ("bun.lock", "bun"),
            ("bun.lockb", "bun"),
            ("package-lock.json", "npm"),
            ("npm-shrinkwrap.json", "npm"),
        ),
        "npm",
    ),
    ("go", ("go.mod",), (("go.sum", "go"), ("go.work", "go")), "go"),
    ("rust", ("Cargo.toml",), (("Cargo.lock", "cargo"),), "cargo"),
    ("java", ("pom.xml",), (), "maven"),
    ("java", ("build.gradle", "build.gradle.kts"), (("settings.gradle", "gradle"),), "gradle"),
    ("ruby", ("Gemfile",), (("Gemfile.lock", "bundler"),), "bundler"),
    ("php", ("composer.json",), (("composer.lock", "composer"),), "composer"),
    ("dotnet", ("*.csproj", "*.fsproj", "*.sln"), (("packages.lock.json", "dotnet"),), "dotnet"),
)
_PYTHON = frozenset(
    {"pyproject.toml", "Pipfile", "Pipfile.lock", "poetry.lock", "pdm.lock", "uv.lock", "environment.yml",
     "environment.yaml", "conda-lock.yml"}
)  # fmt: skip
_DEPTH = 4
"""Folders below the context in which a manifest still counts as the project's own."""


def find_ecosystems(workspace: Workspace, document: Document | None, listing: Listing) -> tuple[Ecosystem, ...]:
    """The ecosystems inside the build context, Python first where it is there, then in the order of the table above."""
    from wizard.inspection.ecosystems.python import python_ecosystem

    python = python_ecosystem(workspace, document, listing)
    files = [path for path in listing.below(workspace.context) if _is_any(basename(path)) and _near(path)]
    found = [python] if python else []
    for language, manifests, locks, manager in _LANGUAGES:
        names = (*manifests, *(lock for lock, _ in locks))
        matching = [path for path in files if _matches(path, names)]
        own = next((path for path in matching if _matches(path, manifests)), None)
        if own is not None:
            present = {basename(path) for path in matching}
            chosen = next((who for lock, who in locks if lock in present), manager)
            found.append(Ecosystem(language, chosen, tuple(matching), (Evidence(own, None, basename(own)),)))
    return tuple(found)


def is_manifest(path: str) -> bool:
    """Whether a file is, by its name, what a package manager reads: a manifest of dependencies or its lock."""
    return _is_any(basename(path)) or basename(path) in _PYTHON


def _matches(path: str, names: tuple[str, ...]) -> bool:
    """Whether the file has one of the names; `*` at the start of one stands for anything."""
    name = basename(path)
    return any(name.endswith(one[1:]) if one[0] == "*" else name == one for one in names)


def _is_any(name: str) -> bool:
    return name in _NAMES or name.endswith(_ENDINGS)


def _near(path: str) -> bool:
    return path.count("/") <= _DEPTH


_ALL = tuple(name for _, manifests, locks, _ in _LANGUAGES for name in (*manifests, *(lock for lock, _ in locks)))
# Most of a repo's files are none of these: two look-ups tell.
_NAMES = frozenset(name for name in _ALL if name[0] != "*")
_ENDINGS = tuple(name[1:] for name in _ALL if name[0] == "*")
