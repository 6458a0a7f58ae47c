"""What earlier builds of a Dockerfile tell of its steps."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.wizard.build.streams import message, vertex
from wizard.build.events import BuildEnd, BuildStart, encode
from wizard.build.step_times import MOST_BYTES, read_step_times
from wizard.dockerfile.scanner import parse
from wizard.inspection.step_times import step_key
from wizard.state import StateFolder

SOURCE = b"FROM debian AS base\nRUN make \\\n    all\nCOPY a /a\n"
MAKE, COPY = (step_key(parse(SOURCE, "Dockerfile"), one) for one in parse(SOURCE, "Dockerfile").instructions[1:])
DAY = 1_780_000_000.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "repo").mkdir()
    return tmp_path / "repo"


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "state")


def build(state: StateFolder, number: int, root: Path, make: float | None, *, context: str = ".") -> Path:
    """A stored log: `make` is what the RUN took, None where it came from the cache."""
    folder = state.path / "builds"
    folder.mkdir(parents=True, exist_ok=True)
    command = ("docker", "buildx", "build", f"--file={root / 'Dockerfile'}", str(root / context))
    lines = [
        encode(BuildStart(command, "Dockerfile", SOURCE, DAY + number * 86_400)),
        message(
            vertexes=[
                vertex("sha256:a", "[base 1/3] FROM docker.io/library/debian", 0, 0.1),
                vertex("sha256:b", "[base 2/3] RUN make     all", 1, 1 + (make or 0), cached=make is None),
                vertex("sha256:c", "[base 3/3] COPY a /a", 20, 20.5),
            ]
        ),
        encode(BuildEnd(0, "done")),
    ]
    log = folder / f"2026110{number}-000000-1.jsonl"
    log.write_bytes(b"".join(line if line.endswith(b"\n") else line + b"\n" for line in lines))
    return log


def test_each_step_has_the_time_of_the_newest_build_that_ran_it(root: Path, state: StateFolder) -> None:
    build(state, 1, root, 9.0)
    build(state, 2, root, 7.0)
    build(state, 3, root, None)
    times = read_step_times(state, root, ".", "Dockerfile")
    assert {key: round(time.seconds, 3) for key, time in times.items()} == {MAKE: 7.0, COPY: 0.5}
    assert times[MAKE].date < times[COPY].date
    assert times[MAKE].date.startswith("2026-")


def test_builds_of_another_project_and_unreadable_logs_tell_nothing(root: Path, state: StateFolder) -> None:
    build(state, 1, root, 9.0, context="other")
    build(state, 2, root.parent / "elsewhere", 8.0)
    build(state, 3, root, 7.0).write_bytes(b'{"dockwiz": 1}\n')
    os.truncate(build(state, 4, root, 6.0), MOST_BYTES + 1)
    assert read_step_times(state, root, ".", "Dockerfile") == {}


def test_without_a_build_there_are_no_times(root: Path, state: StateFolder) -> None:
    assert read_step_times(state, root, ".", "Dockerfile") == {}


def test_flags_blanks_and_continuations_make_no_other_step() -> None:
    other = parse(b"FROM debian\nRUN --mount=type=cache,target=/x make all\n", "Dockerfile")
    assert step_key(other, other.instructions[1]) == MAKE
