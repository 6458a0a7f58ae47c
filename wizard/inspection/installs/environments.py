"""Virtual environments of Python that a stage makes for its installs."""

from __future__ import annotations

import re

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.installs import Install
from wizard.dockerfile.stages import find_stage

_MAKES = re.compile(r"\S*python[0-9.]*\s+-m\s+venv\s+(?:--system-site-packages\s+)?(?P<folder>/[\w./-]+)\Z")
_TOOLS = frozenset({"pip", "setuptools", "wheel", "uv"})


def environment_made(document: Document, stage: Stage) -> tuple[Instruction, str] | None:
    """The step of this stage that makes a virtual environment which ENV PATH puts first, and its folder.

    A COPY of the whole environment from a stage that makes it counts too.
    """
    for instruction in stage.instructions:
        folder = _folder_made(document, stage, instruction)
        if folder is None:
            continue
        first = re.compile(rf"PATH[= ][\"']?{re.escape(folder)}/bin:\$\{{?PATH")
        if any(i.keyword == "ENV" and first.search(i.argument) for i in stage.instructions):
            return instruction, folder
    return None


def _folder_made(document: Document, stage: Stage, instruction: Instruction) -> str | None:
    if instruction.keyword == "RUN":
        found = _MAKES.match(instruction.argument)
        return found["folder"] if found else None
    words = [word.text for word in instruction.words] if instruction.keyword == "COPY" else []
    if len(words) != 2 or words[0] != words[1] or [flag.name for flag in instruction.flags] != ["from"]:
        return None
    source = find_stage(document, instruction.flag("from") or "", before=stage)
    made = environment_made(document, source) if source is not None else None
    return made[1] if made is not None and made[1] == words[0] else None


def environment_begun(document: Document, stage: Stage) -> Stage | None:
    """The stage that this one copies its virtual environment from, to install more into it; None for none."""
    made = environment_made(document, stage)
    if made is None or made[0].keyword != "COPY":
        return None
    return find_stage(document, made[0].flag("from") or "", before=stage)


def is_pip_install(install: Install) -> bool:
    """A `pip install` of packages; what installs (pip itself, uv) does not count."""
    if install.manager != "pip" or install.verb != "install":
        return False
    names = {
        (word.value or word.text).partition("=")[0].partition(">")[0].partition("<")[0] for word in install.packages
    }
    return bool(install.requirement_files) or not names <= _TOOLS
