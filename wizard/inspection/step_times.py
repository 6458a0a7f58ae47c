"""How long the steps of a Dockerfile took in earlier builds here: plain values, by what an instruction says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from wizard.dockerfile.arguments import decode
from wizard.dockerfile.document import Document, Instruction


class StepTime(NamedTuple):
    """What one build measured."""

    seconds: float
    date: str
    """Of the build, `2026-11-23`."""


StepTimes = Mapping[str, StepTime]
"""By `step_key`: an instruction that was edited since has no time."""


def step_key(document: Document, instruction: Instruction) -> str:
    """What an instruction says, without blanks, flags and line ends."""
    bodies = (decode(heredoc.body.of(document.source)) for heredoc in instruction.heredocs)
    return "".join("".join((instruction.keyword, " ", instruction.argument, *bodies)).split())


def time_of(times: StepTimes, document: Document, instruction: Instruction) -> StepTime | None:
    """What an instruction took when it last really ran; None where no build of this machine tells."""
    return times.get(step_key(document, instruction)) if times else None
