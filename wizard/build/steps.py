"""What the name of a vertex says: which step of which stage it is, or which of BuildKit's own tasks.

The forms are those of BuildKit's `prefixCommand` (frontend/dockerfile/dockerfile2llb/convert.go):
`[<platform> <stage> i/n] COMMAND`. The platform is there only when several are built, the stage only when the file has
several; the number is padded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

_STEP = re.compile(
    r"^\[(?:(?P<platform>[a-z0-9]+/[^\s\]]+) )?(?:(?P<stage>[^\s\]]+) )?\s*(?P<index>\d+)/(?P<total>\d+)\] "
    r"(?P<link>LINK )?(?P<command>.*)$",
    re.DOTALL,
)
_PLATFORM = r"(?:[a-z0-9]+/[^\s\]]+ )?"
_INTERNAL = re.compile(rf"^\[{_PLATFORM}(?:internal|auth)\] ")
_CONTEXT = re.compile(rf"^\[{_PLATFORM}(?:internal\] load build context$|context [^\]]*\] load from client)")
_EXPORT = re.compile(r"^(?:exporting|pushing|importing to|copying to|merging manifest list|preparing) ")
_IMAGE = re.compile(rf"^(?:FROM |\[{_PLATFORM}context [^\]]*\] )")

SINGLE_STAGE = "stage-0"
"""BuildKit gives the only stage of a file no name."""


class Kind(Enum):
    """What a vertex is for."""

    STEP = "step"
    """A numbered instruction that is not FROM."""
    IMAGE = "image"
    """A base image, or an image or named context that a COPY reads."""
    CONTEXT = "context"
    """The transfer of the build context."""
    EXPORT = "export"
    """Writing the image or the cache."""
    INTERNAL = "internal"
    """Anything else that BuildKit does by itself."""


@dataclass(frozen=True, slots=True)
class StepName:
    """A numbered vertex name, taken apart."""

    platform: str | None
    stage: str
    """Lower case, as BuildKit prints it; `stage-0` where the file has one stage."""
    only_stage: bool
    """The name carries no stage: the file has one stage, whatever it is called."""
    index: int
    total: int
    command: str
    """The instruction with variables expanded."""
    link: bool
    """The second vertex of a `COPY --link`, which merges the copied layer."""


def parse_name(name: str) -> StepName | None:
    """The parts of a numbered vertex name, None for any other."""
    match = _STEP.match(name)
    if match is None:
        return None
    return StepName(
        platform=match["platform"],
        stage=match["stage"] or SINGLE_STAGE,
        only_stage=match["stage"] is None,
        index=int(match["index"]),
        total=int(match["total"]),
        command=match["command"],
        link=match["link"] is not None,
    )


def kind_of(name: str) -> Kind:
    """What the vertex of that name is for."""
    step = parse_name(name)
    if step is not None:
        return Kind.IMAGE if step.command.upper().startswith("FROM ") else Kind.STEP
    if _CONTEXT.match(name):
        return Kind.CONTEXT
    if _INTERNAL.match(name):
        return Kind.INTERNAL
    if _IMAGE.match(name):
        return Kind.IMAGE
    return Kind.EXPORT if _EXPORT.match(name) else Kind.INTERNAL
