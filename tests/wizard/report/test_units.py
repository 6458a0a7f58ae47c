from __future__ import annotations

import pytest

from wizard.report.units import brief, change, count, seconds, size


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0.04, "0.0 s"),
        (6.31, "6.3 s"),
        (71.2, "71 s"),
        (119.4, "119 s"),
        (119.6, "2 min 00 s"),
        (421, "7 min 01 s"),
    ],
)
def test_seconds(value: float | None, text: str) -> None:
    assert seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (812, "812 B"),
        (1_400, "1.4 kB"),
        (48_200, "48 kB"),
        (1_412_000, "1.4 MB"),
        (999_600, "1.0 MB"),
        (238_000_000, "238 MB"),
        (6_480_000_000, "6.48 GB"),
    ],
)
def test_sizes(value: int | None, text: str) -> None:
    assert size(value) == text


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (100, 17, "-83 %"),
        (100, 104, "+4 %"),
        (100, 100, "same"),
        (1000, 1001, "under 1 %"),
        (6_000_000, 670, "-99.9 %"),
        (100, 0, "-100 %"),
        (100, 5000, "50 times"),
        (None, 5, ""),
        (0, 5, ""),
    ],
)
def test_changes(before: float | None, after: float | None, text: str) -> None:
    assert change(before, after) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.04, "0.0s"), (31.44, "31.4s"), (99.94, "99.9s"), (99.96, "1m40s"), (725, "12m05s")]
)
def test_brief_seconds_fit_a_narrow_column(value: float, text: str) -> None:
    assert brief(value) == text


def test_counts_carry_their_noun() -> None:
    assert [count(number, "file") for number in (0, 1, 1234)] == ["0 files", "1 file", "1,234 files"]
