"""A daemon for one test, which may do with it what it likes: nothing else runs on it, and nothing of it is kept."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.engine.daemon import STORES, Daemon
from tests.engine.engine import alone, cache_folder
from tests.engine.machine import require_root_on_debian, run
from tests.engine.packages import NEWEST, unpack_engine

BASE = "debian:bookworm-slim"
"""The one image that it has."""


@dataclass(frozen=True)
class Throwaway:
    """A running daemon of its own."""

    daemon: Daemon

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **self.daemon.environment}

    def kill(self) -> None:
        """End the daemon at once, as a crash would; what it started goes on for a while."""
        self._signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the daemon to end, as a shutdown of the machine would."""
        self._signal(signal.SIGTERM)

    def start_again(self) -> None:
        """Start the daemon that was told to end, once it has: until then it may answer, and lets no other begin."""
        ending = self.daemon.process()
        if ending is not None:
            self.daemon.await_end(ending)
        self.daemon.start()

    def _signal(self, number: signal.Signals) -> None:
        process = self.daemon.process()
        assert process is not None, "the daemon does not run: an earlier test did not start it again"
        os.kill(process, number)


@contextmanager
def throwaway_daemon(source: Mapping[str, str]) -> Iterator[Throwaway]:
    """A daemon that has BASE, taken from the engine in the environment `source`. EngineError where it cannot be."""
    require_root_on_debian()
    folder = Path(tempfile.mkdtemp(prefix="dockwiz-engine-"))
    try:
        with alone():
            daemon = Daemon(folder, unpack_engine(cache_folder(), NEWEST), STORES[0])
            daemon.start()
        try:
            archive = folder / "image.tar"
            run(["docker", "save", "--output", str(archive), BASE], env=dict(source))
            daemon.docker("load", "--input", archive)
            yield Throwaway(daemon)
        finally:
            daemon.start()
            daemon.stop()
    finally:
        # A daemon that was killed leaves what it had mounted.
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for place in sorted((place for place in mounts if place.startswith(f"{folder}/")), reverse=True):
            subprocess.run(["umount", "--lazy", place], check=False)
        shutil.rmtree(folder, ignore_errors=True)
