"""Requirements files that hold what a project needs for development, and installs of pip without them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from wizard.assets import knowledge
from wizard.dockerfile.document import Document, Span
from wizard.dockerfile.editing import Edit, delete, remove_spans
from wizard.dockerfile.installs import Install, Option
from wizard.dockerfile.run_editing import remove_command
from wizard.errors import DockwizError
from wizard.inspection.ecosystems.python import locate
from wizard.inspection.ecosystems.requirements import RequirementsFile, read_requirements
from wizard.inspection.installs.pip import is_pip
from wizard.inspection.steps import Reading
from wizard.workspace import Workspace

_REQUIREMENTS = ("-r", "--requirement", "--requirements")


class DevelopmentFile(NamedTuple):
    """A requirements file of an install that is called after development."""

    option: Option
    file: RequirementsFile
    names: tuple[str, ...]
    """The packages that it names itself, normalised."""
    includes: tuple[str, ...]
    """What it includes, as the command line would name it."""


def development_files(workspace: Workspace, install: Install) -> Iterator[DevelopmentFile]:
    """Those of one pip install whose names say so."""
    for option in install.options if is_pip(install) else ():
        if option.name not in _REQUIREMENTS or option.value is None or not is_called_so(option.value):
            continue
        path = locate(workspace, option.value)
        if path is None:
            continue
        try:
            file = read_requirements(workspace, path)
        except DockwizError:
            continue
        names = tuple(one.name or one.text for one in file.requirements)
        folder = posixpath.dirname(option.value)
        yield DevelopmentFile(option, file, names, tuple(posixpath.join(folder, one.value) for one in file.includes))


def is_called_so(name: str) -> bool:
    """`requirements-dev.txt`, `dev-requirements.txt`, `requirements/test.txt` and their like."""
    folder, file = posixpath.split(name.lower())
    words = set(re.split(r"[\W_]+", file))
    listed = "requirements" in words or posixpath.basename(folder) == "requirements"
    return listed and bool(words & set(knowledge("development_packages")["names"]["groups"]))


def without(document: Document, reading: Reading, install: Install, found: DevelopmentFile) -> list[Edit]:
    """The step without the file, with what it includes in its place. Raises EditConflict where the step has to stay."""
    others = [one.value for one in install.options if one.name in _REQUIREMENTS and one is not found.option]
    added = [name for name in found.includes if name not in others]
    words = found.option.words
    if added:
        last = words[-1]
        at = last.span.start + last.text.rfind(found.option.value or "")
        text = " -r ".join(added)
        return [Edit(Span(at, at + len(found.option.value or "")), text)]
    if others or install.packages:
        return list(remove_spans(document, reading.instruction, (word.span for word in words)))
    assert reading.script is not None
    if len(reading.script.top) == 1:
        return [delete(document, reading.instruction)]
    return [remove_command(document, reading.script, install.command)]
