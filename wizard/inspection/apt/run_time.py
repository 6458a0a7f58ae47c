"""Whether something in the image may read apt's package lists when a container runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from wizard.assets import knowledge
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.installs import program, unwrap
from wizard.dockerfile.stages import lineage
from wizard.inspection.steps import APT, Reading, read_steps

_NAME = re.compile(r"[a-z0-9][a-z0-9.+-]*")


@lru_cache(maxsize=1024)
def reader_at_run_time(document: Document, stage: Stage) -> tuple[Instruction, str] | None:
    """The step that installs a package whose programs read the lists, in an image that has this stage, and its name.

    None where there is no such step, or the build itself calls such a program, or takes the package away again.
    Kept: every install of apt asks.
    """
    stages = [one for one in document.stages if stage in lineage(document, one)]
    stages += [one for one in lineage(document, stage) if one not in stages]
    readings = [reading for one in stages for reading in read_steps(document, one) if reading.script is not None]
    for reading in readings:
        for name, entry in _readers(reading):
            if not _serves_the_build(readings, name, entry):
                return reading.instruction, name
    return None


def _readers(reading: Reading) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The packages of the table that a step installs."""
    for install in reading.installs:
        if install.manager not in APT or not install.installs:
            continue
        for word in install.packages:
            found = _NAME.match(word.value or word.text)
            for entry in knowledge("apt_callers")["reads_lists"] if found else ():
                if found and found[0] in entry["packages"]:
                    yield found[0], entry


def _serves_the_build(readings: list[Reading], name: str, entry: Mapping[str, Any]) -> bool:
    for command in (command for reading in readings if reading.script for command in reading.script.commands):
        _, words = unwrap(command)
        called = program(words[0]) if words else ""
        values = [word.value for word in words[1:]]
        removes = called in APT and any(verb in values for verb in ("remove", "purge", "autoremove")) and name in values
        installs = "install" in values
        if removes or (called in entry["used_by"] and not installs):
            return True
    return False
