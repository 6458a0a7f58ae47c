"""One build as a value, and the exact command line for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from wizard.build.secrets import masked

CACHE_NAMESPACE = "BUILDKIT_CACHE_MOUNT_NS"
"""Build argument of BuildKit that keeps the cache mounts of one build apart from those of all others."""


@dataclass(frozen=True)
class BuildRequest:
    """What to build and how. Paths are absolute, or relative to the folder that dockwiz runs in.

    Secrets and ssh entries are the specifications that buildx takes (`id=npm,src=.npmrc`), never values. Proxies,
    certificate authorities and registry logins are the builder's business: it takes them from the person's own
    configuration.
    """

    context: Path
    dockerfile: Path
    tag: str | None = None
    target: str | None = None
    build_args: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}))
    """None takes the value from the environment, as `--build-arg NAME` does."""
    secrets: tuple[str, ...] = ()
    ssh: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    no_cache: bool = False
    cache_namespace: str | None = None
    """Cache mounts of this name only: a fresh one makes a cold build cold."""
    builder: str | None = None
    cache_from: tuple[str, ...] = ()
    cache_to: tuple[str, ...] = ()
    network: str | None = None
    load: bool = False
    """Bring the image into the engine's store; needed with a builder that is not the engine's own (`docker` driver)."""
    provenance: bool | None = None
    """False leaves the attestation out, so that sizes and digests of two builds can be compared; None: the default."""
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    build_contexts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Named contexts, e.g. `python:3.11-slim` to `docker-image://…`."""


def command(request: BuildRequest, metadata_file: Path | None = None) -> tuple[str, ...]:
    """The `docker buildx build` line for the request."""
    arguments = dict(request.build_args)
    if request.cache_namespace is not None:
        arguments[CACHE_NAMESPACE] = request.cache_namespace
    line = ["docker", "buildx", "build", "--progress=rawjson", f"--file={request.dockerfile}"]
    line += [f"--builder={request.builder}"] if request.builder else []
    line += [f"--tag={request.tag}"] if request.tag else []
    line += [f"--target={request.target}"] if request.target else []
    line += [
        f"--build-arg={name}" if value is None else f"--build-arg={name}={value}" for name, value in arguments.items()
    ]
    line += [f"--build-context={name}={value}" for name, value in request.build_contexts.items()]
    line += [f"--label={name}={value}" for name, value in request.labels.items()]
    line += [f"--secret={entry}" for entry in request.secrets]
    line += [f"--ssh={entry}" for entry in request.ssh]
    line += [f"--platform={','.join(request.platforms)}"] if request.platforms else []
    line += [f"--cache-from={entry}" for entry in request.cache_from]
    line += [f"--cache-to={entry}" for entry in request.cache_to]
    line += [f"--network={request.network}"] if request.network else []
    line += ["--no-cache"] if request.no_cache else []
    line += ["--load"] if request.load else []
    line += [] if request.provenance is None else [f"--provenance={str(request.provenance).lower()}"]
    line += [f"--metadata-file={metadata_file}"] if metadata_file is not None else []
    return (*line, str(request.context))


def display_command(request: BuildRequest) -> tuple[str, ...]:
    """The command line as it may be shown and stored: the values of build arguments that look secret are masked."""
    shown = {name: None if value is None else masked(name, value) for name, value in request.build_args.items()}
    return command(replace(request, build_args=shown))
