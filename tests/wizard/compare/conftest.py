"""A real engine, and images to look at."""

from __future__ import annotations

import textwrap
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Engine as DockerEngine
from wizard.build.api import EngineApi
from wizard.build.engines import connect, find_engine
from wizard.inspection.values import Engine

Image = Callable[[str], str]

SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path in ("/", "/health") else 404)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"hello")
http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
"""


@pytest.fixture
def reach(engine: DockerEngine, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The engine in this process's environment, as dockwiz finds it."""
    for name in ("DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "BUILDX_BUILDER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in engine.env.items():
        monkeypatch.setenv(name, value)
    return find_engine()


@pytest.fixture
def api(reach: Engine) -> EngineApi:
    client = connect()
    assert client.host.url == reach.host
    return client


@pytest.fixture
def image(engine: DockerEngine, tmp_path: Path) -> Iterator[Image]:
    """Builds an image from a Dockerfile's text, beside a `server.py`; removed after the test."""
    names: list[str] = []

    def make(dockerfile: str) -> str:
        folder = tmp_path / f"image-{len(names)}"
        folder.mkdir()
        (folder / "server.py").write_text(SERVER)
        (folder / "Dockerfile").write_text(textwrap.dedent(dockerfile).lstrip())
        name = f"dockwiz-test:{uuid.uuid4()}"
        engine.docker("buildx", "build", "-q", "--provenance=false", "-t", name, folder)
        names.append(name)
        return name

    yield make
    for name in names:
        engine.run(["docker", "image", "rm", "-f", name])
