"""Real builds with a real engine: how they end, and that nothing is left running."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import Engine as TestEngine
from wizard.build.buildx import RunningBuild, start
from wizard.build.engines import connect, find_engine
from wizard.build.events import BuildEnd, BuildStart, Log
from wizard.build.replay import replay
from wizard.build.request import BuildRequest
from wizard.build.trace import Reducer, trace_json
from wizard.errors import BadInput
from wizard.inspection.values import Engine

pytestmark = pytest.mark.engine

Project = Callable[..., BuildRequest]

SLOW = "FROM debian:bookworm-slim AS slow\nRUN echo started; sleep 300\n"


@pytest.fixture
def reach(engine: TestEngine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The engine in this process's environment, as dockwiz finds it."""
    for name in ("DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "BUILDX_BUILDER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in engine.env.items():
        monkeypatch.setenv(name, value)
    return find_engine()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    def make(dockerfile: str, **options: object) -> BuildRequest:
        folder = tmp_path / "project"
        folder.mkdir(exist_ok=True)
        (folder / "Dockerfile").write_text(textwrap.dedent(dockerfile).lstrip())
        (folder / "data.txt").write_text(str(uuid.uuid4()))
        return BuildRequest(context=folder, dockerfile=folder / "Dockerfile", **options)  # type: ignore[arg-type]

    return make


def wait_for_output(build: RunningBuild) -> None:
    next(event for event in build.events() if isinstance(event, Log))


def processes_of(session: int) -> list[str]:
    """Command lines of the processes in a session."""
    listed = subprocess.run(["ps", "-s", str(session), "-o", "args="], capture_output=True, text=True, check=False)
    return listed.stdout.splitlines()


def test_a_build_ends_with_an_image_a_trace_and_a_log(reach: Engine, project: Project, tmp_path: Path) -> None:
    name = f"dockwiz-test:{uuid.uuid4()}"
    dockerfile = """
        FROM debian:bookworm-slim AS base

        FROM base AS deps
        COPY data.txt /
        # a comment
        RUN cat data.txt \\
            > /copy

        FROM base
        COPY --link --from=deps /copy /copy
    """
    log = tmp_path / "state" / "build.jsonl"
    build = start(project(dockerfile, tag=name, provenance=False), reach, log)
    events = list(build.events())
    result = build.wait()
    try:
        assert isinstance(events[0], BuildStart)
        assert isinstance(events[-1], BuildEnd)
        assert (result.outcome, result.exit_code) == ("done", 0)
        assert result.image_id == connect().image(name)["Id"]
        assert [(step.label, step.line, step.state) for step in result.trace.steps] == [
            ("deps 1", 4, "done"),
            ("deps 2", 6, "done"),
            ("stage-2 1", 10, "done"),
        ]
        assert result.trace.context_bytes > 36
        assert 0 < result.trace.seconds <= result.seconds
        # From 0.14 on the builder names the lines itself; before, they come from the Dockerfile alone.
        assert bool(events[-1].lines) == (tuple(map(int, (reach.buildx or "").split(".")[:2])) >= (0, 14))
        assert stat.S_IMODE(log.stat().st_mode) == 0o600
        again = Reducer()
        for event in replay(log):
            again.feed(event)
        assert trace_json(again.finish()) == trace_json(result.trace)
    finally:
        connect().remove_image(name, force=True)


def test_a_failing_step_is_named_with_its_line_and_output(reach: Engine, project: Project) -> None:
    dockerfile = """
        FROM debian:bookworm-slim AS slow
        RUN sleep 300

        FROM debian:bookworm-slim AS bad
        RUN true
        # the culprit
        RUN echo "on the way" && \\
            exit 37

        FROM debian:bookworm-slim
        COPY --from=slow /etc/hostname /a
        COPY --from=bad /etc/hostname /b
    """
    result = start(project(dockerfile, no_cache=True), reach).wait()
    assert (result.outcome, result.image_id) == ("failed", None)
    error = result.trace.error
    assert error is not None
    assert (error.stage, error.line, error.exit_code, error.log) == ("bad", 7, 37, ("on the way",))
    assert {step.label: step.state for step in result.trace.steps}["slow 2"] == "cancelled"


def test_a_syntax_error_is_a_failure_with_its_line(reach: Engine, project: Project) -> None:
    result = start(project("FROM debian:bookworm-slim\nFOO bar\n"), reach).wait()
    assert result.outcome == "failed"
    assert result.trace.error is not None
    assert (result.trace.error.line, "unknown instruction: FOO" in result.trace.error.message) == (2, True)


def test_cancelling_ends_the_build_and_leaves_nothing_running(reach: Engine, project: Project) -> None:
    build = start(project(SLOW, no_cache=True), reach)
    wait_for_output(build)
    began = time.monotonic()
    build.cancel()
    build.cancel()
    result = build.wait()
    assert time.monotonic() - began < 8
    assert result.outcome == "cancelled"
    assert [step.state for step in result.trace.steps] == ["cancelled"]
    assert processes_of(build.pid) == []


def test_leaving_the_with_block_cancels(reach: Engine, project: Project) -> None:
    with start(project(SLOW, no_cache=True), reach) as build:
        wait_for_output(build)
    assert build.wait().outcome == "cancelled"


def test_a_snapshot_may_be_taken_from_another_thread(reach: Engine, project: Project) -> None:
    build = start(project(SLOW, no_cache=True), reach)
    reader = threading.Thread(target=build.wait)
    reader.start()
    try:
        deadline = time.monotonic() + 30
        while not any(step.log for step in build.snapshot().steps) and time.monotonic() < deadline:
            time.sleep(0.05)
        (step,) = build.snapshot().steps
        assert (step.state, step.log) == ("running", ("started",))
    finally:
        build.cancel()
        reader.join()


def test_a_killed_builder_is_a_failure_that_says_so(reach: Engine, project: Project, tmp_path: Path) -> None:
    log = tmp_path / "build.jsonl"
    build = start(project(SLOW, no_cache=True), reach, log)
    wait_for_output(build)
    os.killpg(build.pid, signal.SIGKILL)
    result = build.wait()
    assert (result.outcome, result.exit_code) == ("failed", -signal.SIGKILL)
    assert result.trace.error is not None
    assert "killed" in result.trace.error.message
    again = Reducer()
    for event in replay(log):
        again.feed(event)
    assert again.finish().outcome == "failed"


def test_nothing_is_left_running_when_the_interpreter_ends(engine: TestEngine, project: Project) -> None:
    request = project(SLOW, no_cache=True)
    program = f"""
        from pathlib import Path
        from wizard.build.buildx import start
        from wizard.build.engines import find_engine
        from wizard.build.events import Log
        from wizard.build.request import BuildRequest
        folder = Path({str(request.context)!r})
        build = start(BuildRequest(folder, folder / "Dockerfile", no_cache=True), find_engine())
        next(event for event in build.events() if isinstance(event, Log))
        print(build.pid)
    """
    done = engine.run([sys.executable, "-c", textwrap.dedent(program)], cwd=Path(__file__).parents[3], timeout=60)
    assert done.returncode == 0, done.stderr
    assert processes_of(int(done.stdout)) == []


def test_ctrl_c_in_the_reading_thread_still_lets_the_build_end_in_order(engine: TestEngine, project: Project) -> None:
    request = project(SLOW, no_cache=True)
    program = f"""
        import os, signal
        from pathlib import Path
        from wizard.build.buildx import start
        from wizard.build.engines import find_engine
        from wizard.build.events import Log
        from wizard.build.request import BuildRequest
        folder = Path({str(request.context)!r})
        build = start(BuildRequest(folder, folder / "Dockerfile", no_cache=True), find_engine())
        signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
        try:
            for event in build.events():
                if isinstance(event, Log):
                    signal.setitimer(signal.ITIMER_REAL, 0.2)
        except KeyboardInterrupt:
            build.cancel()
        print(build.wait().outcome, build.pid)
    """
    done = engine.run([sys.executable, "-c", textwrap.dedent(program)], cwd=Path(__file__).parents[3], timeout=60)
    assert done.returncode == 0, done.stderr
    outcome, pid = done.stdout.split()
    assert outcome == "cancelled"
    assert processes_of(int(pid)) == []


def test_a_secret_argument_appears_nowhere(reach: Engine, project: Project, tmp_path: Path) -> None:
    dockerfile = """
        FROM debian:bookworm-slim
        ARG NPM_TOKEN
        RUN echo "login with $NPM_TOKEN" && exit 1
    """
    log = tmp_path / "build.jsonl"
    build = start(project(dockerfile, build_args={"NPM_TOKEN": "hush-hush"}, no_cache=True), reach, log)
    result = build.wait()
    assert result.trace.steps[0].log == ("login with ********",)
    assert "hush" not in repr(result.trace)
    assert "hush" not in "".join(repr(event) for event in replay(log))


def test_an_engine_that_goes_away_is_named(
    reach: Engine, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The builder talks to the engine through a door that is shut in the middle of the build."""
    with door(Path(urlsplit(reach.host).path), tmp_path / "door.sock") as shut:
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/door.sock")
        build = start(project(SLOW, no_cache=True), reach)
        wait_for_output(build)
        shut()
        result = build.wait()
    assert result.outcome == "failed"
    assert result.trace.error is not None
    assert "the Docker engine stopped answering" in result.trace.error.message


@contextmanager
def door(engine: Path, path: Path) -> Iterator[Callable[[], None]]:
    """Forwards connections on a socket to the engine's; yields what shuts it and cuts the open ones."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    open_ones: list[socket.socket] = [listener]

    def forward(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def accept() -> None:
        try:
            while True:
                client, _ = listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(engine))
                open_ones.extend((client, server))
                threading.Thread(target=forward, args=(client, server), daemon=True).start()
                threading.Thread(target=forward, args=(server, client), daemon=True).start()
        except OSError:
            pass

    def shut() -> None:
        for each in open_ones:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield shut
    finally:
        shut()


def test_a_missing_dockerfile_is_bad_input(reach: Engine, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        start(BuildRequest(tmp_path, tmp_path / "Dockerfile"), reach)


def test_a_log_that_cannot_be_written_is_bad_input(reach: Engine, project: Project, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be written"):
        start(project("FROM scratch\n"), reach, tmp_path / "file" / "log")
