"""The marks that show a state, in ASCII and in Unicode. A word always stands beside them."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of marks, each one cell wide."""

    done: str
    cached: str
    running: str
    waiting: str
    failed: str
    cancelled: str
    warning: str
    cursor: str
    rule: str
    bar: str
    bar_cached: str
    bar_live: str
    bar_rest: str
    critical: str
    divider: str
    ascii_only: bool

    def of_state(self, state: str) -> str:
        """The mark of a step's or stage's state, as the trace names states."""
        return {
            "done": self.done,
            "cached": self.cached,
            "running": self.running,
            "failed": self.failed,
            "cancelled": self.cancelled,
        }.get(state, self.waiting)


ASCII = Glyphs("+", "=", ">", ".", "x", "-", "!", ">", "-", "#", "=", ">", ".", "*", "|", ascii_only=True)
UNICODE = Glyphs("✓", "=", "▸", "·", "✗", "-", "!", "›", "─", "█", "=", "▸", "·", "*", "│", ascii_only=False)


def choose(ascii_only: bool) -> Glyphs:
    """The Unicode set where the terminal's encoding is UTF-8 and ASCII is not asked for.

    Python reports UTF-8 for the locale C too (PEP 540); such a terminal is taken at its word: ASCII.
    """
    encoding = (getattr(sys.__stdout__, "encoding", None) or "").lower().replace("-", "")
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG") or "C"
    return ASCII if ascii_only or encoding != "utf8" or locale in ("C", "POSIX") else UNICODE
