"""What all tests share."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.engine.engine import ensure
from tests.engine.machine import EngineError
from tests.engine.throwaway import Throwaway, throwaway_daemon

# A shell starts background jobs with Ctrl-C ignored, and every process below inherits that: tests send it on purpose.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# What differs from a stored screen is shown, not only that something does.
pytest.register_assert_rewrite("tests.screens.driving")

# The same examples in every run, and no limits of time: a busy machine is no reason to fail. `make test-full` looks
# further.
settings.register_profile(
    "steady",
    max_examples=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.register_profile("thorough", settings.get_profile("steady"), max_examples=1000, derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: to look through it for garbage takes a fifth of the tests' time."""
    gc.freeze()
    gc.set_threshold(50_000)


@dataclass(frozen=True)
class Engine:
    """A Docker engine that answers and has the base images; `env` is the environment that reaches it."""

    env: dict[str, str]

    def docker(self, *words: str | Path, timeout: float = 600) -> str:
        """Standard output of a docker command; the test fails with all that it said when it fails."""
        done = self.run(["docker", *words], timeout=timeout)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def run(
        self, command: Sequence[str | Path], *, cwd: Path | None = None, timeout: float = 600
    ) -> subprocess.CompletedProcess[str]:
        """Run any command with this engine in its environment."""
        return subprocess.run(
            [str(word) for word in command],
            env=self.env,
            cwd=cwd,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The engine of the user's own configuration where it will do, else the private one of tests/engine.

    Without either the test fails: a machine that cannot build cannot prove anything.
    """
    try:
        daemon = ensure()
    except EngineError as error:
        pytest.fail(f"no engine for the tests: {error}", pytrace=False)
    return Engine({**os.environ, **(daemon.environment if daemon else {})})


@pytest.fixture(scope="session")
def throwaway(engine: Engine) -> Iterator[Throwaway]:
    """An engine that a test may kill; it starts it again before it ends."""
    try:
        with throwaway_daemon(engine.env) as found:
            yield found
    except EngineError as error:
        pytest.skip(f"no engine that could be killed: {error}")
