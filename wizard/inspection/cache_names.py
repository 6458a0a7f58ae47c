"""Names for cache mounts: builds on one machine share a cache of the same name, and not all of them may."""

from __future__ import annotations

import re

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.stages import base_image, lineage
from wizard.inspection.image_names import known_image, name_parts, release_of
from wizard.inspection.native import catalogue
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
    for one in lineage(document, stage):
        for reading in read_steps(document, one):
            if one is stage and reading.instruction.index > instruction.index:
                break
            for install in reading.installs:
                if install.manager in SYSTEM_MANAGERS and install.installs and install.manager not in APT:
                    return True
                if install.manager in APT and any(
                    word.value is None or catalogue().purpose(word.value) == "build" for word in install.packages
                ):
                    return True
    return False
