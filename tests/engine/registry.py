"""A container registry on 127.0.0.1, for cache export; engines trust that address without a certificate."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.engine.machine import EngineError, require_root_on_debian
from tests.engine.packages import unpack_registry

CONFIGURATION = """\
version: 0.1
storage: {{filesystem: {{rootdirectory: "{data}"}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


def start(cache: Path) -> str:
    """Start the registry where none runs; its address, such as 127.0.0.1:40123."""
    folder = cache / "registry"
    running = _running(folder)
    if running is not None:
        return f"127.0.0.1:{running[1]}"
    require_root_on_debian()
    program = unpack_registry(cache)
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    configuration = folder / "config.yml"
    configuration.write_text(CONFIGURATION.format(data=folder / "data", port=port))
    with (folder / "registry.log").open("ab") as log:
        process = subprocess.Popen(
            [program, "serve", configuration], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    (folder / "registry.json").write_text(json.dumps([process.pid, port]))
    deadline = time.monotonic() + 15
    while not _listens(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise EngineError(f"the registry does not answer; see {folder / 'registry.log'}")
        time.sleep(0.1)
    return f"127.0.0.1:{port}"


def stop(cache: Path) -> None:
    """End the registry that `start` started, if it runs."""
    running = _running(cache / "registry")
    if running is not None:
        os.kill(running[0], signal.SIGTERM)


def _running(folder: Path) -> tuple[int, int] | None:
    """(pid, port) of the registry of this folder, if it still runs."""
    try:
        pid, port = json.loads((folder / "registry.json").read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return (pid, port) if str(folder).encode() in command else None


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
