"""Whether a folder of an image can hold what no instruction of the file has put there: by its place and the image."""

from __future__ import annotations

import posixpath

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.stages import base_image, base_stage, lineage, triggers
from wizard.dockerfile.state import State, environment
from wizard.inspection.copies.below_folder import leads_into, made_by_workdir
from wizard.inspection.copies.placed import lies_in
from wizard.inspection.image_names import known_image, name_parts

_TOP_FOLDERS = frozenset(
    {"bin", "boot", "dev", "etc", "go", "lib", "lib64", "media", "mnt", "proc", "root", "run", "sbin", "sys", "tmp",
     "usr", "var"}
)  # fmt: skip
_ALWAYS_THERE = ("/", "/opt", "/srv", "/home")


def is_of_system(path: str) -> bool:
    """Whether an absolute path is a folder of the system or lies in one; `/usr/src/app` is none."""
    parts = path.strip("/").split("/")
    return parts[0] in _TOP_FOLDERS and not (parts[:2] == ["usr", "src"] and len(parts) > 2)


def unknown_content(document: Document, stage: Stage, folder: str, state: State) -> str | None:
    """Why what is in the folder (absolute) besides what the stage copies there cannot be known; None where it can."""
    image = base_image(document, stage)
    name, tag, _ = name_parts(image)
    parts = folder.strip("/").split("/")
    if "/" in name or known_image(name) is None or "onbuild" in tag:
        return f"what the image {image} has in {folder} is not known"
    if is_of_system(folder) or folder in _ALWAYS_THERE or (parts[0] == "home" and len(parts) < 3):
        return f"{folder} is a folder of the system or a home, and holds more than what is copied"
    if any(part.startswith(".") for part in parts) or (state.home and lies_in(state.home, folder)):
        return f"programs may keep files of their own in {folder}"
    below = lineage(document, stage)
    if any(triggers(document, base_stage(document, one)) for one in below):
        return "an ONBUILD of a stage below may copy files there"
    leading = leads_into(below, state, folder)
    if leading is not None:
        return f"{leading} leads into {folder}, where installs may write"
    return None


def parents_there(document: Document, stage: Stage, before: Instruction, folder: str) -> bool:
    """Whether the folders above one are known to be there without a copy: every image has them, or a WORKDIR that
    stands `before` an instruction makes them."""
    parent = posixpath.dirname(folder)
    workdirs = (
        made_by_workdir(environment(document, one, i), i)
        for one in lineage(document, stage)
        for i in one.instructions
        if i.keyword == "WORKDIR" and i.index < before.index
    )
    return parent in _ALWAYS_THERE or any(made is not None and lies_in(made, parent) for made in workdirs)
