"""The smallest file that still shows what a larger one showed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

Judge = Callable[[Sequence[bytes]], Sequence[bool]]
"""Whether each of some files shows it; asked about many at once, for that is what an engine answers quickly."""

_GRAINS = (re.compile(rb"[^\n]*\n?"), re.compile(rb"[^\s]+\s?|\s"), re.compile(rb"(?s)."))


def smallest(source: bytes, shows: Judge) -> bytes:
    """Leaves out lines, words, and bytes until nothing more can go; `source` itself has to show it."""
    for _ in range(3):
        before = source
        for grain in _GRAINS:
            source = _without_needless(source, grain, shows)
        if source == before:
            break
    return source


def _without_needless(source: bytes, grain: re.Pattern[bytes], shows: Judge) -> bytes:
    """Leaves out pieces, many neighbours at a time first."""
    size = len(pieces := grain.findall(source)) // 2 or 1
    while True:
        candidates = list(_shorter(pieces, size))
        verdicts = shows(candidates) if candidates else []
        kept = next((candidate for candidate, good in zip(candidates, verdicts, strict=True) if good), None)
        if kept is not None:
            pieces = grain.findall(kept)
            size = min(size, len(pieces) // 2 or 1)
        elif size == 1:
            return b"".join(pieces)
        else:
            size //= 2


def _shorter(pieces: Sequence[bytes], size: int) -> Iterator[bytes]:
    for start in range(0, len(pieces), size):
        rest = b"".join([*pieces[:start], *pieces[start + size :]])
        if rest and len(rest) < sum(map(len, pieces)):
            yield rest
