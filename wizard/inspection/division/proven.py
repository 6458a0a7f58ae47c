"""What a comparison of built images has proved that a Dockerfile's image needs of the system."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from wizard.inspection.image_names import name_parts


class ProvenNeed(NamedTuple):
    """A Debian package without which a file of the new image did not find a library."""

    package: str
    library: str
    file: str
    """The file of the image that needs the library."""
    base: str
    """The base image on which that was seen, as FROM names it: packages are called otherwise in other releases."""
    release: str
    """The release of Debian on which it was seen: `bookworm`."""


def proven_on(needs: Iterable[ProvenNeed], base: str) -> tuple[ProvenNeed, ...]:
    """Those that were seen on this base image, whatever its digest is by now."""
    name = name_parts(base)[:2]
    return tuple(need for need in needs if name_parts(need.base)[:2] == name)
