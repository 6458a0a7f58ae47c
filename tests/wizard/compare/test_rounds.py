from __future__ import annotations

from wizard.compare.rounds import Task, schedule


def shown(tasks: tuple[Task, ...]) -> list[str]:
    return [f"{task.round} {task.purpose} {task.side}" for task in tasks]


def test_the_sides_take_turns_and_the_other_one_begins_in_every_second_round() -> None:
    assert shown(schedule(["before", "after"], ["cold", "unchanged"], 2)) == [
        "1 cold before",
        "1 cold after",
        "1 unchanged before",
        "1 unchanged after",
        "2 cold after",
        "2 cold before",
        "2 unchanged after",
        "2 unchanged before",
    ]


def test_the_order_of_scenarios_is_ours_whatever_was_asked() -> None:
    tasks = schedule(["after"], ["source", "cold"], 1)
    assert shown(tasks) == ["1 cold after", "1 source after"]


def test_without_a_cold_build_the_cache_is_filled_first() -> None:
    assert shown(schedule(["after"], ["source"], 1)) == ["1 prepare after", "1 source after"]


def test_without_a_scenario_each_side_is_built_once() -> None:
    assert shown(schedule(["before", "after"], [], 3)) == ["1 prepare before", "1 prepare after"]


def test_nothing_to_build_gives_no_tasks() -> None:
    assert schedule([], ["cold"], 3) == ()
