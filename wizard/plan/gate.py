"""What every result must pass before it may be proposed."""

from __future__ import annotations

from functools import lru_cache

from wizard.dockerfile.document import Document
from wizard.dockerfile.scanner import parse
from wizard.errors import DockwizError
from wizard.ignorefile import parse as parse_ignore_file
from wizard.rules.base import View
from wizard.workspace import Workspace


def objection(view: View, after: Workspace) -> str | None:
    """Why `after` may not be offered, in words; None where it passes.

    The Dockerfile must still be one that BuildKit accepts and reach every stage that a caller names; ignore files must
    be readable; `dockerfile-parse`, as a second reader, must not lose agreement with us that it had before.
    """
    try:
        document = parse(after.read(view.dockerfile), view.dockerfile)
        for path, content in after.overlay.items():
            if path.endswith(".dockerignore") and content is not None:
                parse_ignore_file(content, path)
    except DockwizError as error:
        return str(error)
    if after.read(view.dockerfile) == view.document.source:
        return None
    return _lost_stage(view, document) or _second_reading(view.document, document)


def _lost_stage(view: View, document: Document) -> str | None:
    names = {stage.name.lower() for stage in document.stages if stage.name}
    for stage in view.document.stages:
        if stage.name and stage.name.lower() not in names:
            return f"the stage {stage.name} is gone"
    return None


def _second_reading(before: Document, after: Document) -> str | None:
    """Why a reading that dockerfile-parse confirmed before does not hold any more; None where it does."""
    if any(instruction.heredocs for instruction in after.instructions):
        return None
    if _other_keywords(before) != _keywords(before):
        return None
    if _other_keywords(after) != _keywords(after):
        return "dockerfile-parse reads other instructions than we planned"
    return None


def _keywords(document: Document) -> list[str]:
    return [instruction.keyword for instruction in document.instructions]


def _other_keywords(document: Document) -> list[str] | None:
    return _read_by_dockerfile_parse(document.source)


@lru_cache(maxsize=2)
def _read_by_dockerfile_parse(source: bytes) -> list[str] | None:
    """The keywords of a Dockerfile; kept for two files, because what is after one step is before the next."""
    import io

    from dockerfile_parse import DockerfileParser

    try:
        parser = DockerfileParser(fileobj=io.BytesIO(source))
        return [entry["instruction"] for entry in parser.structure if entry["instruction"] != "COMMENT"]
    except Exception:
        # A second opinion that cannot be had is none: the library raises many kinds of errors on legal files.
        return None
