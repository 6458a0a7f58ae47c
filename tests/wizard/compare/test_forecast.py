from __future__ import annotations

import pytest

from wizard.compare.forecast import DiskTooSmall, Known, check_disk, forecast
from wizard.inspection.values import Engine

GB = 1_000_000_000


def engine(store: str = "overlay2", free: int | None = 100 * GB) -> Engine:
    return Engine("28.5.2", "1.51", "unix:///x", store, "default", "docker", "0.29.1", "x86_64", free)


def test_every_side_is_built_in_every_scenario_and_round() -> None:
    assert forecast(2, ("cold", "unchanged", "source"), 3, 0, engine(), Known()).builds == 18
    assert forecast(1, ("cold",), 1, 0, engine(), Known()).builds == 1


def test_without_cold_builds_the_cache_still_has_to_be_filled() -> None:
    assert forecast(2, ("source",), 1, 0, engine(), Known()).builds == 4


def test_time_is_only_told_where_it_was_measured() -> None:
    assert forecast(2, ("cold",), 1, 0, engine(), Known()).seconds is None
    assert forecast(2, ("cold",), 1, 0, engine(), Known(100.0, GB)).seconds == 200.0


def test_every_cold_build_needs_disk_of_its_own() -> None:
    assert forecast(2, ("cold", "source"), 2, 5, engine(), Known(1.0, GB)).disk_needed == 4 * GB + 5
    assert forecast(2, ("cold",), 1, 0, engine("containerd"), Known(1.0, GB)).disk_needed == 3 * GB


def test_a_disk_that_will_not_do_stops_it() -> None:
    with pytest.raises(DiskTooSmall, match=r"20\.0 GB needed, 15\.0 GB free"):
        check_disk(forecast(2, ("cold",), 1, 0, engine(free=15 * GB), Known(1.0, 10 * GB)))


def test_a_disk_that_nobody_can_look_at_does_not() -> None:
    expected = forecast(2, ("cold",), 1, 0, engine(free=None), Known(1.0, 10 * GB))
    check_disk(expected)
    assert "free" not in expected.in_words()


def test_the_words_say_what_is_assumed() -> None:
    words = forecast(2, ("cold",), 1, 0, engine(), Known()).in_words()
    assert words == (
        "2 builds, for a time that nobody has measured yet, up to 4.0 GB of disk of 100 GB free "
        "(an image of 2 GB is assumed)"
    )
