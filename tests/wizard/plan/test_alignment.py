"""Long lists are matched part by part; what comes out is what difflib's matcher promises."""

from __future__ import annotations

from wizard.plan.alignment import Alignment


def numbered(count: int) -> list[str]:
    return [f"line {number}" for number in range(count)]


def test_every_other_element_changed() -> None:
    old = numbered(1000)
    new = [text if index % 2 else f"{text} changed" for index, text in enumerate(old)]
    blocks = Alignment(old, new).get_matching_blocks()
    assert blocks == [*((index, index, 1) for index in range(1, 1000, 2)), (1000, 1000, 0)]


def test_what_is_repeated_is_matched_between_its_neighbours() -> None:
    old = [text for number in range(300) for text in (f"FROM {number}", "COPY . .")]
    new = [text for number in range(300) for text in (f"FROM {number}", f"RUN {number}", "COPY . .")]
    blocks = Alignment(old, new).get_matching_blocks()
    assert sum(block.size for block in blocks) == len(old)
    assert all(old[a : a + size] == new[b : b + size] for a, b, size in blocks)


def test_parts_that_touch_are_one_block() -> None:
    assert Alignment(numbered(1000), [*numbered(1000), "more"]).get_matching_blocks() == [
        (0, 0, 1000), (1000, 1001, 0),
    ]  # fmt: skip


def test_a_moved_element_leaves_the_rest_in_place() -> None:
    old = numbered(1000)
    new = [*old[1:], old[0]]
    assert Alignment(old, new).get_matching_blocks() == [(1, 0, 999), (1000, 1000, 0)]
