"""Numbers as people read them."""

from __future__ import annotations


def size(count: int) -> str:
    """Bytes with a decimal unit: `12.4 MB`."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 999.5:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.2f} GB"


def duration(seconds: float) -> str:
    """Seconds as `0.4 s`, `71 s` or `12 min 05 s`."""
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def change(before: float, after: float) -> str:
    """The change in per cent: `-83 %`."""
    if before == 0:
        return "same" if after == 0 else "new"
    percent = round((after - before) / before * 100)
    return "same" if percent == 0 else f"{percent:+d} %"
