"""Driving the wizard in tests: a repo, two plain rules, a settled application, and its screen as text."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from textual.pilot import Pilot

from screens.app import DockwizApp, WizardOptions
from screens.session import Session
from wizard.build.buildx import BuildResult
from wizard.build.replay import replay
from wizard.build.trace import Reducer
from wizard.build.values import BuildTrace
from wizard.dockerfile.planned import readings
from wizard.dockerfile.scanner import parse
from wizard.inspection.values import Evidence
from wizard.rules.base import Estimate, Proposal, Refusal, Rule, View
from wizard.workspace import open_workspace

GOLDEN = Path(__file__).parent / "golden"
STREAMS = Path(__file__).parent.parent / "fixtures" / "streams"

DOCKERFILE = """\
# the shop
FROM python:3.11-slim
WORKDIR /app
COPY . .
RUN pip install -r requirements.txt
ENV API_TOKEN=s3cr3t-value
CMD ["python", "app.py"]
"""


def make_repo(folder: Path) -> Path:
    """A small repo that a person could have written."""
    repo = folder / "shop"
    repo.mkdir()
    (repo / "Dockerfile").write_text(DOCKERFILE)
    (repo / "requirements.txt").write_text("flask==3.0.0\n")
    (repo / "app.py").write_text("import flask\n")
    return repo


def _manifests_first(view: View) -> Proposal | None:
    before = view.workspace.read(view.dockerfile)
    if b"COPY requirements.txt" in before:
        return None
    after = before.replace(b"COPY . .\n", b"COPY requirements.txt .\n", 1).replace(b"ENV", b"COPY . .\nENV", 1)
    return Proposal(
        rule="manifests-first",
        title="Copy the manifests before the sources",
        category="speed",
        safety="safe",
        why="Line 4 copies every file before the install, so that one edited file installs every package again.",
        evidence=(Evidence("Dockerfile", 4, "COPY . ."), Evidence("requirements.txt", 1, "flask==3.0.0")),
        edits={view.dockerfile: after},
        planned=readings(parse(after)),
        estimate=Estimate(48, None, "measured"),
        risk="The install reads nothing but requirements.txt.",
    )


def _ignore_file(_: View) -> Proposal:
    return Proposal(
        rule="ignore-file",
        title="Add a .dockerignore",
        category="speed",
        safety="review",
        why="The build context holds files that no instruction needs.",
        evidence=(Evidence("Dockerfile", 4, "COPY . ."),),
        edits={".dockerignore": b".git\n.venv\n"},
        estimate=Estimate(None, 384_000_000, "catalogue"),
    )


def _two_stages(_: View) -> Refusal:
    return Refusal(
        "two-stages",
        "flask's compiler needs at run time are not in the catalogue",
        (Evidence("requirements.txt", 1, "flask==3.0.0"),),
    )


def _rule(name: str, propose: Any) -> Rule:
    return cast(Rule, SimpleNamespace(ID=name, TITLE=name, CATEGORY="speed", __doc__="", propose=propose))


RULES = (
    _rule("manifests-first", _manifests_first),
    _rule("two-stages", _two_stages),
    _rule("ignore-file", _ignore_file),
)
"""Rules of our own: the pages are not about what the real ones say."""


def make_app(repo: Path, *, ascii_only: bool = True, rules: tuple[Rule, ...] | None = RULES) -> DockwizApp:
    return DockwizApp(Session(open_workspace(repo)), WizardOptions(ascii_only=ascii_only, rules=rules))


@asynccontextmanager
async def running(app: DockwizApp, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[int]]:
    """The application on a screen of this size, with its first jobs done."""
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        yield pilot


async def settle(pilot: Pilot[int]) -> None:
    """Until every job has delivered and the screen no longer changes. Textual's own wait looks at the processor's
    time, and takes a process that gets no turn on a loaded machine for one that is done."""
    app = cast(DockwizApp, pilot.app)
    before, shown = None, ""
    async with asyncio.timeout(60):
        while shown != before:
            before = shown
            await pilot.pause(0)
            while app.flow.jobs.running():
                await asyncio.sleep(0.005)
            await pilot.pause(0)
            shown = frame(app)


async def press(pilot: Pilot[int], *keys: str) -> None:
    """Each key, and what follows from it."""
    await settle(pilot)
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


def frame(app: DockwizApp) -> str:
    """The screen as text. The one place that touches Textual's private compositor."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips) + "\n"


def check_golden(name: str, shown: str) -> None:
    """Compare a frame with the stored one. DOCKWIZ_GOLDEN=write stores it instead (read the diff)."""
    shown = re.sub(r"found in \d+\.\d s", "found in 0.0 s", shown)
    place = GOLDEN / f"{name}.txt"
    if os.environ.get("DOCKWIZ_GOLDEN") == "write":
        place.parent.mkdir(exist_ok=True)
        place.write_text(shown, "utf-8")
    assert shown.splitlines() == place.read_text("utf-8").splitlines()


def recorded(name: str, share: float = 1.0) -> BuildTrace:
    """The trace of a recorded build: at its end, or after a share of its events as if it still ran."""
    reducer = Reducer()
    events = list(replay(STREAMS / f"{name}.jsonl.gz"))
    for event in events[: round(len(events) * share)]:
        reducer.feed(event)
    return reducer.finish() if share >= 1 else reducer.snapshot()


def ended(trace: BuildTrace) -> BuildResult:
    """The result of a recorded build."""
    return BuildResult(0 if trace.outcome == "done" else 1, trace.outcome, None, trace.seconds, trace, {})
