"""Bringing the base images in before anything is timed: a pull is no part of a build's own time."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from wizard.dockerfile.document import Document, Stage


def base_images(document: Document, target: Stage) -> tuple[tuple[str, str | None], ...]:
    """The images that a build of this target starts from or copies from, with the platform where one is named.

    Without those whose name is only known with build arguments.
    """
    from wizard.dockerfile.expansion import expanded_base
    from wizard.dockerfile.stages import base_stage, find_stage, reachable, references

    needed = reachable(document, target)
    images: dict[tuple[str, str | None], None] = {}
    for stage in document.stages:
        if stage.index not in needed:
            continue
        base = expanded_base(document, stage)
        if base and base != "scratch" and base_stage(document, stage) is None:
            images[(base, stage.platform)] = None
        for instruction in stage.instructions:
            for reference in references(instruction):
                if find_stage(document, reference) is None and "$" not in reference:
                    images[(reference, None)] = None
    return tuple(images)


def write_warm_up(folder: Path, images: Iterable[tuple[str, str | None]], syntax: str | None) -> None:
    """A build in `folder` (new) that needs every one of the images unpacked, and gives a nearly empty image."""
    folder.mkdir(parents=True, mode=0o700)
    (folder / "marker").write_bytes(b"")
    lines = [f"# syntax={syntax}"] if syntax else []
    copies = []
    for number, (image, platform) in enumerate(images):
        option = f"--platform={platform} " if platform else ""
        lines += [f"FROM {option}{image} AS dockwiz{number}", "COPY marker /dockwiz-marker"]
        copies.append(f"COPY --from=dockwiz{number} /dockwiz-marker /marker{number}")
    (folder / "Dockerfile").write_text("\n".join([*lines, "FROM scratch", *copies, ""]))
