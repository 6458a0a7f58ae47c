"""Every page at three sizes, as text that can be read in review (tests/screens/golden)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.screens.driving import check_golden, frame, make_app, press, running

SIZES = {"60x20": (60, 20), "80x24": (80, 24), "120x40": (120, 40)}
PAGES = {"welcome": 0, "inspect": 1, "propose": 2, "diff": 3, "build-no-engine": 4}

pytestmark = pytest.mark.usefixtures("no_engine")


@pytest.mark.parametrize("size", SIZES)
async def test_every_page_reads_well_fills_its_screen_and_shows_no_secret(size: str, shop: Path) -> None:
    width, height = SIZES[size]
    app = make_app(shop)
    async with running(app, (width, height)) as pilot:
        for name, number in PAGES.items():
            await press(pilot, *["enter"] * (1 if number else 0))
            shown = frame(app)
            check_golden(f"{name}-{size}", shown)
            rows = shown.rstrip("\n").split("\n")
            assert max(map(len, rows)) <= width
            assert len(rows) == height
            assert "s3cr3t-value" not in shown


async def test_the_pages_in_unicode(shop: Path) -> None:
    app = make_app(shop, ascii_only=False)
    app.glyphs = __import__("screens.glyphs", fromlist=["UNICODE"]).UNICODE
    async with running(app) as pilot:
        await press(pilot, "enter", "enter")
        check_golden("propose-80x24-unicode", frame(app))


async def test_ascii_mode_shows_nothing_but_ascii(shop: Path) -> None:
    (shop / "Dockerfile").write_text("FROM python:3.11-slim\nLABEL name='Grüße ☃'\nCOPY . .\n")
    app = make_app(shop)
    async with running(app) as pilot:
        for _ in range(4):
            assert frame(app).isascii()
            await press(pilot, "enter")


async def test_a_resize_keeps_the_page_and_refills_it(shop: Path) -> None:
    app = make_app(shop)
    async with running(app, (120, 40)) as pilot:
        await press(pilot, "enter", "enter")
        wide = frame(app)
        await pilot.resize_terminal(60, 20)
        await press(pilot, "j")
        narrow = frame(app)
        await pilot.resize_terminal(120, 40)
        await press(pilot, "k")
        assert narrow != wide
        assert frame(app) == wide
