"""What a rule that waits for the network is about and asks for, in a sentence."""

from __future__ import annotations

from wizard.inspection.questions import asked_for
from wizard.rules.base import Asks
from wizard.wording import listed


def waits_for(asks: Asks) -> str:
    """`uv installs torch …: asks for uv.lock made again by `uv lock``."""
    about = f"{asks.because}: " if asks.because else ""
    return f"{about}asks for {listed([asked_for(question) for question in asks.questions])}"
