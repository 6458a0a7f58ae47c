"""What the name of an image says about the conda in it: the root prefix, the user that it runs as, and its age."""

from __future__ import annotations

import re
from typing import NamedTuple

from wizard.assets import knowledge
from wizard.dockerfile.document import Document, Stage
from wizard.dockerfile.stages import base_image
from wizard.inspection.image_names import name_parts


class CondaImage(NamedTuple):
    """An image of assets/knowledge/conda_images.toml."""

    prefix: str
    """The root prefix: `pkgs` in it holds the packages, `envs` the environments."""
    user: str
    old: bool
    """Its tag tells that conda is older than 4.4."""


def conda_image(document: Document, stage: Stage) -> CondaImage | None:
    """The conda of the image that a stage is built upon, None where that is not known to have one."""
    name, tag, _ = name_parts(base_image(document, stage))
    entries = knowledge("conda_images")["image"]
    entry = next((one for one in entries if re.fullmatch(one["match"], name)), None)
    if entry is None:
        return None
    numbers = re.match(r"(\d+)\.(\d+)", tag)
    since = tuple(int(number) for number in entry["since"].split("."))
    old = numbers is not None and (int(numbers[1]), int(numbers[2])) < since
    return CondaImage(entry["prefix"], entry["user"], old)
