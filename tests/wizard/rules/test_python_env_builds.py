"""python-env on the engine: what a service printed before it ended at once is in its log."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from tests.conftest import Engine
from tests.wizard.rules.test_fixtures import plan_for, write
from wizard.plan.selection import Selection


@pytest.mark.engine
def test_the_log_has_what_was_printed_before_the_end(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        'FROM python:3.11-slim\nCOPY app.py /\nEXPOSE 8000\nCMD ["python", "/app.py"]\n'
    )
    (tmp_path / "app.py").write_text('import os\n\nprint("the reason")\nos._exit(0)\n')
    tag = f"dockwiz-test:{uuid.uuid4()}"

    def log() -> str:
        engine.docker("buildx", "build", "--load", "-q", "-t", tag, tmp_path)
        return engine.docker("run", "--rm", "--network=none", tag)

    try:
        assert log() == ""
        write(tmp_path, plan_for(tmp_path, Selection(only=frozenset({"python-env"}))))
        assert log().strip() == "the reason"
    finally:
        engine.run(["docker", "image", "rm", "-f", tag])
