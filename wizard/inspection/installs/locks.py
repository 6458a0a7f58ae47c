"""The lock files that we write: where they stand, what is in them, and whether they still hold what was locked."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from wizard.inspection.ecosystems.requirements import Requirement, parse_requirements
from wizard.inspection.installs.locking import Lockable, files_of
from wizard.inspection.questions import LockQuestion
from wizard.workspace import Workspace

SUFFIX = "-lock"
HEADER = "# Made by dockwiz from"


def lock_path(requirements: str) -> str:
    """`requirements/base.txt` as `requirements/base-lock.txt`."""
    stem, suffix = posixpath.splitext(requirements)
    return f"{stem}{SUFFIX}{'.txt' if suffix in ('', '.in') else suffix}"


def lock_file(requirements: str, question: LockQuestion, indexes: Iterable[str], packages: str) -> bytes:
    """The content: where it comes from, the indexes that the files themselves name, the packages."""
    name = posixpath.basename(requirements)
    python = ".".join(map(str, question.python))
    lines = [
        f"{HEADER} {name}: all that it comes to, for Python {python} on",
        f"# {', '.join(question.platforms)}. After a change there:",
        "# dockwiz apply --online --only lock-dependencies --yes",
        *dict.fromkeys(indexes),
    ]
    return ("\n".join(lines) + "\n" + packages).encode("utf-8", "surrogateescape")


def renewal(workspace: Workspace, one: Lockable) -> LockQuestion | None:
    """What has to be asked to bring a lock of ours up to date that an install reads; None where it still fits, or is
    none of ours. Raises Unlockable where its source cannot be locked any more."""
    question = source_question(workspace, one)
    if question is None:
        return None
    path = one.manifest.path
    content = workspace.read(path)
    held = {r.name: r for r in parse_requirements(content, path).requirements}
    read = [parse_requirements(text, name) for name, text in question.files if name not in question.constraints]
    constraints = {file.resolve(line) for file in read for line in file.constraints}
    asked = (r for file in read if file.path not in constraints for r in file.requirements)
    if all(_holds(held, requirement) for requirement in asked):
        return None
    return question._replace(previous=content)


def source_question(workspace: Workspace, one: Lockable) -> LockQuestion | None:
    """What the file comes to that a lock of ours, which an install reads, was made from; None where it is none of ours.
    Raises Unlockable where that file cannot be locked any more."""
    path = one.manifest.path
    content = workspace.read(path)
    if not content.startswith(HEADER.encode()):
        return None
    name = content.split(b"\n", 1)[0].decode("utf-8", "replace").removeprefix(HEADER).partition(": ")[0].strip()
    source = posixpath.join(posixpath.dirname(path), name)
    if "/" in name or not workspace.is_file(source):
        return None
    # What constrains on the command line goes on doing so.
    constraining = [(name, text) for name, text in one.question.files if name in one.question.constraints]
    return one.question._replace(requirements=source, files=(*files_of(workspace, source), *constraining))


def _holds(held: dict[str | None, Requirement], requirement: Requirement) -> bool:
    """Whether a lock has a version that a requirement allows; one that only some systems need may be missing."""
    found = held.get(requirement.name)
    if found is None:
        return bool(requirement.marker)
    if not requirement.specifier or found.version is None:
        return True
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(requirement.specifier).contains(found.version, prereleases=True)
