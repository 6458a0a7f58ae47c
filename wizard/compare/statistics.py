"""Medians of few runs, and when a difference between them is one."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

NOISE_SECONDS = 0.2
"""What the same build differs by on a quiet machine: the command line's own start-up takes 0.1 to 0.25 s."""

SINGLE_RUN_NOISE = 0.1
"""Share by which one run of the same build was seen to differ from the next on a busy machine: what a single run has to
beat, since nobody knows its spread."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The middle and the spread of some measurements in seconds."""

    median: float
    low: float
    high: float
    count: int

    @property
    def spread(self) -> float:
        """Largest minus smallest; 0 for a single run, whose spread nobody knows."""
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class Difference:
    """After against before."""

    before: Summary
    after: Summary

    @property
    def seconds(self) -> float:
        """Negative where after is faster."""
        return self.after.median - self.before.median

    @property
    def percent(self) -> float | None:
        """Of before; negative where after is faster; None where before took no time."""
        return 100 * self.seconds / self.before.median if self.before.median > 0 else None

    @property
    def measured(self) -> bool:
        """Whether the difference is larger than the spread of either side and than the noise of a build."""
        single = min(self.before.count, self.after.count) == 1
        noise = max(NOISE_SECONDS, SINGLE_RUN_NOISE * self.before.median if single else 0.0)
        return abs(self.seconds) > max(self.before.spread, self.after.spread, noise)


def summarise(seconds: Sequence[float]) -> Summary | None:
    """Median, smallest and largest; None for no measurements."""
    if not seconds:
        return None
    return Summary(statistics.median(seconds), min(seconds), max(seconds), len(seconds))


def compare(before: Sequence[float], after: Sequence[float]) -> Difference | None:
    """The difference between two sets of runs; None where one of them is empty."""
    first, second = summarise(before), summarise(after)
    return Difference(first, second) if first is not None and second is not None else None
