"""The index of CPU wheels answers as PyTorch's does: torch from it alone, with what torch needs."""

from __future__ import annotations

import pytest

from tests.conftest import Engine
from tests.engine.machine import EngineError
from tests.engine.wheel_index import cpu_index


@pytest.mark.engine
def test_a_container_gets_the_cpu_build_of_torch_from_the_index_alone(engine: Engine) -> None:
    try:
        with cpu_index(engine.env) as address:
            host = address.split("/")[2].partition(":")[0]
            install = f"pip install --dry-run --no-cache-dir --index-url {address} --trusted-host {host} torch"
            output = engine.docker("run", "--rm", "python:3.11-slim", "sh", "-c", install)
    except EngineError as error:
        pytest.skip(str(error))
    installed = output.splitlines()[-1]
    assert "+cpu" in installed
    assert "sympy" in installed
    assert "nvidia" not in installed
