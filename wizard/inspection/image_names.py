"""What the name of a base image says: its parts, and what the table of base images knows of it."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from wizard.assets import knowledge

_VARIABLE = re.compile(r"\$\{[^}]*\}|\$\w+")


class Release(NamedTuple):
    """What an image is made of."""

    distribution: str
    name: str
    """As its makers call it: bookworm, jammy, sid. Whether a table covers it is for the table to say."""


def name_parts(image: str) -> tuple[str, str, str]:
    """Name without registry and `library/` (or `docker/library/`), tag, and the first digits of the digest."""
    reference, _, digest = image.partition("@sha256:")
    head, colon, last = reference.rpartition(":")
    name, tag = (head, last) if colon and "/" not in last else (reference, "")
    name = re.sub(r"^(?:docker/)?library/", "", re.sub(r"^(?:[^/]*[.:][^/]*|localhost)/", "", name))
    return name, tag, digest[:12]


def known_image(name: str) -> dict[str, Any] | None:
    """The entry of assets/knowledge/base_images.toml for a name as `name_parts` gives it."""
    return next((entry for entry in knowledge("base_images")["image"] if re.fullmatch(entry["match"], name)), None)


def release_of(image: str) -> Release | None:
    """The release that the tag names (`python:3.11-slim-bookworm`), whatever stands in place of variables.

    None where the tag leaves it open (`python:3.11-slim`, `debian:stable`), and for an image that is not in the table.
    """
    name, tag, _ = name_parts(_VARIABLE.sub("$", image))
    entry = known_image(name)
    releases = knowledge("base_images")["releases"]
    for piece in tag.split("-") if entry is not None else ():
        word = piece.removeprefix("ubuntu")
        # A number is a release only of the distributions themselves (`debian:12`, `cuda:…-ubuntu22.04`), not of node.
        is_version = not word[:1].isdigit() or word != piece or name in ("debian", "ubuntu")
        if entry is not None and word in releases and is_version:
            return Release(entry["distribution"], releases[word])
    return None
