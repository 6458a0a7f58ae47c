"""What the name of an image says about the conda in it: the root prefix, and the user that it runs as."""

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
    tag: str


def conda_image(document: Document, stage: Stage) -> CondaImage | None:
    """The conda of the image that a stage is built upon, None where that is not known to have one."""
    name, tag, _ = name_parts(base_image(document, stage))
    entries = knowledge("conda_images")["image"]
    entry = next((one for one in entries if re.fullmatch(one["match"], name)), None)
    return None if entry is None else CondaImage(entry["prefix"], entry["user"], tag)
