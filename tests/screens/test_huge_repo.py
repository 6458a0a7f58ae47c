"""A repo of 100,000 files: what it may cost, and how it feels."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from screens.flow import NOTICEABLE
from tests.screens.driving import DOCKERFILE, frame, make_app

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


async def test_keys_are_answered_while_it_is_looked_at_and_leaving_does_not_wait(huge: Path) -> None:
    app = make_app(huge)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await pilot.pause()
        assert "Looking at the repository .." in frame(app)
        await pilot.press("question_mark")
        await pilot.pause()
        assert "Help" in frame(app)
        await pilot.press("escape", "escape")
        await pilot.pause()
        assert "Looking at" in frame(app)
        await pilot.press("q")
        await pilot.pause()
        assert app.flow.jobs.alive("inspect")
    assert app.return_value == 0


async def test_waiting_is_counted_and_ends_with_what_was_found(huge: Path) -> None:
    app = make_app(huge)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("enter")
        await pilot.pause()
        seen: list[str] = []
        async with asyncio.timeout(120):
            while app.session.inspection is None:
                seen.append(frame(app).splitlines()[2].strip())
                await asyncio.sleep(0.05)
        await pilot.pause()
        assert all(row.startswith("> Looking at the repository ..") for row in seen)
        # Nothing is counted while it is quick.
        assert seen[-1].endswith(" s") or (app.session.inspected_in or 0) < NOTICEABLE + 0.5
        assert f"{FOLDERS * EACH + 3:,} files" in frame(app)
