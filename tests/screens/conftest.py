"""The wizard's tests: a repo of their own, a state folder of their own, and no engine unless they ask for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Engine
from tests.screens.driving import make_repo


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing of the person's own is read or written."""
    state = tmp_path / "state"
    monkeypatch.setenv("DOCKWIZ_STATE", str(state))
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("LC_ALL", raising=False)
    return state


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """DOCKER_HOST names a socket that is not there."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")


@pytest.fixture(scope="session", params=["without an engine", pytest.param("with an engine", marks=pytest.mark.engine)])
def engine_or_none(request: pytest.FixtureRequest) -> Engine | None:
    """Of the session, because the engine's environment must not hold what a single test has set."""
    return request.getfixturevalue("engine") if request.param == "with an engine" else None


@pytest.fixture
def either(request: pytest.FixtureRequest, engine_or_none: Engine | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test twice: where no engine answers, and with one in the environment."""
    request.getfixturevalue("no_engine")
    if engine_or_none is not None:
        for name in ("DOCKER_HOST", "DOCKER_CONFIG", "PATH"):
            monkeypatch.delenv(name, raising=False)
            if name in engine_or_none.env:
                monkeypatch.setenv(name, engine_or_none.env[name])


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make_repo(tmp_path)
