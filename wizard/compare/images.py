"""What the engine says of an image: its configuration, its size, the packages in it."""

from __future__ import annotations

import contextlib
import json
import tarfile
from collections.abc import Mapping
from typing import Any

from wizard.build.api import EngineApi, EngineError
from wizard.compare.behaviour import remove_quietly
from wizard.compare.values import ImageConfig, ImageSize, Packages
from wizard.inspection.ecosystems.requirements import normalise_name

_LIST_PYTHON = """
import importlib.metadata, json, platform
found = {}
for distribution in importlib.metadata.distributions():
    found.setdefault(distribution.metadata["Name"], distribution.version)
print(json.dumps([platform.python_version(), found]))
"""
_LIST_SECONDS = 60.0
_DPKG = "/var/lib/dpkg/status"


def config_of(inspected: Mapping[str, Any]) -> ImageConfig:
    """The configuration in what `EngineApi.image` returns, without the labels that a comparison adds."""
    config: Mapping[str, Any] = inspected.get("Config") or {}
    variables = (entry.partition("=") for entry in config.get("Env") or ())
    health = tuple((config.get("Healthcheck") or {}).get("Test") or ())
    return ImageConfig(
        entrypoint=tuple(config.get("Entrypoint") or ()),
        cmd=tuple(config.get("Cmd") or ()),
        env={name: value for name, _, value in variables},
        user=config.get("User") or "",
        workdir=config.get("WorkingDir") or "",
        ports=tuple(sorted(config.get("ExposedPorts") or ())),
        volumes=tuple(sorted(config.get("Volumes") or ())),
        healthcheck=() if health == ("NONE",) else health,
        labels={k: v for k, v in (config.get("Labels") or {}).items() if k.split(".")[:2] != ["dev", "dockwiz"]},
        stop_signal=config.get("StopSignal") or "",
        shell=tuple(config.get("Shell") or ()),
    )


def size_of(api: EngineApi, reference: str, inspected: Mapping[str, Any], store: str) -> ImageSize:
    """The image's sizes; `store` tells what the engine's own figure means."""
    layers = [int(layer["Size"]) for layer in api.image_history(reference)]
    # The containerd store lists the compressed content where others list what is unpacked.
    content = int(inspected["Size"]) if store == "containerd" else None
    return ImageSize(unpacked=sum(layers), content=content, layers=sum(size > 0 for size in layers))


def packages_of(api: EngineApi, image: str, labels: Mapping[str, str]) -> Packages:
    """The packages in an image: Python's by asking the image's own Python, Debian's from dpkg's database."""
    version, python = _python_packages(api, image, labels)
    return Packages(python=python, python_version=version, system=_system_packages(api, image, labels))


def _python_packages(
    api: EngineApi, image: str, labels: Mapping[str, str]
) -> tuple[str | None, Mapping[str, str] | None]:
    for program in ("python3", "python"):
        config = {"Entrypoint": [program, "-c", _LIST_PYTHON], "HostConfig": {"NetworkMode": "none"}}
        output = _output(api, image, labels, config)
        if output is None:
            continue
        try:
            version, packages = json.loads(output)
        except ValueError:
            continue
        return version, {normalise_name(name): text for name, text in packages.items() if name}
    return None, None


def _output(api: EngineApi, image: str, labels: Mapping[str, str], config: dict[str, Any]) -> bytes | None:
    """What a container of the image prints; None where it does not start, fails, or takes too long."""
    try:
        container = api.create_container(image, [], labels=labels, config=config)
    except EngineError:
        return None
    try:
        api.start_container(container)
        if api.wait_container(container, _LIST_SECONDS) != 0:
            return None
        return api.container_logs(container)[0]
    except EngineError:
        return None
    finally:
        remove_quietly(api, container)


def _system_packages(api: EngineApi, image: str, labels: Mapping[str, str]) -> Mapping[str, str] | None:
    try:
        # Never started: the command only has to be there for an image that names none.
        container = api.create_container(image, ["-"], labels=labels)
    except EngineError:
        return None
    try:
        with api.archive(container, _DPKG) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                file = archive.extractfile(member)
                if file is not None:
                    return parse_dpkg_status(file.read().decode("utf-8", "replace"))
    except (EngineError, tarfile.TarError):
        return None
    finally:
        remove_quietly(api, container)
    return None


def parse_dpkg_status(text: str) -> Mapping[str, str]:
    """The installed packages in dpkg's status file, with their versions."""
    packages: dict[str, str] = {}
    for paragraph in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line and line[0] != " ")
        if fields.get("Status", "").endswith(" installed"):
            with contextlib.suppress(KeyError):
                packages[fields["Package"]] = fields["Version"]
    return packages
