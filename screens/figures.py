"""Figures that only the screens need: short durations for narrow columns, counts with their noun."""

from __future__ import annotations


def brief(value: float) -> str:
    """Seconds in at most 6 cells: `31.4s`, `12m05s`."""
    if value < 99.95:
        return f"{value:.1f}s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes}m{rest:02}s"


def count(number: int, noun: str) -> str:
    """`1 file`, `3 files`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
