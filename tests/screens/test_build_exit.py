"""What `build` exits with where the engine goes away, and what it says."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conftest import Engine
from tests.wizard.build.test_buildx import door

PROGRAM = (sys.executable, "-m", "screens.cli")
SOURCES = Path(__file__).parents[2]


@pytest.mark.engine
@pytest.mark.parametrize("progress", ["plain", "json"])
def test_an_engine_that_goes_away_is_exit_code_3_and_one_line(
    progress: str, engine: Engine, shop: Path, own_state: Path, tmp_path: Path
) -> None:
    (shop / "Dockerfile").write_text(f"FROM debian:bookworm-slim\nRUN echo {uuid.uuid4()}; sleep 300\n")
    host = engine.docker("context", "inspect", "--format", "{{.Endpoints.docker.Host}}").strip()
    with door(Path(urlsplit(host).path), tmp_path / "door.sock") as shut:
        running = subprocess.Popen(
            [*PROGRAM, "build", shop, "--progress", progress],
            env={**engine.env, "DOCKER_HOST": f"unix://{tmp_path}/door.sock", "DOCKWIZ_STATE": str(own_state)},
            cwd=SOURCES,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert running.stdout is not None
        seen: list[str] = []
        assert any("sleep 300" in line for line in running.stdout if not seen.append(line)), seen  # type: ignore[func-returns-value]
        shut()
        said, errors = running.communicate(timeout=60)
    assert running.returncode == 3, errors
    assert "the Docker engine stopped answering during the build" in said
    lines = [line for line in errors.splitlines() if line.startswith("dockwiz: ")]
    assert len(lines) == 1
    assert lines[0].startswith("dockwiz: the build ended in the middle: the Docker engine stopped answering (")
    (log,) = own_state.glob("*/builds/*.jsonl")
    again = subprocess.run(
        [*PROGRAM, "build", "--replay", log], cwd=SOURCES, env=os.environ, capture_output=True, text=True, check=False
    )
    assert (again.returncode, again.stderr) == (3, "")
    assert "the Docker engine stopped answering during the build" in again.stdout
