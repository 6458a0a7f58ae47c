"""How large images will be, before they are built."""

from __future__ import annotations

import pytest

from tests.wizard.compare.conftest import Image
from wizard.build.api import EngineApi
from wizard.compare.sizes import (
    ASSUMED_BYTES,
    INSTALLED_BYTES,
    ExpectedSize,
    Parts,
    expected_sizes,
    image_bytes,
    parts_of,
)
from wizard.compare.values import Label
from wizard.dockerfile.scanner import parse
from wizard.inspection.values import Engine

GB = 1_000_000_000
NOTHING = Parts(base=None, context=5, installs=True)
KNOWN_BASE = Parts(base=GB // 10, context=5, installs=False)


def test_what_was_measured_is_taken_as_it_is() -> None:
    found = expected_sizes({"before": NOTHING, "after": NOTHING}, {"before": 3 * GB, "after": GB}, saved=GB)
    assert found == {"before": ExpectedSize(3 * GB, "measured"), "after": ExpectedSize(GB, "measured")}


@pytest.mark.parametrize(
    ("measured", "saved", "expected"),
    [({"after": GB}, 2 * GB, 3 * GB), ({"before": 3 * GB}, 2 * GB, GB), ({"before": GB}, 2 * GB, GB // 10)],
)
def test_from_one_side_follows_the_other_with_what_the_proposals_save(
    measured: dict[Label, int], saved: int, expected: int
) -> None:
    (other,) = {"before", "after"} - measured.keys()
    found = expected_sizes({"before": KNOWN_BASE, "after": KNOWN_BASE}, measured, saved)
    assert found[other] == ExpectedSize(expected, "estimated")  # type: ignore[index]


def test_without_any_measurement_the_parts_are_added_up() -> None:
    found = expected_sizes({"before": KNOWN_BASE, "after": KNOWN_BASE}, {}, saved=2 * GB)
    assert found["after"] == ExpectedSize(GB // 10 + 5, "estimated")
    assert found["before"] == ExpectedSize(GB // 10 + 5 + 2 * GB, "estimated")
    installing = Parts(base=GB // 10, context=5, installs=True)
    assert expected_sizes({"after": installing}, {}, 0)["after"].bytes == GB // 10 + 5 + INSTALLED_BYTES


def test_without_the_base_image_it_is_an_assumption() -> None:
    assert expected_sizes({"after": NOTHING}, {}, 0) == {"after": ExpectedSize(ASSUMED_BYTES, "assumed")}


@pytest.mark.engine
def test_the_base_of_the_first_stage_counts(api: EngineApi, reach: Engine, image: Image) -> None:
    name = image("FROM scratch\nCOPY server.py /\n")
    text = f"FROM {name} AS one\nFROM debian:bookworm-slim AS other\nRUN true\nFROM one AS two\nFROM two\nCOPY . .\n"
    document = parse(text.encode())
    base = image_bytes(api, reach.store, name)
    assert base is not None
    assert parts_of(api, reach.store, document, document.stages[-1], 7) == Parts(base, 7, installs=False)
    assert parts_of(api, reach.store, document, document.stages[1], 7).installs
    assert image_bytes(api, reach.store, "dockwiz-test:no-such-image") is None
