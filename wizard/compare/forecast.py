"""Before the first build: how many there will be, about how long they take, and whether the disk will do."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from wizard.compare.sizes import BASES, ExpectedSize
from wizard.compare.values import Label, Scenario
from wizard.errors import BadInput
from wizard.inspection.values import Engine

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
    image_bytes: Mapping[Label, int] = field(default_factory=dict)
    """Unpacked, by side of the newest comparison."""


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
    images: Sequence[ExpectedSize],
    scenarios: Collection[Scenario],
    runs: int,
    copies_bytes: int,
    engine: Engine,
    cold_seconds: float | None,
) -> Forecast:
    """`images`: one for each side that is built (an image is not); `copies_bytes`: the private copies of their files;
    `cold_seconds`: what a cold build of this repo took, None where nobody has measured it.

    Every cold build leaves layers of its own in the engine's cache.
    """
    colds = len(images) * runs
    warm = colds * len(set(scenarios) - {"cold"})
    factor = _CONTAINERD_FACTOR if engine.store == "containerd" else 1.0
    return Forecast(
        builds=colds + warm,
        seconds=None if cold_seconds is None else cold_seconds * (colds + warm * WARM_SHARE),
        disk_needed=round(runs * sum(image.bytes for image in images) * factor) + copies_bytes,
        disk_free=engine.disk_free,
        basis=_basis(images),
    )


def check_disk(expected: Forecast) -> None:
    """Raises DiskTooSmall where the free disk will not do."""
    if expected.disk_free is not None and expected.disk_needed + _RESERVE > expected.disk_free:
        raise DiskTooSmall(
            f"the disk will not do: {expected.disk_needed / 1e9:.1f} GB needed, {expected.disk_free / 1e9:.1f} GB free",
            hint="fewer --runs, `dockwiz clean`, or `docker builder prune` make room",
        )


def _basis(images: Sequence[ExpectedSize]) -> str:
    """The sizes, and how sure they are: as sure as the least sure one."""
    if not images:
        return "nothing is built"
    how = {
        "measured": "as measured before",
        "estimated": "an estimate from what is known of them",
        "assumed": "assumed, nothing is known of them yet",
    }
    sizes = " and ".join(dict.fromkeys(f"{image.bytes / 1e9:.1f}" for image in images))
    return f"images of {sizes} GB: {how[max((image.basis for image in images), key=BASES.index)]}"


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.0f} minutes"
