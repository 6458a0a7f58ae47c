"""Which engine and builder a build would use, or what is missing.

Nothing here creates, starts or selects a builder: the one that the person has selected is read.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wizard.build.hosts import find_host, unreachable
from wizard.errors import DockwizError, NoEngine
from wizard.inspection.values import Engine

if TYPE_CHECKING:
    from wizard.build.api import EngineApi

OLDEST_BUILDX = (0, 12)
"""The first that writes rawjson."""

_VERSION = re.compile(r"\bv?(\d+)\.(\d+)(?:\.(\d+))?")
_PROBE = 2.0
_PATIENCE = 20.0
_CONTAINERD = "io.containerd.snapshotter.v1"


def connect() -> EngineApi:
    """A client of the person's engine. Raises NoEngine where none can be named; whether it answers, a call shows."""
    from wizard.build.api import EngineApi

    return EngineApi(find_host())


def probe_engine() -> Engine | str:
    """The engine without its builder, or one line that says why there is none.

    Starts no process, and costs next to nothing where no socket is there.
    """
    try:
        host = find_host()
        if host.socket is not None and not host.socket.exists():
            return unreachable(host.url, FileNotFoundError())
        return _engine(connect())
    except DockwizError as error:
        return str(error)


def find_engine(builder: str | None = None) -> Engine:
    """The engine and the builder that a build would use (`builder`, else the one that buildx has selected).

    Raises NoEngine, saying what is missing and how to get it: the docker command, the engine, permission, buildx.
    """
    if shutil.which("docker") is None:
        raise NoEngine(
            "the `docker` command is not installed", hint="get Docker: https://docs.docker.com/get-started/get-docker/"
        )
    engine = probe_engine()
    if isinstance(engine, str):
        raise NoEngine(engine)
    version = _buildx_version()
    numbers = _VERSION.search(version)
    if numbers is not None and (int(numbers[1]), int(numbers[2])) < OLDEST_BUILDX:
        raise NoEngine(f"buildx {version} is too old: 0.12 or newer is needed", hint=_GET_BUILDX)
    name, driver = _builder(builder)
    return Engine(
        version=engine.version,
        api_version=engine.api_version,
        host=engine.host,
        store=engine.store,
        builder=name,
        driver=driver,
        buildx=version,
        architecture=engine.architecture,
        disk_free=engine.disk_free,
    )


_GET_BUILDX = "install it: https://docs.docker.com/build/install-buildx/ (Debian and Ubuntu: the package docker-buildx)"


def _engine(api: EngineApi) -> Engine:
    version, info = api.version(_PROBE), api.info(_PATIENCE)
    return Engine(
        version=str(version.get("Version", "")),
        api_version=str(version.get("ApiVersion", "")),
        host=api.host.url,
        store=_store(info),
        builder=None,
        driver=None,
        buildx=None,
        architecture=str(info.get("Architecture") or version.get("Arch", "")),
        disk_free=_disk_free(str(info.get("DockerRootDir", ""))) if api.host.socket is not None else None,
    )


def _store(info: dict[str, Any]) -> str:
    """`containerd` for its image store, else the storage driver's name (`overlay2`)."""
    status = str(info.get("DriverStatus") or "")
    return "containerd" if _CONTAINERD in status else str(info.get("Driver", ""))


def _disk_free(folder: str) -> int | None:
    """Bytes free where the engine keeps its data; None where that is not on this machine's disks."""
    try:
        state = os.statvfs(Path(folder))
    except OSError:
        return None
    return state.f_bavail * state.f_frsize


def _buildx_version() -> str:
    finished = _docker("buildx", "version")
    if finished.returncode != 0:
        raise NoEngine("docker has no buildx, which builds with BuildKit", hint=_GET_BUILDX)
    found = _VERSION.search(finished.stdout)
    return found[0].removeprefix("v") if found else finished.stdout.strip()


def _builder(name: str | None) -> tuple[str, str]:
    """Name and driver of a builder."""
    finished = _docker("buildx", "inspect", *([name] if name else []))
    if finished.returncode != 0:
        said = finished.stderr.strip().removeprefix("ERROR: ").splitlines() or ["no builder"]
        raise NoEngine(f"the builder cannot be used: {said[0]}", hint="`docker buildx ls` lists the builders")
    fields = dict(re.findall(r"^(Name|Driver):\s*(\S+)", finished.stdout.split("\nNodes:", 1)[0], re.MULTILINE))
    return fields.get("Name", name or ""), fields.get("Driver", "")


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["docker", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoEngine(f"`docker {' '.join(arguments)}` does not answer: {error}") from error
