"""uv, as this machine has it: for every question that its resolver answers."""

from __future__ import annotations

import re
import shutil

from wizard.inspection.masking import shown

ABSENT = "uv, which resolves them, is not installed (`pip install 'dockwiz[lock]'` brings it)"
PATIENCE = 300.0
"""Seconds for one resolution."""
_NO_WHEEL = re.compile(r"Wheels are required for `([^`]+)`")
_NO_SOLUTION = re.compile(r".*?No solution found when resolving dependencies:?\s*", re.DOTALL)
_DRAWN = re.compile(r"^[\s×╰├─▶│]*(?:error:|cause:)?\s*|\s+", re.MULTILINE)


def uv_program() -> str | None:
    """Path of the program: that of the extra `dockwiz[lock]`, else the person's; None where there is none."""
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        return shutil.which("uv")


def what_uv_said(said: str) -> str:
    """What uv wrote to its standard error, as one clause for people."""
    no_wheel = _NO_WHEEL.search(said)
    if no_wheel is not None:
        return f"{no_wheel[1]} has no wheel that fits, and resolving it from source would run its code on this machine"
    text = _DRAWN.sub(" ", _NO_SOLUTION.sub("", said.partition("hint:")[0])).strip().rstrip(".")
    words = shown(text)
    return f"{words}{'' if words == text else ' …'}" if text else "uv said nothing"
