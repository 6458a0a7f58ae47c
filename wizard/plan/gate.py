"""What every result must pass before it may be proposed: read anew, it has to be exactly what was planned."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from wizard.dockerfile.document import Document
from wizard.dockerfile.expansion import expanded_base
from wizard.dockerfile.planned import difference, readings
from wizard.dockerfile.scanner import parse
from wizard.errors import DockwizError
from wizard.ignorefile import parse as parse_ignore_file
from wizard.inspection.frontend import frontend_of, used_features
from wizard.rules.base import Proposal, View
from wizard.workspace import Workspace


def objection(view: View, proposal: Proposal, after: Workspace) -> str | None:
    """Why `after` may not be offered, in words; None where it passes.

    The Dockerfile must be one that BuildKit accepts, hold the instructions that the proposal planned and the parser
    directives of before, keep every stage name, and use nothing that the frontend in force does not have; ignore files
    must be readable; `dockerfile-parse`, as a second reader, must not lose agreement with us that it had before.
    """
    try:
        document = parse(after.read(view.dockerfile), view.dockerfile)
        for path, content in after.overlay.items():
            if path.endswith(".dockerignore") and content is not None:
                parse_ignore_file(content, path)
    except DockwizError as error:
        return f"the planned {error}"
    if document.source == view.document.source:
        return None
    return (
        _unplanned(view.document, proposal, document)
        or _lost_stage(view, document)
        or _not_in_frontend(view, document)
        or _second_reading(view.document, document)
    )


def _unplanned(before: Document, proposal: Proposal, after: Document) -> str | None:
    planned = readings(before) if proposal.planned is None else proposal.planned
    wrong = difference(planned, after)
    if wrong is not None:
        return f"the planned {after.path} reads otherwise than its edits say: {wrong}"
    if _directives(before) != _directives(after):
        return f"the parser directives of {after.path} would change"
    return None


def _directives(document: Document) -> list[tuple[str, str]]:
    return [(directive.name, directive.value) for directive in document.directives]


def _lost_stage(view: View, document: Document) -> str | None:
    names = {stage.name.lower() for stage in document.stages if stage.name}
    for stage in view.document.stages:
        if stage.name and stage.name.lower() not in names:
            return f"the stage {stage.name} is gone"
    return None


def _not_in_frontend(view: View, after: Document) -> str | None:
    """What the file used before is known to work; anything new has to be in the frontend."""
    frontend = frontend_of(view.document, view.inspection.engine)
    for feature in sorted(used_features(after) - used_features(view.document)):
        if not frontend.has(feature):
            return frontend.lacks(feature)
    return None


def doubts(view: View, after: Workspace) -> tuple[str, ...]:
    """What was taken for granted about the frontend when `after` passed, in sentences for people."""
    document = parse(after.read(view.dockerfile), view.dockerfile)
    frontend = frontend_of(view.document, view.inspection.engine)
    features = sorted(used_features(document) - used_features(view.document))
    return tuple(dict.fromkeys(doubt for feature in features if (doubt := frontend.doubt(feature))))


_OPERATOR = re.compile(r"\$\{\w+[^}\w]")


class _Outline(NamedTuple):
    """What both readers tell of a file."""

    keywords: tuple[str, ...]
    bases: tuple[str, ...]
    """What the FROM lines name, ARGs put in."""


def _second_reading(before: Document, after: Document) -> str | None:
    """Why a reading that dockerfile-parse confirmed before does not hold any more; None where it does.

    It has no voice where it is known to misread (heredocs, whose bodies it takes for instructions; operators in the
    variables of a FROM), nor where it read something else than we did before the change.
    """
    if any(instruction.heredocs for instruction in after.instructions):
        return None
    was, now = _read_by_dockerfile_parse(before.source), _read_by_dockerfile_parse(after.source)
    if was is None or was.keywords != _outline(before).keywords:
        return None
    ours = _outline(after)
    if now is None or now.keywords != ours.keywords:
        other, own = _first_difference(now.keywords if now else (), ours.keywords)
        return f"dockerfile-parse reads {_named(other)} where we read {_named(own)}"
    expands = not any(_OPERATOR.search(stage.base) for stage in after.stages)
    if expands and was.bases == _outline(before).bases and now.bases != ours.bases:
        other, own = _first_difference(now.bases, ours.bases)
        return f"dockerfile-parse reads FROM {_named(other)} where we read FROM {_named(own)}"
    return None


def _outline(document: Document) -> _Outline:
    return _Outline(
        tuple(instruction.keyword for instruction in document.instructions),
        tuple(expanded_base(document, stage) or stage.base for stage in document.stages),
    )


def _first_difference(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The first entries in which two lists differ; none for the list that has ended."""
    index = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[index : index + 1], other[index : index + 1]


def _named(entries: tuple[str, ...]) -> str:
    return entries[0] if entries else "nothing"


@lru_cache(maxsize=2)
def _read_by_dockerfile_parse(source: bytes) -> _Outline | None:
    """What it makes of a Dockerfile; kept for two files, because what is after one step is before the next."""
    import io

    from dockerfile_parse import DockerfileParser

    try:
        parser = DockerfileParser(fileobj=io.BytesIO(source))
        keywords = tuple(entry["instruction"] for entry in parser.structure if entry["instruction"] != "COMMENT")
        return _Outline(keywords, tuple(parser.parent_images))
    except Exception:
        # A second opinion that cannot be had is none: the library raises many kinds of errors on legal files.
        return None
