"""Where a Dockerfile installs what its image has of the system."""

from __future__ import annotations

from wizard.dockerfile.document import Document, Stage
from wizard.dockerfile.installs import installs
from wizard.dockerfile.managers import OF_THE_SYSTEM
from wizard.dockerfile.shell import parse_run
from wizard.dockerfile.stages import lineage


def installs_line(document: Document, shipped: Stage) -> int | None:
    """The line of the last step that installs packages of the system into the shipped stage, or the stages that it is
    built upon; None where none does."""
    lines = [
        instruction.start_line
        for stage in lineage(document, shipped)
        for instruction in stage.instructions
        if instruction.keyword == "RUN"
        for one in installs(parse_run(document, instruction))
        if one.manager in OF_THE_SYSTEM and one.installs
    ]
    return max(lines, default=None)
