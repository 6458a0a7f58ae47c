"""Figures for people: always a unit, never more digits than were measured. MB = 1,000,000 bytes."""

from __future__ import annotations


def seconds(value: float | None) -> str:
    """`0.6 s`, `48 s`, `3 min 05 s`."""
    if value is None:
        return "-"
    if value < 10:
        return f"{value:.1f} s"
    if value < 119.5:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest:02d} s"


def size(value: int | None) -> str:
    """`812 B`, `48 kB`, `1.4 MB`, `238 MB`, `6.48 GB`."""
    if value is None:
        return "-"
    if value < 1000:
        return f"{value} B"
    for unit, factor in (("kB", 1e3), ("MB", 1e6)):
        scaled = value / factor
        if scaled < 999.5:
            return f"{scaled:.1f} {unit}" if scaled < 9.95 else f"{scaled:.0f} {unit}"
    return f"{value / 1e9:.2f} GB"


def change(before: float | None, after: float | None) -> str:
    """`-83 %`, `+4 %`, `same`; empty where there is nothing to compare with."""
    if before is None or after is None or before <= 0:
        return ""
    percent = 100 * (after - before) / before
    if before == after:
        return "same"
    if abs(percent) < 0.5:
        return "under 1 %"
    if percent < -99.5 and after > 0:
        return f"{max(percent, -99.9):.1f} %"
    return f"{percent:+.0f} %" if percent < 1000 else f"{after / before:.0f} times"


def brief(value: float) -> str:
    """Seconds in at most 6 cells, for narrow columns: `31.4s`, `12m05s`."""
    if value < 99.95:
        return f"{value:.1f}s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes}m{rest:02}s"


def count(number: int, noun: str) -> str:
    """`1 file`, `3 files`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
