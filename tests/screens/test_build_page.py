"""The Build page on recorded builds: running, done, failed, cancelled, with warnings."""

from __future__ import annotations

import asyncio
import statistics
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from textual.pilot import Pilot

from screens.app import DockwizApp
from screens.build import BuildScreen
from screens.glyphs import ASCII
from screens.lines import text_of
from screens.logstore import LogStore
from screens.session import Page
from screens.views import lanes
from screens.views.failure import as_text
from screens.widgets.logview import LogView
from tests.screens.driving import check_golden, ended, frame, make_app, press, recorded, running
from wizard.build.buildx import RunningBuild
from wizard.build.events import BuildEvent, Log, Vertex
from wizard.build.trace import Reducer
from wizard.build.values import BuildTrace

pytestmark = pytest.mark.usefixtures("no_engine")
SIZES = {"60x20": (60, 20), "80x24": (80, 24), "120x40": (120, 40)}


class Recorded:
    """A build that stands still at one moment."""

    def __init__(self, trace: BuildTrace) -> None:
        self.trace = trace
        self.cancelled = False

    def snapshot(self, now: float | None = None) -> BuildTrace:
        del now
        return self.trace

    def cancel(self) -> None:
        self.cancelled = True


@asynccontextmanager
async def on_build_page(repo: Path, trace: BuildTrace, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[int]]:
    """The Build page with this build, running or ended."""
    app = make_app(repo)
    async with running(app, size) as pilot:
        app.flow.tag = "shop:dockwiz"
        if trace.outcome == "running":
            app.flow.running = cast(RunningBuild, Recorded(trace))
        else:
            app.session = replace(app.session, build=ended(trace)).reach(Page.REPORT)
        app.open_page(Page.BUILD)
        await press(pilot)
        yield pilot


def app_of(pilot: Pilot[int]) -> DockwizApp:
    return cast(DockwizApp, pilot.app)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("name", "share"), [("parallel", 0.7), ("parallel", 1), ("failed", 1), ("cancelled", 1), ("source-edit", 1)]
)
async def test_a_build_reads_well(name: str, share: float, size: str, shop: Path) -> None:
    trace = recorded(name, share)
    async with on_build_page(shop, trace, SIZES[size]) as pilot:
        check_golden(f"build-{name}{'-running' if share < 1 else ''}-{size}", frame(app_of(pilot)))


async def test_open_shows_the_steps_of_a_lane_and_the_log_of_the_one_chosen(shop: Path) -> None:
    async with on_build_page(shop, recorded("parallel")) as pilot:
        await press(pilot, "l", "g")
        assert "-- assets" in frame(app_of(pilot))
        assert "asset 3" in frame(app_of(pilot))
        await press(pilot, "escape")
        assert app_of(pilot).screen.PAGE is Page.BUILD  # type: ignore[attr-defined]


async def test_after_a_build_enter_goes_to_the_report(shop: Path) -> None:
    async with on_build_page(shop, recorded("parallel")) as pilot:
        await press(pilot, "enter")
        assert app_of(pilot).screen.PAGE is Page.REPORT  # type: ignore[attr-defined]
        check_golden("report-build-only-80x24", frame(app_of(pilot)))


async def test_w_shows_the_warnings_with_their_addresses(shop: Path) -> None:
    async with on_build_page(shop, recorded("warnings")) as pilot:
        await press(pilot, "w")
        assert "https://docs.docker.com/go/dockerfile/rule/" in frame(app_of(pilot))


async def test_a_failure_is_copied_with_its_place(shop: Path) -> None:
    async with on_build_page(shop, recorded("failed")) as pilot:
        await press(pilot, "y")
        assert app_of(pilot).clipboard.startswith("Dockerfile:6: ")
        assert "about to fail" in app_of(pilot).clipboard


async def test_quitting_during_a_build_asks_and_enter_stays(shop: Path) -> None:
    async with on_build_page(shop, recorded("parallel", 0.7)) as pilot:
        await press(pilot, "q")
        assert "Leave dockwiz?" in frame(app_of(pilot))
        await press(pilot, "enter")
        assert app_of(pilot).screen.PAGE is Page.BUILD  # type: ignore[attr-defined]
        await press(pilot, "q", "escape")
        assert app_of(pilot).screen.PAGE is Page.BUILD  # type: ignore[attr-defined]


async def test_the_first_interrupt_cancels_the_build_and_dockwiz_stays(shop: Path) -> None:
    async with on_build_page(shop, recorded("parallel", 0.7)) as pilot:
        await press(pilot, "ctrl+c")
        assert cast(Recorded, app_of(pilot).flow.running).cancelled
        assert app_of(pilot).is_running


async def test_states_are_told_by_glyph_and_word() -> None:
    trace = recorded("failed")
    rows = lanes.lanes(trace)
    shown = {row.name: text_of(lanes.lane_line(row, trace, rows, 80, ASCII)) for row in rows}
    assert shown["bad"].startswith(" x bad")
    assert "FAILED" in shown["bad"]
    assert "cancelled" in shown["slow"]
    assert "not run" in shown["export"]


def test_the_time_axis_grows_in_jumps_and_holds_the_whole_build() -> None:
    for seconds in (0.1, 0.9, 4.0, 31.0, 95.0, 800.0, 5000.0):
        axis, step = lanes.axis_of(seconds, 24)
        assert axis >= seconds
        assert axis % step == 0


async def test_a_log_of_100000_lines_is_shown_and_moved_through_at_once(shop: Path) -> None:
    rows = [f"line {number}" for number in range(100_000)]
    async with on_build_page(shop, recorded("parallel")) as pilot:
        view = app_of(pilot).screen.query_one(LogView)
        view.focus()
        assert isinstance(app_of(pilot).screen, BuildScreen)
        began = time.process_time()
        view.show_lines(rows)
        await pilot.pause()
        assert "line 99999" in frame(app_of(pilot))
        view.action_top()
        await pilot.pause()
        assert "line 0\n" in frame(app_of(pilot))
        view.find("line 77777")
        await pilot.pause()
        assert "line 77777" in frame(app_of(pilot))
        assert time.process_time() - began < 2


async def test_scrolling_up_stops_following_and_f_follows_again(shop: Path) -> None:
    async with on_build_page(shop, recorded("parallel")) as pilot:
        view = app_of(pilot).screen.query_one(LogView)
        rows = [f"line {number}" for number in range(100)]
        view.show_lines(rows)
        view.action_up()
        assert not view.following
        rows.append("line 100")
        view.show_lines(rows)
        await pilot.pause()
        assert "line 100" not in frame(app_of(pilot))
        view.toggle_follow()
        await pilot.pause()
        assert "line 100" in frame(app_of(pilot))


class Streaming(Recorded):
    """A build that reports 1,000 events a second, reduced as a real one is."""

    def __init__(self, logs: LogStore) -> None:
        super().__init__(Reducer().snapshot())
        self.reducer = Reducer()
        self.lock = threading.Lock()
        self.logs = logs
        self.events = 0
        self.stopped = threading.Event()
        for stage in range(6):
            for step in range(2, 9):
                name = f"[stage{stage} {step}/8] RUN make target{step}"
                self._feed(Vertex(f"sha256:{stage}{step}", name, started=time.time()))
        self.thread = threading.Thread(target=self._stream, daemon=True)
        self.thread.start()

    def _feed(self, event: BuildEvent) -> None:
        with self.lock:
            self.reducer.feed(event, received=time.time())
        self.logs.feed(event)
        self.events += 1

    def _stream(self) -> None:
        while not self.stopped.wait(0.05):
            for number in range(50):
                digest = f"sha256:{number % 6}{2 + number % 7}"
                self._feed(Log(digest, 1, b"line %d of the output\n" % self.events, time.time()))

    def snapshot(self, now: float | None = None) -> BuildTrace:
        with self.lock:
            return self.reducer.snapshot(time.time() if now is None else now)


async def test_keys_are_answered_within_100_ms_while_a_build_streams_1000_events_a_second(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        build = Streaming(app.flow.logs)
        app.flow.running = cast(RunningBuild, build)
        app.open_page(Page.BUILD)
        await pilot.pause()
        page = app.screen
        assert isinstance(page, BuildScreen)
        waits: list[float] = []
        for key in "kkkjjjkkkjjj":
            here, began = page.lanes.cursor, time.perf_counter()
            app.simulate_key(key)
            async with asyncio.timeout(5):
                while page.lanes.cursor == here:
                    await asyncio.sleep(0.001)
            waits.append(time.perf_counter() - began)
            await asyncio.sleep(0.05)
        build.stopped.set()
        app.flow.running = None
        assert build.events > 300
        assert statistics.median(waits) < 0.1


def test_a_failure_names_the_file_that_was_built() -> None:
    error = recorded("failed").error
    assert error is not None
    assert error.place == "Dockerfile:6"
    excerpt = ("web.Dockerfile:6", *error.excerpt[1:])
    assert as_text(replace(error, excerpt=excerpt)).startswith("web.Dockerfile:6: ")
    assert replace(error, excerpt=()).place == "Dockerfile:6"
