"""Starting a container of an image and watching what it does, cut off from every network."""

from __future__ import annotations

import re
import shlex
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from wizard.build.api import EngineApi, EngineError
from wizard.compare.probing import Prober
from wizard.compare.values import Behaviour, ImageConfig, Probe
from wizard.errors import NoEngine

_HOSTNAME = "dockwiz"
_LOG_LINES = 40
_LOG_CHARACTERS = 8000
_URL = re.compile(r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(\d+))?(/[^\s'\"|;&)]*)?")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a watched container may take."""

    seconds: float = 60.0
    """Until it has to be ready."""
    quiet_seconds: float = 10.0
    """How long one without health check and port is watched, and how long a port may listen without answering HTTP."""
    memory: int = 4 * 1024**3
    processes: int = 1024


def observe(
    api: EngineApi,
    image: str,
    config: ImageConfig,
    labels: Mapping[str, str],
    limits: Limits | None = None,
    cancel: threading.Event | None = None,
) -> Behaviour:
    """Run the image as it is and watch it; the container is removed in any case.

    Its only network is its own loopback; nothing is mounted. The health check's command is run by us, often, instead
    of at the image's interval. Raises NoEngine where the engine is gone.
    """
    limits = limits or Limits()
    try:
        container = api.create_container(image, labels=labels, config=_container_config(limits))
    except EngineError as error:
        return _not_started(error.message)
    try:
        begin = time.monotonic()
        try:
            api.start_container(container)
        except EngineError as error:
            return _not_started(error.message)
        watch = _Watch(api, container, config, limits, begin, cancel or threading.Event())
        return watch.run()
    finally:
        remove_quietly(api, container)


def remove_quietly(api: EngineApi, container: str) -> None:
    """Remove a container with its volumes; one that is gone already, or an engine that is, is no error."""
    try:
        api.remove_container(container, force=True)
    except (EngineError, NoEngine):
        return


def health_command(config: ImageConfig) -> list[str] | None:
    """The health check as a command; None where the image has none."""
    match list(config.healthcheck):
        case ["CMD", *command] if command:
            return command
        case ["CMD-SHELL", text]:
            return [*(config.shell or ("/bin/sh", "-c")), text]
        case _:
            return None


def probe_targets(config: ImageConfig) -> tuple[tuple[int, str], ...]:
    """Port and path of the requests that the image's configuration suggests: health check addresses, exposed ports."""
    targets: list[tuple[int, str]] = []
    for port, path in _URL.findall(shlex.join(config.healthcheck[1:]) if config.healthcheck else ""):
        targets.append((int(port or 80), path or "/"))
    for exposed in config.ports:
        number, _, protocol = exposed.partition("/")
        if number.isdigit() and protocol in ("", "tcp"):
            targets.append((int(number), "/"))
    return tuple(dict.fromkeys(targets))


def _container_config(limits: Limits) -> dict[str, Any]:
    return {
        "Hostname": _HOSTNAME,
        "HostConfig": {
            "NetworkMode": "none",
            # A program that looks up its own name finds it.
            "ExtraHosts": [f"{_HOSTNAME}:127.0.0.1"],
            "Memory": limits.memory,
            "MemorySwap": limits.memory,
            "PidsLimit": limits.processes,
            "Init": False,
        },
    }


def _not_started(error: str) -> Behaviour:
    return Behaviour(False, None, "untested", None, None, (), 0.0, error=error)


@dataclass(slots=True)
class _Watch:
    """One container under observation."""

    api: EngineApi
    container: str
    config: ImageConfig
    limits: Limits
    begin: float
    cancel: threading.Event
    listening_since: float | None = None

    def run(self) -> Behaviour:
        prober = Prober(self.api, self.container)
        check = health_command(self.config)
        ready: float | None = None
        while True:
            if not self.running():
                return self._ended(check is not None)
            ready = self._ready(prober, check)
            if ready is not None or self._over(check):
                break
            if self.cancel.wait(0.2):
                break
        ports = prober.listening()
        targets = probe_targets(self.config) or tuple((port, "/") for port in ports or ())
        probes = tuple(_twice(prober, port, path) for port, path in targets)
        health: Literal["healthy", "unhealthy", "none", "untested"] = "none"
        if check is not None:
            health = "healthy" if ready is not None else "untested" if self.cancel.is_set() else "unhealthy"
        if not self.running():
            return self._ended(check is not None)
        return Behaviour(True, None, health, ready, ports, probes, self.elapsed(), logs=self._logs())

    def running(self) -> bool:
        return bool(self.api.container(self.container)["State"]["Running"])

    def elapsed(self) -> float:
        return time.monotonic() - self.begin

    def _ready(self, prober: Prober, check: list[str] | None) -> float | None:
        """Seconds since the start when the container turns out to be ready now, else None."""
        if check is not None:
            result = prober.run(check)
            return self.elapsed() if result is not None and result.exit_code == 0 else None
        ports = prober.listening()
        if ports == ():
            return None
        if ports and self.listening_since is None:
            self.listening_since = self.elapsed()
        targets = probe_targets(self.config) or tuple((port, "/") for port in ports or ())
        answered = any(prober.get(port, path).status is not None for port, path in targets)
        return self.elapsed() if answered else None

    def _over(self, check: list[str] | None) -> bool:
        """Whether it has been watched for long enough, ready or not."""
        if self.elapsed() > self.limits.seconds:
            return True
        if check is not None:
            return False
        if self.listening_since is not None:
            return self.elapsed() - self.listening_since > self.limits.quiet_seconds
        return not probe_targets(self.config) and self.elapsed() > self.limits.quiet_seconds

    def _ended(self, checked: bool) -> Behaviour:
        state = self.api.container(self.container)["State"]
        return Behaviour(
            started=True,
            exit_code=int(state["ExitCode"]),
            health="untested" if checked else "none",
            ready_seconds=None,
            ports=None,
            probes=(),
            observed_seconds=self.elapsed(),
            out_of_memory=bool(state.get("OOMKilled")),
            logs=self._logs(),
        )

    def _logs(self) -> str:
        try:
            stdout, stderr = self.api.container_logs(self.container, tail=_LOG_LINES)
        except EngineError:
            return ""
        text = (stdout + stderr).decode("utf-8", "replace")
        return text[-_LOG_CHARACTERS:]


def _twice(prober: Prober, port: int, path: str) -> Probe:
    """Ask twice: a body that changes from request to request says nothing about the image."""
    first, second = prober.get(port, path), prober.get(port, path)
    return first if first.digest == second.digest else replace(first, digest=None)
