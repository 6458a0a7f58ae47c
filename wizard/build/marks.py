"""The marks by which dockwiz knows what it made itself.

Containers, and images built from an image, inherit its labels: a label alone does not say that something is ours.
"""

from __future__ import annotations

from types import MappingProxyType

LABEL = "dev.dockwiz"
"""Its value says what for: `compare`, with `dev.dockwiz.id` beside it, or `build`."""
OWN_TAG = "dockwiz"
"""The tag of an image whose tag the person did not choose."""
BUILD_LABELS = MappingProxyType({LABEL: "build"})
"""Of such an image. Always the same, so that a build from the cache gives the same image again."""
