"""What the name of a base image says: its parts, and what the table of base images knows of it."""

from __future__ import annotations

import re
from typing import Any

from wizard.assets import knowledge


def name_parts(image: str) -> tuple[str, str, str]:
    """Name without registry and `library/`, tag, and the first digits of the digest."""
    reference, _, digest = image.partition("@sha256:")
    head, colon, last = reference.rpartition(":")
    name, tag = (head, last) if colon and "/" not in last else (reference, "")
    name = re.sub(r"^(?:[^/]*[.:][^/]*|localhost)/", "", name).removeprefix("library/")
    return name, tag, digest[:12]


def known_image(name: str) -> dict[str, Any] | None:
    """The entry of assets/knowledge/base_images.toml for a name as `name_parts` gives it."""
    return next((entry for entry in knowledge("base_images")["image"] if re.fullmatch(entry["match"], name)), None)
