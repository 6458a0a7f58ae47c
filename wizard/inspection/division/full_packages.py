"""What Python packages take from the full variant of an image: compilers, headers, libraries, programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from wizard.assets import knowledge
from wizard.dockerfile.document import Document
from wizard.dockerfile.installs import Install
from wizard.inspection.division.debian import needs_of, runtime_of
from wizard.inspection.division.full_image import Step, full_programs, with_what_they_bring
from wizard.inspection.division.native import Catalogue
from wizard.inspection.ecosystems.pyproject import DECLARING_FILES
from wizard.inspection.ecosystems.python import PYTHON_MANAGERS
from wizard.inspection.ecosystems.requirements import Requirement
from wizard.inspection.files import read_text
from wizard.inspection.installs.asked import asked_by
from wizard.inspection.places import line_at, place_at, quoted
from wizard.inspection.values import Evidence, Sign
from wizard.workspace import Workspace

_FROM_SOURCES = ("--no-binary", "--no-binary-package", "--only-source")
_REVISION = {"git+": "git", "hg+": "hg", "svn+": "svn", "ssh+": "ssh"}


class PackageNeeds(NamedTuple):
    """What is known, and what is not, of the packages of all installs."""

    missing: Sign | None = None
    """The first package that would miss something in the slim variant."""
    doubts: tuple[str, ...] = ()
    """Packages of which it is not known, by name, and what could not be read."""


def needs_of_packages(
    workspace: Workspace,
    document: Document,
    tables: Catalogue,
    steps: Iterable[Step],
    kept: frozenset[int],
    shipped: frozenset[str],
    release: str | None,
) -> PackageNeeds:
    """`steps`: the commands of every stage that reaches the image; `kept`: the numbers of those that stay on the full
    variant; `shipped`: the Debian packages that the image has installed by name, and those that they bring."""
    doubts: dict[str, None] = {}
    for step in steps:
        if step.install is None or step.install.manager not in PYTHON_MANAGERS or not step.install.installs:
            continue
        asked = asked_by(workspace, step.install)
        doubts |= dict.fromkeys(asked.unread)
        builds_here = step.stage.index not in kept
        missing = _from_sources(document, step, step.install) if builds_here else None
        if missing is None and builds_here:
            missing = next(filter(None, (_project(workspace, step, folder) for folder in asked.projects)), None)
        for requirement in asked.requirements if missing is None else ():
            found = _missing(document, tables, step, requirement, builds_here, shipped, release)
            if isinstance(found, str):
                doubts[found] = None
            elif found is not None:
                missing = found
                break
        if missing is not None:
            return PackageNeeds(missing)
    return PackageNeeds(None, tuple(doubts))


def _from_sources(document: Document, step: Step, install: Install) -> Sign | None:
    option = install.option(*_FROM_SOURCES)
    if option is None or "gcc" in step.present:
        return None
    where = line_at(step.instruction.start_line)
    return f"{where} builds packages from their sources ({option.name})", quoted(document.path, step.instruction)


def _missing(
    document: Document,
    tables: Catalogue,
    step: Step,
    requirement: Requirement,
    builds_here: bool,
    shipped: frozenset[str],
    release: str | None,
) -> Sign | str | None:
    """What the package would miss, or its name where that is not known."""
    name = requirement.name or requirement.text
    evidence = quoted(document.path, step.instruction)
    fetcher = next((tool for sign, tool in _REVISION.items() if (requirement.url or "").startswith(sign)), None)
    if fetcher is not None:
        if builds_here and full_programs(release)[fetcher] not in step.present:
            return f"{name} is fetched with {fetcher}, which the full image brings", evidence
        return name
    entry: Mapping[str, Any] = next((one for one in tables.python["package"] if one["name"] == name), {})
    needs = needs_of(tables, name, requirement.extras, release)
    spared = set(entry.get("unless_extra", ())) & set(requirement.extras)
    if builds_here and not spared:
        build = tuple(entry.get("build", ()))
        wanted = dict.fromkeys((*build, "libc6-dev") if {"gcc", "g++"} & set(build) else build)
        absent = [one for one in wanted if one not in with_what_they_bring(step.present)]
        if absent:
            return f"{name} is built from source and needs {', '.join(absent)}, which the full image brings", evidence
    if needs is None:
        return name
    full = frozenset(knowledge("full_images")["libraries"]["packages"])
    present = shipped | _behind_headers(tables, shipped, release)
    lacking = next((one for one in needs.runtime if one in full and one not in present), None)
    if lacking is not None:
        return f"{name} needs {lacking} at run time, which the full image brings", evidence
    programs = full_programs(release)
    program = next((one for one in needs.programs if one in programs and programs[one] not in shipped), None)
    if program is not None:
        return f"{name} calls {program}, which the full image brings", evidence
    return None if needs.complete else name


def _behind_headers(tables: Catalogue, packages: Iterable[str], release: str | None) -> frozenset[str]:
    """The libraries that come with `-dev` packages."""
    return frozenset(
        library for name in packages if name.endswith("-dev") for library in runtime_of(tables, name, release) or ()
    )


def _project(workspace: Workspace, step: Step, folder: str) -> Sign | None:
    """A project that is built from its sources with a compiler, or that asks git for its version."""
    table = knowledge("full_images")["project"]
    for name in DECLARING_FILES:
        path = workspace.from_context(f"{folder.partition('[')[0]}/{name}")
        text = read_text(workspace, path) or ""
        for package, key, what in (("gcc", "compiles", "compiles"), ("git", "asks_git", "asks git for its version")):
            word = next((one for one in table[key] if one in text), None)
            if word is not None and package not in step.present:
                line = text.count("\n", 0, text.find(word)) + 1
                evidence = Evidence(path, line, text.splitlines()[line - 1].strip())
                return f"{place_at(path, line)} {what} ({word.rstrip('(')}), with what the full image brings", evidence
    return None
