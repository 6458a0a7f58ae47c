from __future__ import annotations

import pytest

from wizard.compare.forecast import DiskTooSmall, check_disk, forecast
from wizard.compare.sizes import ExpectedSize
from wizard.inspection.values import Engine

GB = 1_000_000_000
ONE = (ExpectedSize(GB, "measured"),)
BOTH = (ExpectedSize(2 * GB, "measured"), ExpectedSize(GB, "measured"))


def engine(store: str = "overlay2", free: int | None = 100 * GB) -> Engine:
    return Engine("28.5.2", "1.51", "unix:///x", store, "default", "docker", "0.29.1", "x86_64", free)


def test_every_side_is_built_in_every_scenario_and_round() -> None:
    assert forecast(BOTH, ("cold", "unchanged", "source"), 3, 0, engine(), None).builds == 18
    assert forecast(ONE, ("cold",), 1, 0, engine(), None).builds == 1


def test_without_cold_builds_the_cache_still_has_to_be_filled() -> None:
    assert forecast(BOTH, ("source",), 1, 0, engine(), None).builds == 4


def test_time_is_only_told_where_it_was_measured() -> None:
    assert forecast(BOTH, ("cold",), 1, 0, engine(), None).seconds is None
    assert forecast(BOTH, ("cold",), 1, 0, engine(), 100.0).seconds == 200.0


def test_every_cold_build_needs_disk_of_its_own() -> None:
    assert forecast(BOTH, ("cold", "source"), 2, 5, engine(), 1.0).disk_needed == 6 * GB + 5
    assert forecast(BOTH, ("cold",), 1, 0, engine("containerd"), 1.0).disk_needed == 4.5 * GB


def test_a_disk_that_will_not_do_stops_it() -> None:
    with pytest.raises(DiskTooSmall, match=r"3\.0 GB needed, 2\.0 GB free"):
        check_disk(forecast(BOTH, ("cold",), 1, 0, engine(free=2 * GB), 1.0))


def test_a_disk_that_nobody_can_look_at_does_not() -> None:
    expected = forecast(BOTH, ("cold",), 1, 0, engine(free=None), 1.0)
    check_disk(expected)
    assert "free" not in expected.in_words()


def test_the_words_say_how_sure_the_sizes_are() -> None:
    assert forecast(BOTH, ("cold",), 1, 0, engine(), None).in_words() == (
        "2 builds, for a time that nobody has measured yet, up to 3.0 GB of disk of 100 GB free "
        "(images of 2.0 and 1.0 GB: as measured before)"
    )
    assumed = ExpectedSize(2 * GB, "assumed")
    assert forecast((*ONE, assumed), ("cold",), 1, 0, engine(), None).basis == (
        "images of 1.0 and 2.0 GB: assumed, nothing is known of them yet"
    )
    assert forecast((assumed, assumed), ("cold",), 1, 0, engine(), None).basis.startswith("images of 2.0 GB: assumed")
