#!/usr/bin/env python3
"""A Docker engine for the tests: the user's own where it will do, else a private one. Standard library only.

    eval "$(python3 tests/engine/engine.py up)"     start it where needed, and reach it from this shell
    python3 tests/engine/engine.py down             end the private one; an engine of the user's own is never touched

See README.md beside this file.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.engine import images, registry
from tests.engine.daemon import STORES, Daemon, announce
from tests.engine.machine import EngineError, install_missing, require_root_on_debian, run, say, succeeds
from tests.engine.packages import NEWEST, Programs, unpack_engine


def cache_folder() -> Path:
    """Where everything of the private engines is kept, from one start to the next."""
    if chosen := os.environ.get("DOCKWIZ_ENGINE_CACHE"):
        return Path(chosen).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).absolute() / "dockwiz" / "engine"


def own_engine() -> str | None:
    """The version of the engine that the user's own configuration points to, if the tests can use it:
    it answers, has buildx, and the base images are there or can be had. None otherwise."""
    if shutil.which("docker") is None or not succeeds(["docker", "buildx", "version"]):
        return None
    try:
        version = run(["docker", "version", "--format", "{{.Server.Version}}"], timeout=20).strip()
    except EngineError:
        return None
    usable = all(
        succeeds(["docker", "image", "inspect", name]) or succeeds(["docker", "buildx", "imagetools", "inspect", name])
        for name in images.NAMES
    )
    return version if usable else None


def private_daemon(version: str, store: str) -> Daemon:
    """The private daemon of this version and store, running or not."""
    cache = cache_folder()
    return Daemon(cache / f"{version}-{store}", Programs(cache / "programs" / version), store)


@contextmanager
def alone() -> Iterator[None]:
    """Wait until no other process sets up or ends a private engine."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another process that sets up the engine")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def ensure(version: str | None = None, store: str | None = None) -> Daemon | None:
    """An engine that answers, with the base images: the user's own (None) unless a version or a store is asked for
    or it will not do; else the private daemon, started where needed. EngineError when neither can be had."""
    if version is None and store is None and (found := own_engine()):
        say(f"engine {found} of your own configuration is used")
        return None
    daemon = private_daemon(version or NEWEST, store or STORES[0])
    _up(daemon, version or NEWEST)
    return daemon


def _up(daemon: Daemon, version: str, *, rebuild: bool = False) -> None:
    """Bring the private daemon and its stand-in images up; instant where they are."""
    require_root_on_debian()
    with alone():
        unpack_engine(cache_folder(), version)
        install_missing({"ip": "iproute2"})
        daemon.folder.mkdir(parents=True, exist_ok=True)
        daemon.start()
        images.ensure_images(daemon, cache_folder(), rebuild=rebuild)
    announce(daemon)


def exports(daemon: Daemon) -> str:
    """Shell lines that make docker in this shell talk to the daemon."""
    values = {**daemon.environment, "PATH": str(daemon.programs.docker.parent)}
    lines = [f"export {name}={shlex.quote(value)}" + ":$PATH" * (name == "PATH") for name, value in values.items()]
    return "\n".join([*lines, "unset DOCKER_CONTEXT DOCKER_TLS_VERIFY DOCKER_CERT_PATH BUILDX_BUILDER"])


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    commands = ["up", "down", "env", "status", "images", "registry", "shape", "unshape"]
    parser.add_argument("command", choices=commands, help="up and env print shell lines to eval")
    parser.add_argument("value", nargs="?", help="shape: a rate such as 100mbit; registry: up or down")
    parser.add_argument("--version", help="an engine version or its beginning: 26, 20.10 (default: the newest)")
    parser.add_argument("--store", choices=STORES, help="the image store (default: overlay2)")
    options = parser.parse_args(arguments)
    try:
        return _run(options)
    except EngineError as error:
        print(f"engine: {error}", file=sys.stderr)
        return 1


def _run(options: argparse.Namespace) -> int:
    daemon = private_daemon(options.version or NEWEST, options.store or STORES[0])
    match options.command:
        case "up":
            started = ensure(options.version, options.store)
            if started is not None:
                print(exports(started))
        case "env":
            if daemon.answers():
                print(exports(daemon))
            elif options.version or options.store or own_engine() is None:
                raise EngineError("no engine runs: `up` starts one")
        case "down":
            with alone():
                registry.stop(cache_folder())
                daemon.stop()
        case "status":
            return _status(daemon)
        case "images":
            _up(daemon, options.version or NEWEST, rebuild=True)
        case "registry":
            if options.value == "down":
                registry.stop(cache_folder())
            else:
                with alone():
                    print(registry.start(cache_folder()))
        case "shape":
            if options.value is None:
                raise EngineError("shape wants a rate, such as 100mbit")
            daemon.shape(options.value)
        case "unshape":
            daemon.shape(None)
    return 0


def _status(daemon: Daemon) -> int:
    """Print which engine would be used; 0 when one runs."""
    if daemon.answers():
        announce(daemon)
        print(daemon.docker("image", "ls"), end="")
        return 0
    if found := own_engine():
        print(f"engine {found} of your own configuration")
        return 0
    print("no engine runs")
    return 1


if __name__ == "__main__":
    sys.exit(main())
