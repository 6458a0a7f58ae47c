"""PyTorch's family in a lock: a step of its own brings it from the CPU index, and both have to name one version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from wizard.dockerfile.document import Document, Stage
from wizard.dockerfile.editing import Edit
from wizard.dockerfile.installs import Install
from wizard.dockerfile.stages import lineage
from wizard.inspection.ecosystems.requirements import parse_requirements
from wizard.inspection.gpu.torch_pulls import is_family_install, requirement_word
from wizard.inspection.installs.locking import Lockable, Unlockable
from wizard.inspection.places import line_at
from wizard.inspection.questions import Family
from wizard.inspection.steps import read_steps


def family_install(document: Document, stage: Stage, table: Mapping[str, Any]) -> Install | None:
    """The install of the family alone that a stage has or is built upon; None without one. Raises Unlockable for
    several."""
    found = [install for install in _by_name(document, stage) if is_family_install(install, table)]
    if len(found) > 1:
        raise Unlockable("PyTorch is installed in several steps, each of its own index")
    return found[0] if found else None


@lru_cache(maxsize=64)
def _by_name(document: Document, stage: Stage) -> tuple[Install, ...]:
    """The installs of packages by name alone. Kept: every other install asks."""
    steps = (reading for one in lineage(document, stage) for reading in read_steps(document, one))
    return tuple(install for step in steps for install in step.installs if not install.requirement_files)


def with_family(document: Document, one: Lockable, table: Mapping[str, Any]) -> Lockable:
    """The same question about a lock that takes the family from its own index. Raises Unlockable."""
    install = family_install(document, one.stage, table)
    if install is None:
        return one
    line = line_at(one.reading.instruction.start_line)
    if one.install.manager != "pip":
        raise Unlockable(
            f"{line}: uv would look for everything else in PyTorch's index first, which a lock has to name"
        )
    option = install.option("-i", "--index-url", "--default-index")
    index = option.value if option is not None else None
    words = [word.value for word in install.packages]
    if index is None or any(word is None for word in words):
        raise Unlockable(f"{line}: where PyTorch comes from is only known in the build")
    if urlsplit(index).username or urlsplit(index).password:
        raise Unlockable("the address of PyTorch's index holds a password, which a lock would repeat")
    family = Family(index, tuple(word or "" for word in words))
    return one._replace(question=one.question._replace(family=family))


def pinned(install: Install, lock: str) -> Iterator[Edit]:
    """The family's own step asks for the versions that the lock has. Raises Unlockable where that has several."""
    held: dict[str | None, set[str]] = {}
    for requirement in parse_requirements(lock.encode(), "").requirements:
        held.setdefault(requirement.name, set()).add((requirement.version or "").partition("+")[0])
    for word in install.packages:
        for asked in parse_requirements((word.value or "").encode(), "").requirements:
            versions = held.get(asked.name, set())
            if len(versions) != 1:
                raise Unlockable(
                    f"the lock would hold {'several versions' if versions else 'no version'} of {asked.name}"
                )
            if asked.version is None:
                yield Edit(word.span, requirement_word(asked._replace(specifier=f"=={min(versions)}")))
