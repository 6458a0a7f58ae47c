from __future__ import annotations

import pytest

from wizard.compare.statistics import Summary, compare, summarise


def test_the_median_ignores_one_slow_run() -> None:
    assert summarise([3.0, 2.0, 60.0]) == Summary(3.0, 2.0, 60.0, 3)


def test_no_runs_have_no_summary() -> None:
    assert summarise([]) is None
    assert compare([], [1.0]) is None


@pytest.mark.parametrize(
    ("before", "after", "measured"),
    [
        ([100.0], [60.0], True),
        ([100.0, 104.0, 98.0], [60.0, 61.0, 63.0], True),
        ([100.0, 130.0, 98.0], [90.0, 91.0, 92.0], False),  # one side's own spread is larger
        ([0.5], [0.6], False),  # smaller than the noise of any build
        ([5.0], [5.0], False),
        ([100.0], [95.0], False),  # nobody knows the spread of a single run
        ([100.0, 100.5], [95.0, 95.5], True),
    ],
)
def test_a_difference_counts_only_beyond_spread_and_noise(
    before: list[float], after: list[float], measured: bool
) -> None:
    difference = compare(before, after)
    assert difference is not None
    assert difference.measured is measured


def test_less_time_is_a_negative_percentage() -> None:
    difference = compare([100.0], [40.0])
    assert difference is not None
    assert difference.percent == -60.0
