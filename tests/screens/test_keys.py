"""The keys: few, the same everywhere, each with a name and a word of help, and the key bar within 80 cells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.binding import Binding

from screens.base import PageScreen, shown_bindings
from screens.session import Page
from screens.widgets.keybar import budget, key_label
from tests.screens.driving import ended, frame, make_app, press, recorded, running

pytestmark = pytest.mark.usefixtures("no_engine")


async def test_on_every_page_keys_are_explained_no_other_control_key_is_bound_and_the_bar_fits(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        for _ in range(5):
            bound = app.screen.active_bindings
            for entry in bound.values():
                assert isinstance(entry.binding, Binding)
                assert entry.binding.id, entry.binding
                assert entry.binding.tooltip, entry.binding
            assert {key for key in bound if key.startswith("ctrl+")} == {"ctrl+c", "ctrl+p"}
            assert isinstance(app.screen, PageScreen)
            wanted = [(key_label(binding), binding.description) for binding in shown_bindings(app.screen)]
            assert [key for key, _ in budget(wanted, 80)] == [*(key for key, _ in wanted), "?"]
            await press(pilot, "enter")


def test_what_does_not_fit_into_the_key_bar_goes_from_the_end_and_help_stays() -> None:
    keys = [("enter", "Propose"), ("tab", "Pane"), ("e", "Edit")]
    assert budget(keys, 80) == [*keys, ("?", "Help")]
    assert budget(keys, 30) == [("enter", "Propose"), ("?", "Help")]
    assert budget(keys, 5) == [("?", "Help")]


async def test_enter_goes_on_and_escape_goes_back(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        seen = []
        for key in ("enter", "enter", "enter", "escape", "escape", "escape", "escape"):
            await press(pilot, key)
            assert isinstance(app.screen, PageScreen)
            seen.append(app.screen.PAGE)
        assert seen == [Page.INSPECT, Page.PROPOSE, Page.DIFF, Page.PROPOSE, Page.INSPECT, None, None]


async def test_numbers_jump_to_pages_that_were_reached_and_to_no_others(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "1")
        assert app.screen.PAGE is Page.INSPECT  # type: ignore[attr-defined]
        await press(pilot, "3")
        assert app.screen.PAGE is Page.INSPECT  # type: ignore[attr-defined]
        await press(pilot, "2")
        assert app.screen.PAGE is Page.PROPOSE  # type: ignore[attr-defined]


async def test_space_switches_a_proposal_and_the_diff_follows(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter")
        assert "> [x] Copy the manifests" in frame(app)
        await press(pilot, "space")
        assert "> [ ] Copy the manifests" in frame(app)
        assert "2 proposals, 0 on" in frame(app)
        assert app.session.plan is not None
        assert not app.session.plan.changes
        await press(pilot, "j", "space", "enter")
        assert ".dockerignore (new) +2" in frame(app)


async def test_all_safe_and_all_off(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "x")
        assert "2 proposals, 0 on" in frame(app)
        await press(pilot, "a")
        assert "2 proposals, 1 on" in frame(app)


async def test_the_cursor_reaches_refusals_and_shows_their_reason(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "G")
        assert "two-stages: not proposed" in frame(app)
        assert "requirements.txt:1  flask==3.0.0" in frame(app)


async def test_a_click_on_the_box_switches_a_proposal(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter")
        await pilot.click("#proposals", offset=(3, 0))
        await press(pilot)
        assert "> [ ] Copy the manifests" in frame(app)


async def test_find_goes_to_the_first_place_and_n_to_the_next(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "slash", *["p", "y", "t", "h", "o", "n"], "enter")
        assert ">    2   FROM python" in frame(app)
        await press(pilot, "n")
        assert ">    7   CMD" in frame(app)
        await press(pilot, "N")
        assert ">    2   FROM python" in frame(app)


async def test_what_is_not_found_is_said(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "slash", "z", "z", "enter")
        assert "not found: zz" in frame(app)


async def test_escape_leaves_the_search_and_not_the_page(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "slash", "z", "escape")
        assert app.screen.PAGE is Page.INSPECT  # type: ignore[attr-defined]


async def test_n_goes_from_finding_to_finding_in_the_dockerfile(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "n")
        assert ">    4 ! COPY . ." in frame(app)


async def test_help_lists_the_keys_of_the_page(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "question_mark")
        assert "Switch this proposal on or off" in frame(app)
        await press(pilot, "escape")
        assert app.screen.PAGE is Page.PROPOSE  # type: ignore[attr-defined]


async def test_the_palette_finds_a_command_by_its_name_and_runs_it(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "ctrl+p", *"every", "enter")
        assert app.screen.PAGE is Page.PROPOSE  # type: ignore[attr-defined]
        assert "2 proposals, 0 on" in frame(app)


async def test_y_copies_the_diff_and_says_where_it_went(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "enter", "y")
        assert "--- a/Dockerfile" in app.clipboard
        assert "copied" in frame(app)


async def test_q_leaves_at_once_and_interrupt_leaves_with_130(shop: Path) -> None:
    for key, code in (("q", 0), ("ctrl+c", 130)):
        app = make_app(shop)
        async with running(app) as pilot:
            await pilot.press(key)
        assert app.return_value == code


async def test_the_key_bar_of_a_failed_build_fits_too(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "enter", "enter")
        app.flow.problems.clear()
        app.session = replace(app.session, build=ended(recorded("failed")))
        app.update_screen()
        await press(pilot)
        assert isinstance(app.screen, PageScreen)
        wanted = [(key_label(binding), binding.description) for binding in shown_bindings(app.screen)]
        assert [key for key, _ in budget(wanted, 80)] == [*(key for key, _ in wanted), "?"]
