"""A repo of 100,000 files: what it may cost, and how it feels."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from screens.app import DockwizApp
from screens.inspect import InspectScreen
from screens.looking import look
from tests.screens.driving import DOCKERFILE, frame, make_app
from wizard.workspace import Workspace

pytestmark = pytest.mark.full

FOLDERS, EACH = 500, 200
BYTES_PER_FILE = 600
"""Of memory: a path with its place in a few collections."""


@pytest.fixture(scope="module")
def huge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("huge")
    write_files(root)
    return root


def write_files(root: Path) -> None:
    (root / "Dockerfile").write_text(DOCKERFILE)
    (root / "requirements.txt").write_text("flask==3.0.0\n")
    (root / "app.py").write_text("import flask\n")
    for number in range(FOLDERS):
        folder = root / f"package{number // 50}" / f"module{number}"
        folder.mkdir(parents=True)
        for file in range(EACH):
            (folder / f"file{file}.{'py' if file % 2 else 'txt'}").touch()


def dockwiz(*arguments: str | Path) -> tuple[str, int]:
    """Standard output of a command, and the most memory that it took, in bytes."""
    with subprocess.Popen(
        [sys.executable, "-m", "screens.cli", *arguments],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        said, errors = process.stdout.read(), process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert (process.returncode, errors) == (0, "")
    return said, usage.ru_maxrss * 1024


@pytest.mark.parametrize("command", [("inspect", "--json"), ("plan", "--json"), ("plan", "--all", "--diff")])
def test_memory_grows_by_little_for_each_file(huge: Path, shop: Path, command: Sequence[str]) -> None:
    _, small = dockwiz(*command, shop)
    _, large = dockwiz(*command, huge)
    assert large - small < FOLDERS * EACH * BYTES_PER_FILE


def test_every_file_counts_for_the_context_and_what_was_not_looked_at_is_said(huge: Path) -> None:
    found = json.loads(dockwiz("inspect", "--json", huge)[0])
    assert found["context"]["files"] == FOLDERS * EACH + 3
    assert any("50,000 files" in note for note in found["notes"])


@pytest.fixture
def released(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Until it is set, looking at the repository begins anew as soon as it is done: however quick the machine is, keys
    come while all the work of a look is going on."""
    event = threading.Event()

    def look_until_released(workspace: Workspace, wanted: str | None) -> Any:
        while True:
            found = look(Workspace(workspace.root, workspace.context), wanted)
            if event.is_set():
                return found

    monkeypatch.setattr("screens.flow.look", look_until_released)
    yield event
    event.set()


async def until_shown(app: DockwizApp, words: str) -> None:
    """Textual's own wait is for the processor to rest, which it does not while the repository is looked at."""
    async with asyncio.timeout(60):
        while words not in frame(app):
            await asyncio.sleep(0.01)


async def test_keys_are_answered_while_it_is_looked_at_and_leaving_does_not_wait(
    huge: Path, released: threading.Event
) -> None:
    app = make_app(huge)
    async with app.run_test(size=(80, 24)):
        app.simulate_key("enter")
        await until_shown(app, "Looking at the repository ..")
        app.simulate_key("question_mark")
        await until_shown(app, InspectScreen.ABOUT[:40])
        app.simulate_key("escape")
        await until_shown(app, "Looking at the repository ..")
        app.simulate_key("escape")
        await until_shown(app, f"Looking at {huge.name} ..")
        app.simulate_key("q")
        async with asyncio.timeout(60):
            while app.is_running:
                await asyncio.sleep(0.01)
    assert app.return_value == 0
    assert app.flow.jobs.alive("inspect")
    released.set()
    app.flow.jobs.join("inspect", 60)


async def test_waiting_is_counted_and_ends_with_what_was_found(huge: Path, released: threading.Event) -> None:
    app = make_app(huge)
    async with app.run_test(size=(80, 24)):
        app.simulate_key("enter")
        await until_shown(app, "Looking at the repository ..")
        seen: list[str] = []
        while app.flow.waited("inspect") == "":
            seen.append(frame(app).splitlines()[2].strip())
            await asyncio.sleep(0.05)
        await until_shown(app, " s\n")
        seen.append(frame(app).splitlines()[2].strip())
        released.set()
        await until_shown(app, f"{FOLDERS * EACH + 3:,} files")
    *quick, waited = seen
    assert all(row == "> Looking at the repository .." for row in quick)
    assert re.fullmatch(r"> Looking at the repository \.\.  \d+(\.\d)? s", waited)
