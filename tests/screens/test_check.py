"""The engine's own check in the wizard: asked before anything is written, as `dockwiz apply` asks it."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from screens.session import Page
from tests.conftest import Engine
from tests.screens.driving import DOCKERFILE, RULES, frame, make_app, press, running
from wizard.dockerfile.editing import insert_after, splice
from wizard.rules.base import Proposal, Rule, View


def _old_form(view: View) -> Proposal | None:
    """What BuildKit's check warns of."""
    if b"ENV legacy" in view.document.source:
        return None
    result = splice(view.document, [insert_after(view.document, view.document.instructions[-1], "ENV legacy form")])
    return Proposal(
        "old-form", "Old form", "speed", "safe", "", (), {view.dockerfile: result.source}, planned=result.planned
    )


OLD_FORM = cast(Rule, SimpleNamespace(ID="old-form", TITLE="Old form", CATEGORY="speed", __doc__="", propose=_old_form))


@pytest.fixture
def reach(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DOCKER_HOST", "DOCKER_CONFIG", "PATH"):
        if name in engine.env:
            monkeypatch.setenv(name, engine.env[name])


@pytest.mark.usefixtures("no_engine")
async def test_without_an_engine_the_diff_says_that_nothing_was_checked(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "enter")
        assert "Not checked by an engine: none answers." in frame(app)


@pytest.mark.engine
@pytest.mark.usefixtures("reach")
async def test_the_diff_says_that_the_engine_found_nothing_new(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "enter")
        assert "Checked by engine " in frame(app)
        assert ": no new findings." in frame(app)
        await press(pilot, "w")
        assert "written; u undoes it" in frame(app)
        assert ": no new findings." in frame(app)


@pytest.mark.engine
@pytest.mark.usefixtures("reach")
async def test_a_proposal_that_the_engine_objects_to_is_left_out_alone_and_said(shop: Path) -> None:
    app = make_app(shop, rules=(*RULES, OLD_FORM))
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "enter")
        shown = frame(app)
        assert "Left out old-form: the engine's own check objects:" in shown
        assert "LegacyKeyValueFormat" in " ".join(shown.split())
        assert "+ENV legacy" not in shown.replace(" ", "")
        assert "1 proposal" in shown
        await press(pilot, "w")
        assert b"legacy" not in (shop / "Dockerfile").read_bytes()
        assert b"COPY requirements.txt ." in (shop / "Dockerfile").read_bytes()


@pytest.mark.engine
@pytest.mark.usefixtures("reach")
async def test_who_said_write_before_the_check_was_done_is_shown_what_was_left_out_first(shop: Path) -> None:
    app = make_app(shop, rules=(*RULES, OLD_FORM))
    async with running(app) as pilot:
        await press(pilot, "enter", "enter")
        # As fast as keys can be: nothing is awaited in between.
        app.open_page(Page.DIFF)
        app.open_page(Page.BUILD)
        app.flow.apply(then_build=True)
        await press(pilot)
        assert app.page_in_sight is Page.DIFF
        assert "Left out old-form:" in frame(app)
        assert (shop / "Dockerfile").read_text() == DOCKERFILE
        assert app.session.build is None
        await press(pilot, "w")
        assert (shop / "Dockerfile").read_text() != DOCKERFILE


@pytest.mark.usefixtures("no_engine")
async def test_writing_waits_for_the_check_and_goes_on_when_it_is_done(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "enter")
        done = app.session.check
        assert done is not None
        app.session = replace(app.session, check=None)
        release = threading.Event()
        plan = app.session.plan
        app.flow.jobs.start("check", lambda: (release.wait(), (plan, done))[1])
        app.flow.apply(then_build=False)
        app.update_screen()
        await pilot.pause()
        assert "Asking the engine for its own check .." in frame(app)
        assert (shop / "Dockerfile").read_text() == DOCKERFILE
        release.set()
        await press(pilot)
        assert (shop / "Dockerfile").read_text() != DOCKERFILE


@pytest.mark.usefixtures("no_engine")
async def test_another_selection_is_checked_anew(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "enter")
        first = app.session.check
        await press(pilot, "escape", "j", "space")
        assert app.session.check is None
        await press(pilot, "enter")
        assert app.session.check is not None
        assert app.session.check is not first
