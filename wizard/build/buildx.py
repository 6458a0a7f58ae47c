"""Runs a build with `docker buildx build` and reads its events.

Everything blocks: a caller with a screen runs it in a thread. The child has a session of its own, so that Ctrl-C in the
terminal reaches dockwiz alone, which then cancels the build in an orderly way.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from wizard.build import failure
from wizard.build.events import BuildEnd, BuildEvent, BuildStart, decode_line, encode
from wizard.build.lines import digest_lines
from wizard.build.messages import Joiner
from wizard.build.request import BuildRequest, command, display_command
from wizard.build.secrets import mask, redact, secret_values
from wizard.build.trace import Reducer
from wizard.build.values import BuildTrace
from wizard.errors import BadInput, NoEngine
from wizard.inspection.values import Engine

GRACE = 10.0
"""Seconds that a cancelled builder has to end by itself, then again after SIGTERM."""

_ENVIRONMENT = {"BUILDX_METADATA_PROVENANCE": "max", "DOCKER_CLI_HINTS": "false"}


@dataclass(frozen=True)
class BuildResult:
    """How a build ended."""

    exit_code: int
    """Of the builder's process; negative for a signal."""
    outcome: str
    """`done`, `failed` or `cancelled`."""
    image_id: str | None
    """What the engine calls the image; None where the build made none."""
    seconds: float
    """Wall clock of the builder's process."""
    trace: BuildTrace
    metadata: Mapping[str, Any]
    """The builder's metadata file; empty after a failure."""
    engine_lost: bool = False
    """It failed because the engine stopped answering."""


def start(request: BuildRequest, engine: Engine, log_file: Path | None = None) -> RunningBuild:
    """Starts a build. `log_file` receives the raw events, readable by the user only.

    Raises BadInput where the Dockerfile cannot be read or the log cannot be written, NoEngine where there is no docker
    command.
    """
    try:
        source = request.dockerfile.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot be read: {(error.strerror or '').lower()}", path=str(request.dockerfile)) from error
    secrets = secret_values(request.build_args, source)
    begin = BuildStart(display_command(request), request.dockerfile.name, mask(source, secrets), time.time())
    with contextlib.ExitStack() as undo:
        folder = Path(tempfile.mkdtemp(prefix="dockwiz-"))
        undo.callback(shutil.rmtree, folder, ignore_errors=True)
        log = None
        if log_file is not None:
            log = _open_log(log_file)
            undo.callback(log.close)
        try:
            process = subprocess.Popen(
                command(request, folder / "metadata.json"),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
                env={**os.environ, **_ENVIRONMENT},
            )
        except OSError as error:
            raise NoEngine(f"the `docker` command cannot be started: {(error.strerror or '').lower()}") from error
        undo.pop_all()
        return RunningBuild(process, engine, begin, folder, log, secrets)


class RunningBuild:
    """A build in progress. `events` and `wait` belong to one thread; `snapshot` and `cancel` may come from any."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        engine: Engine,
        begin: BuildStart,
        folder: Path,
        log: IO[bytes] | None,
        secrets: frozenset[str],
    ) -> None:
        self._process = process
        self._engine = engine
        self._folder = folder
        self._log = log
        self._secrets = secrets
        self._began = time.monotonic()
        self._joiner = Joiner()
        self._reducer = Reducer()
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._result: BuildResult | None = None
        self._pending = deque([self._take(begin, encode(begin))])
        atexit.register(self._kill)

    @property
    def pid(self) -> int:
        """Of the builder's process; its session has the same number."""
        return self._process.pid

    def events(self) -> Iterator[BuildEvent | str]:
        """What the build reports, as it comes; plain lines as strings. Ends with a BuildEnd when the build has ended.

        May be left at any time, also by Ctrl-C, and taken up again; `wait` reads what is left.
        """
        while (event := self._next()) is not None:
            yield event

    def snapshot(self, now: float | None = None) -> BuildTrace:
        """The state of the events read so far, with running steps counted up to `now` (default: this moment)."""
        with self._lock:
            return self._reducer.snapshot(time.time() if now is None else now)

    def cancel(self) -> None:
        """Asks the builder to stop, and makes it stop where it does not. Returns at once; `wait` says how it ended."""
        if not self._cancelled.is_set():
            self._cancelled.set()
            threading.Thread(target=self._stop, name="dockwiz-cancel", daemon=True).start()

    def wait(self) -> BuildResult:
        """Reads the remaining events and returns how the build ended."""
        while self._next() is not None:
            pass
        assert self._result is not None
        return self._result

    def __enter__(self) -> RunningBuild:
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves nothing running."""
        if self._result is None:
            self.cancel()
            self.wait()

    def _next(self) -> BuildEvent | str | None:
        assert self._process.stderr is not None
        while not self._pending:
            if self._result is not None:
                return None
            line = self._process.stderr.readline()
            for whole in self._joiner.feed(line) if line else self._joiner.flush():
                self._pending.extend(self._decode(whole))
            if not line:
                self._pending.append(self._finish(self._process.wait()))
        return self._pending.popleft()

    def _decode(self, line: bytes) -> list[BuildEvent | str]:
        if self._secrets:
            line = redact(line, self._secrets)
        events = decode_line(line)
        if events is None:
            return [self._take(line.decode(errors="replace").rstrip("\r\n"), line)]
        self._write(line)
        return [self._take(event) for event in events]

    def _take(self, event: BuildEvent | str, line: bytes | None = None) -> BuildEvent | str:
        if line is not None:
            self._write(line)
        with self._lock:
            self._reducer.feed(event, received=time.time())
        return event

    def _write(self, line: bytes) -> None:
        """Stores a line. A full disk must not end the build: the log then stops where it is."""
        if self._log is not None:
            try:
                self._log.write(line if line.endswith(b"\n") else line + b"\n")
            except OSError:
                self._close_log()

    def _close_log(self) -> None:
        if self._log is not None:
            with contextlib.suppress(OSError):
                self._log.close()
            self._log = None

    def _finish(self, exit_code: int) -> BuildEvent | str:
        seconds = time.monotonic() - self._began
        metadata = _read_metadata(self._folder / "metadata.json")
        shutil.rmtree(self._folder, ignore_errors=True)
        before = self._reducer.finish()
        outcome = _outcome(exit_code, self._cancelled.is_set())
        blamed = before.error is not None and before.error.label is not None
        lost = outcome == "failed" and not blamed and failure.engine_lost(before.text)
        end = BuildEnd(
            exit_code=exit_code,
            outcome=outcome,
            message=_message(exit_code, lost) if outcome == "failed" else "",
            lines=digest_lines(metadata),
            seconds=seconds,
        )
        self._take(end, encode(end))
        self._close_log()
        atexit.unregister(self._kill)
        self._result = BuildResult(
            exit_code=exit_code,
            outcome=outcome,
            image_id=_image_id(metadata, self._engine.store) if outcome == "done" else None,
            seconds=seconds,
            trace=self._reducer.finish(),
            metadata=metadata,
            engine_lost=lost,
        )
        return end

    def _stop(self) -> None:
        for step in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            self._signal(step)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE)
                return

    def _kill(self) -> None:
        """At the interpreter's exit: the builder takes the end of its process group as a cancellation."""
        if self._process.poll() is None:
            self._signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE / 5)
            self._signal(signal.SIGKILL)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def _open_log(path: Path) -> IO[bytes]:
    """A new private file, written line by line. Raises BadInput."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.fchmod(descriptor, 0o600)
    except OSError as error:
        raise BadInput(f"cannot be written: {(error.strerror or '').lower()}", path=str(path)) from error
    return os.fdopen(descriptor, "wb", buffering=0)


def _outcome(exit_code: int, cancelled: bool) -> str:
    if exit_code == 0:
        return "done"
    # 130 is what buildx makes of gRPC's Canceled.
    return "cancelled" if cancelled or exit_code in (130, -signal.SIGINT) else "failed"


def _message(exit_code: int, engine_lost: bool) -> str:
    """What is known of a failure beyond the builder's words; empty where they say it all."""
    if exit_code < 0:
        return f"the builder's process was killed (signal {-exit_code})"
    return "the Docker engine stopped answering during the build" if engine_lost else ""


def _read_metadata(path: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _image_id(metadata: Mapping[str, Any], store: str) -> str | None:
    """The containerd store names an image by its manifest, the older stores by its configuration."""
    keys = ["containerimage.config.digest", "containerimage.digest"]
    for key in reversed(keys) if store == "containerd" else keys:
        if metadata.get(key):
            return str(metadata[key])
    return None
