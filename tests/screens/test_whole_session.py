"""The wizard on a real engine: apply, build live, cancel, fail, and the measured report."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import cast
from uuid import uuid4

import pytest
from textual.pilot import Pilot

from screens.app import DockwizApp
from screens.session import Page
from tests.conftest import Engine
from tests.engine.throwaway import BASE, Throwaway
from tests.screens.driving import DOCKERFILE, frame, make_app, press, running

pytestmark = pytest.mark.engine

SERVER = """\
import http.server

http.server.HTTPServer(("", 8000), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


@pytest.fixture
def repo(shop: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repo whose build needs no network, in the environment of the engine."""
    for name in ("DOCKER_HOST", "DOCKER_CONFIG", "PATH"):
        if name in engine.env:
            monkeypatch.setenv(name, engine.env[name])
    served = DOCKERFILE.replace("pip install -r", "sleep 0.2 && cat").replace("CMD", "EXPOSE 8000\nCMD")
    (shop / "Dockerfile").write_text(served)
    (shop / "app.py").write_text(SERVER)
    return shop


async def until(pilot: Pilot[int], done: Callable[[], bool], seconds: float = 120) -> None:
    """Wait for a state of the application, without pressing anything."""
    async with asyncio.timeout(seconds):
        while not done():
            await pilot.pause()
            await asyncio.sleep(0.05)
    await pilot.pause()


async def to_build(pilot: Pilot[int]) -> DockwizApp:
    await press(pilot, "enter", "enter", "enter")
    await pilot.press("enter")
    return cast(DockwizApp, pilot.app)


async def test_from_the_first_look_to_the_measured_report_with_enter_alone(repo: Path) -> None:
    app = make_app(repo)
    async with running(app) as pilot:
        await to_build(pilot)
        await until(pilot, lambda: app.session.build is not None)
        assert "+ Built shop:dockwiz" in frame(app)
        assert app.session.applied
        await pilot.press("enter")
        await pilot.pause()
        assert app.screen.PAGE is Page.REPORT  # type: ignore[attr-defined]
        assert "Not measured" in frame(app)
        await pilot.press("enter")
        await until(pilot, lambda: app.session.comparison is not None or "measure" in app.flow.problems, 300)
        shown = frame(app)
        assert "Cold build" in shown
        assert "Rebuild after a source edit" in shown
        assert "Verdict" in shown


async def test_a_failing_step_is_shown_with_its_line_and_its_last_words(repo: Path) -> None:
    broken = (repo / "Dockerfile").read_text().replace("sleep 0.2 && cat", "echo so it goes && false &&")
    (repo / "Dockerfile").write_text(broken)
    app = make_app(repo)
    async with running(app) as pilot:
        await to_build(pilot)
        await until(pilot, lambda: app.session.build is not None)
        shown = frame(app)
        assert "x FAILED shop:dockwiz" in shown
        assert ">>> RUN echo so it goes" in shown
        assert "u puts your files back" in shown
        await press(pilot, "u")
        assert (repo / "Dockerfile").read_text() == broken


async def test_interrupt_cancels_the_build_and_the_wizard_goes_on(repo: Path) -> None:
    slow = (repo / "Dockerfile").read_text().replace("sleep 0.2", f"sleep 120 && echo {uuid4()}")
    (repo / "Dockerfile").write_text(slow)
    app = make_app(repo)
    async with running(app) as pilot:
        await to_build(pilot)
        await until(pilot, lambda: app.flow.running is not None and "sleep 120" in frame(app))
        await pilot.press("ctrl+c")
        await until(pilot, lambda: app.session.build is not None, 40)
        assert "- Cancelled shop:dockwiz" in frame(app)
        assert app.is_running


async def test_leaving_during_a_build_leaves_nothing_running(repo: Path) -> None:
    slow = (repo / "Dockerfile").read_text().replace("sleep 0.2", f"sleep 121 && echo {uuid4()}")
    (repo / "Dockerfile").write_text(slow)
    app = make_app(repo)
    async with running(app) as pilot:
        await to_build(pilot)
        await until(pilot, lambda: app.flow.running is not None and "sleep 121" in frame(app))
        await pilot.press("q", "q")
        await pilot.pause()
    app.flow.stop()
    assert app.return_value == 130
    assert not app.flow.jobs.alive("build")


@pytest.mark.full
async def test_an_engine_that_goes_away_during_the_build_is_named(
    shop: Path, throwaway: Throwaway, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in throwaway.environment.items():
        monkeypatch.setenv(name, value)
    slow = DOCKERFILE.replace("python:3.11-slim", BASE).replace("pip install -r", f"sleep 15; echo {uuid4()}; cat")
    (shop / "Dockerfile").write_text(slow)
    app = make_app(shop)
    async with running(app) as pilot:
        await to_build(pilot)
        await until(pilot, lambda: app.flow.running is not None and "sleep 15" in frame(app))
        throwaway.kill()
        await until(pilot, lambda: app.session.build is not None, 40)
        shown = frame(app)
        assert "x FAILED shop:dockwiz" in shown
        assert "the Docker engine stopped answering during the build" in shown
        # It can be built again once it is back.
        throwaway.start_again()
        await pilot.press("r")
        await until(pilot, lambda: app.flow.running is not None)
        await pilot.press("ctrl+c")
        await until(pilot, lambda: app.session.build is not None, 40)
        assert "- Cancelled shop:dockwiz" in frame(app)
