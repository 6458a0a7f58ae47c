"""What a stage does that others stand on: only installs of Debian packages, or more."""

from __future__ import annotations

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.repeating import REPEATED
from wizard.inspection.steps import APT, Reading, read_steps

_INHERITED_ONLY = frozenset({"LABEL", "EXPOSE", "CMD", "ENTRYPOINT", "HEALTHCHECK", "STOPSIGNAL", "MAINTAINER"})
_HARMLESS = ("apt-get", "apt", "rm", "true", "set", "echo")


def more_than_packages(document: Document, stage: Stage) -> Instruction | None:
    """The first instruction that does something else than install Debian packages or make settings; None for none."""
    for reading in read_steps(document, stage)[1:]:
        if reading.instruction.keyword in REPEATED | _INHERITED_ONLY:
            continue
        if reading.role not in ("install", "neutral") or not reading.managers <= APT or _does_more(reading):
            return reading.instruction
    return None


def _does_more(reading: Reading) -> bool:
    """Whether a step changes something besides the installed packages: adds users, sets locales, makes folders."""
    script = reading.script
    return script is None or any(
        command.kind != "command" or command.redirects or (command.name or "").rsplit("/", 1)[-1] not in _HARMLESS
        for command in script.commands
    )
