"""The setting of Debian's and Ubuntu's images that empties apt's cache after every install, and how a step ends it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from wizard.dockerfile.document import Document, Stage
from wizard.dockerfile.editing import Edit
from wizard.dockerfile.run_editing import insert_command
from wizard.dockerfile.script import Script
from wizard.dockerfile.stages import lineage
from wizard.inspection.steps import APT, Reading

_FILE = "/etc/apt/apt.conf.d/docker-clean"


def keep_downloads(document: Document, stage: Stage, reading: Reading, script: Script) -> Edit | None:
    """What lets apt keep its downloads from this step on; None where one before it of the same image did it already.

    The step calls apt. Raises EditConflict where no command can be put in front.
    """
    clearing = _clearing(document)
    index = reading.instruction.index
    if clearing and any(clearing.get(below.index, index) < index for below in lineage(document, stage)):
        return None
    first = next(install for install in reading.installs if install.manager in APT)
    text = f"{'sudo ' if 'sudo' in first.wrappers else ''}rm -f {_FILE}"
    if first.command in script.top and first.command.joined_by in ("", "&&"):
        return insert_command(document, script, first.command, text)
    return insert_command(document, script, script.top[0], text)


@lru_cache(maxsize=16)
def _clearing(document: Document) -> Mapping[int, int]:
    """The first RUN that names docker-clean in each stage that has one, by the stage's number."""
    found: dict[int, int] = {}
    for stage in document.stages:
        for other in stage.instructions:
            if other.keyword == "RUN" and _FILE in other.argument:
                found.setdefault(stage.index, other.index)
    return found
