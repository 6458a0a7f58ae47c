"""Before the first build: how many there will be, about how long they take, and whether the disk will do."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from wizard.compare.values import Scenario
from wizard.errors import BadInput
from wizard.inspection.values import Engine

ASSUMED_IMAGE_BYTES = 2_000_000_000
"""For an image that was never measured."""
WARM_SHARE = 0.15
"""What a rebuild is assumed to take of a cold build, where nobody has measured it."""
_CONTAINERD_FACTOR = 1.5
"""The containerd store keeps the compressed layers beside the unpacked ones (about a third more for libraries)."""
_RESERVE = 1_000_000_000
"""Left free on the engine's disk."""


@dataclass(frozen=True, slots=True)
class Known:
    """What earlier builds of this repo showed."""

    cold_seconds: float | None = None
    image_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a comparison will take."""

    builds: int
    seconds: float | None
    """None where nothing was ever measured here."""
    disk_needed: int
    disk_free: int | None
    """None where the engine's disk is not on this machine."""
    basis: str
    """Where the figures come from, for people."""

    def in_words(self) -> str:
        """One line for people."""
        time = (
            f"about {_minutes(self.seconds)}" if self.seconds is not None else "for a time that nobody has measured yet"
        )
        free = f" of {self.disk_free / 1e9:.0f} GB free" if self.disk_free is not None else ""
        builds = f"{self.builds} build{'s' if self.builds != 1 else ''}"
        return f"{builds}, {time}, up to {self.disk_needed / 1e9:.1f} GB of disk{free} ({self.basis})"


class DiskTooSmall(BadInput):
    """The comparison would fill the engine's disk."""


def forecast(
    sides: int, scenarios: Collection[Scenario], runs: int, copies_bytes: int, engine: Engine, known: Known
) -> Forecast:
    """`sides`: how many of the two are built (an image is not); `copies_bytes`: the private copies of their files.

    Every cold build leaves layers of its own in the engine's cache.
    """
    colds = sides * runs
    warm = sides * runs * len(set(scenarios) - {"cold"})
    image = known.image_bytes if known.image_bytes is not None else ASSUMED_IMAGE_BYTES
    factor = _CONTAINERD_FACTOR if engine.store == "containerd" else 1.0
    seconds = None if known.cold_seconds is None else known.cold_seconds * (colds + warm * WARM_SHARE)
    parts = [] if known.image_bytes is not None else [f"an image of {image / 1e9:.0f} GB is assumed"]
    parts += [] if known.cold_seconds is None and known.image_bytes is None else ["from earlier builds here"]
    return Forecast(
        builds=colds + warm,
        seconds=seconds,
        disk_needed=round(colds * image * factor) + copies_bytes,
        disk_free=engine.disk_free,
        basis=", ".join(parts),
    )


def check_disk(expected: Forecast) -> None:
    """Raises DiskTooSmall where the free disk will not do."""
    if expected.disk_free is not None and expected.disk_needed + _RESERVE > expected.disk_free:
        raise DiskTooSmall(
            f"the disk will not do: {expected.disk_needed / 1e9:.1f} GB needed, {expected.disk_free / 1e9:.1f} GB free",
            hint="fewer --runs, `dockwiz clean`, or `docker builder prune` make room",
        )


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.0f} minutes"
