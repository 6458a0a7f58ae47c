"""The wizard's tests: a repo of their own, a state folder of their own, and no engine unless they ask for one."""

from __future__ import annotations

from pathlib import Path

import pytest

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


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make_repo(tmp_path)
