"""Names for cache mounts: builds on one machine share a cache of the same name, and not all of them may."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.installs import Install
from wizard.dockerfile.stages import base_image, lineage, reachable
from wizard.inspection.division.native import catalogue
from wizard.inspection.image_names import known_image, name_parts, release_of
from wizard.inspection.steps import APT, SYSTEM_MANAGERS, read_steps

_COMPILER = "gcc"


def release_name(image: str) -> str:
    """The distribution and release of an image (`debian-bookworm`), where its name tells; else the image's own name.

    What belongs to one release must not meet another's: Debian and Ubuntu give files of the same name to different
    builds of a package, and apt goes by name and size. The architecture need not be told: apt's files have it in
    their names.
    """
    release = release_of(image)
    if release is not None:
        return f"{release.distribution}-{release.name}"
    name, tag, digest = name_parts(image)
    return re.sub(r"[^a-z0-9.]+", "-", f"{name}-{tag or digest}".lower()).strip("-.")


def shared_names(document: Document, releases: Mapping[int, str]) -> Mapping[int, str]:
    """Whose apt caches those of a stage are: the release's, and the stage's own where another could install at the same
    time and wait for the lock.

    `releases` has, by number, the release of every stage that uses apt.
    """
    names: dict[int, str] = {}
    for release in set(releases.values()):
        alike = frozenset(index for index, its_own in releases.items() if its_own == release)
        needs = {index: reachable(document, document.stages[index]) & alike for index in alike}
        needed_by = Counter(other for index in alike for other in needs[index])
        for index in alike:
            # One that every other needs or is needed by is never at work with another. Each needs itself.
            waits = len(needs[index]) + needed_by[index] < len(alike) + 1
            names[index] = f"{release}-{document.stages[index].buildkit_name}" if waits else release
    return names


def may_compile(document: Document, stage: Stage, instruction: Instruction) -> bool:
    """Whether a step may find a compiler, as far as the file and the image's name tell: yes where they do not.

    pip and uv keep the wheels that they build, and find them again by link and Python version, whatever C library they
    were built against (pip/_internal/cache.py): such a cache is for one release only.
    """
    name, tag, _ = name_parts(base_image(document, stage))
    entry = known_image(name)
    slim = entry is not None and bool(set(tag.split("-")) & set(entry["variants"]) - {"devel"})
    if entry is None or (not slim and _COMPILER in entry["full_tools"]):
        return True
    first = _first_compilers(document)
    after = instruction.index + 1
    return bool(first) and any(first.get(one.index, after) < after for one in lineage(document, stage))


@lru_cache(maxsize=16)
def _first_compilers(document: Document) -> Mapping[int, int]:
    """The first step that may install a compiler in each stage that has one, by the stage's number."""
    found: dict[int, int] = {}
    for stage in document.stages:
        for reading in read_steps(document, stage):
            if any(map(_may_bring_compiler, reading.installs)):
                found.setdefault(stage.index, reading.instruction.index)
    return found


def _may_bring_compiler(install: Install) -> bool:
    if install.manager in APT:
        return any(word.value is None or catalogue().purpose(word.value) == "build" for word in install.packages)
    return install.manager in SYSTEM_MANAGERS and install.installs
