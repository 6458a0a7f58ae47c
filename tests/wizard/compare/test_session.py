"""Whole comparisons on a real engine: what they find, and that they leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import Engine as DockerEngine
from tests.wizard.compare.conftest import SERVER, Image
from wizard.build.api import EngineApi
from wizard.build.marks import LABEL
from wizard.compare.behaviour import Limits
from wizard.compare.clean import find_leftovers, remove
from wizard.compare.session import Options, compare
from wizard.compare.sides import Side, parse_side, side_of_workspace
from wizard.compare.values import Comparison, Progress, Scenario
from wizard.errors import BadInput
from wizard.inspection.values import Engine
from wizard.report.json import comparison_json
from wizard.report.markdown import markdown
from wizard.state import StateFolder
from wizard.workspace import Workspace, open_workspace

pytestmark = pytest.mark.engine

NAIVE = """FROM python:3.11-slim
WORKDIR /app
COPY . .
RUN python -m compileall -q /app/vendored && python -c "open('/installed', 'w').write('x' * 100000)"
EXPOSE 8000
CMD ["python", "server.py"]
"""
ORDERED = """FROM python:3.11-slim
WORKDIR /app
COPY vendored vendored
RUN --mount=type=cache,target=/var/cache/x \
    python -m compileall -q /app/vendored && python -c "open('/installed', 'w').write('x' * 100000)"
COPY . .
EXPOSE 8000
CMD ["python", "server.py"]
"""
LIMITS = Limits(seconds=30.0, quiet_seconds=1.0)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    folder = tmp_path / "repo"
    (folder / "vendored").mkdir(parents=True)
    (folder / "vendored" / "lib.txt").write_text("x")
    (folder / "server.py").write_text(SERVER)
    (folder / "big.bin").write_bytes(b"\0" * 200_000)
    (folder / "Dockerfile").write_text(NAIVE)
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-q", "-m", "one"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return open_workspace(folder)


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "home" / "repo")


@pytest.fixture
def nothing_left(api: EngineApi, state: StateFolder) -> Iterator[None]:
    """After the test there is nothing on the engine and in the state folder that this process made."""
    yield
    left = find_leftovers(api, state.path.parent)
    assert [item for item in left if item.comparison.endswith(f"-{os.getpid()}")] == []


Compare = Callable[..., Comparison]


@pytest.fixture
def comparing(api: EngineApi, reach: Engine, state: StateFolder, nothing_left: None) -> Compare:  # noqa: ARG001
    def run(before: Side, after: Side, *scenarios: Scenario, **options: object) -> Comparison:
        cancel = options.pop("cancel", None)
        on_progress = options.pop("on_progress", None)
        chosen = Options(scenarios=scenarios, limits=LIMITS, **options)  # type: ignore[arg-type]
        return compare(before, after, reach, api, state, chosen, on_progress=on_progress, cancel=cancel)  # type: ignore[arg-type]

    return run


def sides(workspace: Workspace, dockerfile: str, **files: str) -> tuple[Side, Side]:
    after = workspace.edit({"Dockerfile": dockerfile.encode(), **{name: text.encode() for name, text in files.items()}})
    return (
        side_of_workspace("before", "the folder as it is", workspace, "Dockerfile"),
        side_of_workspace("after", "the plan, not yet applied", after, "Dockerfile"),
    )


def test_a_better_order_is_proved_by_what_runs_again_after_a_source_edit(
    workspace: Workspace, comparing: Compare
) -> None:
    found = comparing(*sides(workspace, ORDERED, **{".dockerignore": ".git\n*.bin\n"}), "cold", "unchanged", "source")
    assert found.edited == "server.py"
    (before,), (after,) = found.of("before", "source"), found.of("after", "source")
    assert [step.split(": ")[1][:8] for step in before.executed] == ["COPY . .", "RUN pyth"]
    assert [step.split(": ")[1][:8] for step in after.executed] == ["COPY . ."]
    assert found.of("before", "cold")[0].steps_cached <= 1  # WORKDIR is cached even without a cache
    assert found.of("after", "unchanged")[0].executed == ()
    assert found.verdict == "equivalent", found.reasons
    assert found.before.context_bytes is not None
    assert found.after.context_bytes is not None
    assert found.before.context_bytes - found.after.context_bytes > 200_000
    assert "server.py" in markdown(found)
    assert comparison_json(found)["verdict"] == "equivalent"
    assert (workspace.root / "server.py").read_text() == SERVER


def test_cold_builds_start_with_empty_cache_mounts(workspace: Workspace, comparing: Compare) -> None:
    dockerfile = """FROM debian:bookworm-slim
RUN --mount=type=cache,target=/cache test ! -e /cache/seen && touch /cache/seen
CMD ["true"]
"""
    found = comparing(*sides(workspace.edit({"Dockerfile": dockerfile.encode()}), dockerfile), "cold", runs=2)
    assert [run.outcome for run in found.runs] == ["done"] * 4


def test_a_dependency_edit_changes_the_file_that_each_side_installs_from(
    workspace: Workspace, comparing: Compare
) -> None:
    install = "RUN pip install --disable-pip-version-check -r requirements.txt"
    naive = f'FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\n{install}\nCMD ["true"]\n'
    moved = naive.replace("COPY . .", "COPY locked.txt .").replace("requirements.txt", "locked.txt")
    files = {"Dockerfile": naive.encode(), "requirements.txt": b"# none\n", "locked.txt": b"# none"}
    found = comparing(*sides(workspace.edit(files), moved), "dependency")
    assert found.manifests == {"before": "requirements.txt", "after": "locked.txt"}
    assert [run.executed[-1].split(": ")[1][:15] for run in found.runs] == ["RUN pip install"] * 2


def test_a_new_image_that_does_not_build_is_different_and_the_line_is_named(
    workspace: Workspace, comparing: Compare
) -> None:
    broken = "FROM debian:bookworm-slim\nRUN true\nRUN echo no compiler; exit 37\n"
    found = comparing(*sides(workspace, broken), "cold", "unchanged")
    assert found.verdict == "different"
    assert found.after.error is not None
    assert found.after.error.startswith("line 3: ")
    assert found.after.error.endswith("exit code: 37 (no compiler)")
    assert [(run.side, run.scenario, run.outcome) for run in found.runs] == [
        ("before", "cold", "done"),
        ("after", "cold", "failed"),
        ("before", "unchanged", "done"),
    ]


def test_a_new_image_that_does_not_run_is_different(workspace: Workspace, comparing: Compare) -> None:
    broken = NAIVE + "RUN rm server.py\n"
    found = comparing(*sides(workspace, broken), "cold")
    assert found.verdict == "different"
    assert "server.py" in found.reasons[0].text


def test_a_cancelled_comparison_keeps_what_it_found(workspace: Workspace, comparing: Compare) -> None:
    cancel = threading.Event()

    def stop(progress: Progress) -> None:
        if progress.run is not None:
            cancel.set()

    slow = "FROM debian:bookworm-slim\nRUN sleep 300\n"
    found = comparing(*sides(workspace, slow), "cold", cancel=cancel, on_progress=stop)
    assert found.cancelled
    assert [(run.side, run.outcome) for run in found.runs] == [("before", "done")]
    assert found.verdict == "unknown"


def test_a_build_that_runs_is_ended_by_cancel(workspace: Workspace, comparing: Compare) -> None:
    cancel = threading.Event()

    def stop(progress: Progress) -> None:
        if progress.message.startswith("Building before"):
            threading.Timer(1.0, cancel.set).start()

    slow = "FROM debian:bookworm-slim\nRUN sleep 300\n"
    found = comparing(
        *sides(workspace.edit({"Dockerfile": slow.encode()}), slow), "cold", cancel=cancel, on_progress=stop
    )
    assert [run.outcome for run in found.runs] == ["cancelled"]


INTERRUPTED = """
import sys
from pathlib import Path
from wizard.build.engines import connect, find_engine
from wizard.compare.session import compare
from wizard.compare.sides import side_of_workspace
from wizard.state import StateFolder
from wizard.workspace import open_workspace
workspace = open_workspace(Path(sys.argv[1]))
sides = (side_of_workspace(label, label, workspace, "Dockerfile") for label in ("before", "after"))
compare(*sides, find_engine(), connect(), StateFolder(Path(sys.argv[2])),
        on_progress=lambda progress: print(progress.message, flush=True))
"""


def test_an_interrupt_leaves_nothing_behind(workspace: Workspace, api: EngineApi, state: StateFolder) -> None:
    (workspace.root / "Dockerfile").write_text("FROM debian:bookworm-slim\nRUN sleep 300\n")
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(workspace.root), str(state.path)],
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert any(line.startswith("Building before") for line in process.stdout)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) != 0
    assert not list(state.path.glob("compare/*"))
    left = [item for item in find_leftovers(api, state.path.parent) if item.comparison.endswith(f"-{process.pid}")]
    assert left == []


def test_two_images_are_compared_without_a_build(workspace: Workspace, comparing: Compare, image: Image) -> None:
    name = image('FROM python:3.11-slim\nCOPY server.py /\nENV A=1\nCMD ["python", "/server.py"]\n')
    other = image('FROM python:3.11-slim\nCOPY server.py /\nCMD ["python", "/server.py"]\n')
    before, after = (
        parse_side(label, f"image:{ref}", workspace, None) for label, ref in (("before", name), ("after", other))
    )  # type: ignore[arg-type]
    found = comparing(before, after, "cold", "source")
    assert found.runs == ()
    assert found.verdict == "different"
    assert found.reasons[0].text == "the variable A is gone"
    assert found.not_measured[0].startswith("build times")


def test_two_revisions_are_compared(workspace: Workspace, comparing: Compare) -> None:
    (workspace.root / "Dockerfile").write_text(NAIVE.replace("EXPOSE", "USER nobody\nEXPOSE"))
    before = parse_side("before", "git:HEAD", workspace, "Dockerfile")
    after = side_of_workspace("after", "the folder as it is", workspace, "Dockerfile")
    found = comparing(before, after, "unchanged")
    assert [(run.side, run.scenario) for run in found.runs] == [("before", "unchanged"), ("after", "unchanged")]
    assert [reason.kind for reason in found.reasons if reason.severity == "harmful"] == ["user"]


def test_an_image_that_is_not_there_is_bad_input(workspace: Workspace, comparing: Compare) -> None:
    before = parse_side("before", "image:dockwiz-test:no-such-image", workspace, None)
    with pytest.raises(BadInput, match="dockwiz-test:no-such-image"):
        comparing(before, replace(before, label="after"), "cold")


def test_clean_finds_and_removes_what_a_killed_comparison_left(
    engine: DockerEngine, api: EngineApi, state: StateFolder, tmp_path: Path
) -> None:
    dead = "20260101-000000-999999999"
    (tmp_path / "Dockerfile").write_text("FROM debian:bookworm-slim\nRUN --mount=type=cache,target=/c touch /c/a\n")
    label, name = f"--label={LABEL}=compare", f"dockwiz/compare:{dead}-before-cold-1"
    space = f"--build-arg=BUILDKIT_CACHE_MOUNT_NS=dockwiz-{dead}-before-1"
    mark = f"--label={LABEL}.id={dead}"
    engine.docker("buildx", "build", "-q", "--no-cache", "--provenance=false", label, mark, space, "-t", name, tmp_path)
    engine.docker("run", "-d", label, mark, name, "sleep", "300")
    copy = state.path / "compare" / dead / "before"
    copy.mkdir(parents=True)
    (copy / "file").write_text("x")
    copy.chmod(0o500)
    found = tuple(item for item in find_leftovers(api, state.path.parent) if item.comparison == dead)
    assert {item.kind for item in found} == {"container", "image", "cache mount", "private copy"}
    assert not any(item.in_use for item in found)
    assert remove(api, found) == ()
    assert not [item for item in find_leftovers(api, state.path.parent) if item.comparison == dead]
