"""On arm64 the usual index has had CPU builds of PyTorch for years: there is nothing to gain before CUDA came there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wizard.dockerfile.document import Document, Stage
from wizard.inspection.installs.locking import Unlockable, platforms_of


def machine_of(document: Document, stage: Stage) -> str | None:
    """The one machine that the stage is built for (`x86_64`, `aarch64`), as FROM names it; None where it names none."""
    try:
        platforms = platforms_of(document, stage)
    except Unlockable:
        return None
    return platforms[0].partition("-")[0] if len(platforms) == 1 else None


def is_cpu_build(document: Document, stage: Stage, version: str | None, table: Mapping[str, Any]) -> bool:
    """Whether the wheel of the usual index is a CPU build: `version` of torch, for an image that is for arm64 alone.

    `table` is the part `torch` of assets/knowledge/gpu_packages.toml.
    """
    if version is None or machine_of(document, stage) != "aarch64":
        return False
    from packaging.version import InvalidVersion, Version

    try:
        return Version(version) < Version(table["cuda_on_arm64_since"])
    except InvalidVersion:
        return False
