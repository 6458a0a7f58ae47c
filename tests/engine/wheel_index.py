"""A package index with the CPU wheels of torch that this machine has, for builds in containers.

It stands in for PyTorch's public CPU index where that is out of reach: `torch/<wheel>` from a folder that the
machine's own pip configuration names in `find-links`, and, as the public index does, the few packages that
torch itself needs (answered with a redirect to the index that the machine's pip uses).
"""

from __future__ import annotations

import html
import re
import shlex
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

from tests.engine.machine import EngineError, run

# What torch needs at run time on a CPU: Requires-Dist of its wheel and of those packages, all on the public index.
NEEDED_BY_TORCH = (
    *("filelock", "fsspec", "jinja2", "markupsafe", "mpmath", "networkx"),
    *("numpy", "pillow", "setuptools", "sympy", "typing-extensions"),
)
PIPS_OWN_INDEX = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"


def cpu_wheels() -> tuple[Path, ...]:
    """The wheels of a CPU build (local version `+cpu`) in the machine's `find-links` folders."""
    settings = run([sys.executable, "-m", "pip", "config", "list"], timeout=60)
    values = re.findall(r"^\S*find-links=(.*)$", settings, re.MULTILINE)
    folders = {Path(word.removeprefix("file://")) for value in values for word in shlex.split(value.replace("'", ""))}
    return tuple(sorted({wheel for folder in folders if folder.is_dir() for wheel in folder.glob("*+cpu*.whl")}))


@contextmanager
def cpu_index(environment: Mapping[str, str], package: str = "torch") -> Iterator[str]:
    """Serve the index at the engine's side of its default bridge while the block runs; yields its address for
    `--index-url`. `environment` reaches the engine. EngineError where the machine has no CPU wheel of `package`."""
    wheels = cpu_wheels()
    if package not in {_project(wheel) for wheel in wheels}:
        raise EngineError(f"no CPU wheel of {package} in a find-links folder of this machine's pip configuration")
    gateway = ["docker", "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"]
    address = run(gateway, env=environment).strip()
    server = ThreadingHTTPServer((address, 0), partial(_Handler, wheels, _ordinary_index()))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{address}:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def _ordinary_index() -> str:
    """The index that the machine's pip uses: the configured one, else pip's own default."""
    settings = run([sys.executable, "-m", "pip", "config", "list"], timeout=60)
    configured = re.findall(r"^\S*\.index-url='(http.*)'$", settings, re.MULTILINE)
    return (configured[-1] if configured else run([sys.executable, "-c", PIPS_OWN_INDEX]).strip()).rstrip("/")


def _project(wheel: Path) -> str:
    """The normalised project name in a wheel's file name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", wheel.name.partition("-")[0]).lower()


class _Handler(BaseHTTPRequestHandler):
    """PEP 503 pages for a fixed set of wheels."""

    protocol_version = "HTTP/1.1"

    def __init__(self, wheels: tuple[Path, ...], ordinary_index: str, *arguments: object) -> None:
        self._wheels = wheels
        self._ordinary_index = ordinary_index
        super().__init__(*arguments)  # type: ignore[arg-type]

    def handle(self) -> None:
        # pip closes its connections as it likes.
        with suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        parts = [unquote(part) for part in self.path.split("?")[0].split("/") if part]
        projects = {_project(wheel): wheel for wheel in self._wheels}
        if not parts:
            self._page("".join(f'<a href="{name}/">{name}</a><br>' for name in sorted(projects)))
        elif len(parts) == 1 and parts[0] in projects:
            names = [wheel.name for wheel in self._wheels if _project(wheel) == parts[0]]
            self._page("".join(f'<a href="{quote(name)}">{html.escape(name)}</a><br>' for name in names))
        elif len(parts) == 1 and parts[0] in NEEDED_BY_TORCH:
            self.send_response(302)
            self.send_header("Location", f"{self._ordinary_index}/{parts[0]}/")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._file(next((wheel for wheel in self._wheels if parts[-1] == wheel.name), None))

    do_HEAD = do_GET  # noqa: N815

    def _page(self, links: str) -> None:
        content = f"<!DOCTYPE html><html><body>{links}</body></html>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def _file(self, wheel: Path | None) -> None:
        if wheel is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(wheel.stat().st_size))
        self.end_headers()
        if self.command == "GET":
            with wheel.open("rb") as file:
                while piece := file.read(1 << 20):
                    self.wfile.write(piece)

    def log_message(self, *_: object) -> None:
        """Requests are not news."""
