"""Virtual environments of Python that a stage makes for its installs."""

from __future__ import annotations

import re

from wizard.dockerfile.document import Instruction, Stage
from wizard.dockerfile.installs import Install

_MAKES = re.compile(r"\S*python[0-9.]*\s+-m\s+venv\s+(?:--system-site-packages\s+)?(?P<folder>/[\w./-]+)\Z")
_TOOLS = frozenset({"pip", "setuptools", "wheel", "uv"})


def environment_made(stage: Stage) -> tuple[Instruction, str] | None:
    """The step of this stage that makes a virtual environment which ENV PATH puts first, and its folder."""
    for instruction in stage.instructions:
        found = _MAKES.match(instruction.argument) if instruction.keyword == "RUN" else None
        if found is None:
            continue
        first = re.compile(rf"PATH[= ][\"']?{re.escape(found['folder'])}/bin:\$\{{?PATH")
        if any(i.keyword == "ENV" and first.search(i.argument) for i in stage.instructions):
            return instruction, found["folder"]
    return None


def is_pip_install(install: Install) -> bool:
    """A `pip install` of packages; what installs (pip itself, uv) does not count."""
    if install.manager != "pip" or install.verb != "install":
        return False
    names = {
        (word.value or word.text).partition("=")[0].partition(">")[0].partition("<")[0] for word in install.packages
    }
    return bool(install.requirement_files) or not names <= _TOOLS
