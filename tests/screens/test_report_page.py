"""The Report page: measured figures side by side, and everything else named as not measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from screens.farewell import farewell
from screens.session import Page
from tests.screens.driving import check_golden, ended, frame, make_app, press, recorded, running
from tests.wizard.compare.examples import comparison

pytestmark = pytest.mark.usefixtures("no_engine")
SIZES = {"60x20": (60, 20), "80x24": (80, 24), "120x40": (120, 40)}


@pytest.mark.parametrize("size", SIZES)
async def test_a_comparison_reads_well(size: str, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop)
    app = make_app(shop)
    async with running(app, SIZES[size]) as pilot:
        app.session = replace(app.session, comparison=comparison(), build=ended(recorded("parallel")))
        app.flow.tag = "shop:dockwiz"
        app.open_page(Page.REPORT)
        await press(pilot)
        check_golden(f"report-{size}", frame(app))


async def test_the_report_is_copied_as_markdown(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        app.session = replace(app.session, comparison=comparison())
        app.open_page(Page.REPORT)
        await press(pilot, "m")
        assert "| Cold build" in app.clipboard


async def test_without_an_engine_measuring_says_what_is_missing(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        app.session = replace(app.session, build=ended(recorded("parallel")))
        app.open_page(Page.REPORT)
        await press(pilot, "enter")
        assert "Nothing can be measured without a Docker engine" in frame(app)


async def test_the_commands_to_run_name_the_folder_where_one_stands_elsewhere(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop.parent)
    app = make_app(shop)
    async with running(app, (80, 40)) as pilot:
        await press(pilot, "enter", "enter", "enter", "w")
        app.session = replace(app.session, comparison=comparison())
        app.open_page(Page.REPORT)
        await press(pilot)
        assert "Undo       dockwiz undo shop --yes" in frame(app)
        assert "Again      dockwiz report shop" in frame(app)


async def test_the_report_is_printed_after_leaving(shop: Path) -> None:
    app = make_app(shop)
    async with running(app):
        app.session = replace(app.session, comparison=comparison())
    printed = farewell(app.session, {})
    assert "Cold build" in printed
    assert printed.isascii()
