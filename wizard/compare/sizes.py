"""How large the images of a comparison will be, before any of them is built: measured, estimated, or assumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from wizard.build.api import EngineApi, EngineError
from wizard.compare.images import size_of
from wizard.compare.values import Label
from wizard.dockerfile.document import Document, Stage
from wizard.plan.fold import Plan

ASSUMED_BYTES = 2_000_000_000
"""For an image of which nothing is known, not even its base image."""
INSTALLED_BYTES = 1_000_000_000
"""Assumed for what the RUN instructions of a Dockerfile install."""

Basis = Literal["measured", "estimated", "assumed"]
BASES: tuple[Basis, ...] = ("measured", "estimated", "assumed")
"""From the surest to the least sure."""


@dataclass(frozen=True, slots=True)
class ExpectedSize:
    """What an image will take, unpacked."""

    bytes: int
    basis: Basis


@dataclass(frozen=True, slots=True)
class Parts:
    """What is known of an image that was not built yet."""

    base: int | None
    """Its base image, unpacked; None where the engine does not have that."""
    context: int
    """The files that may be copied into it."""
    installs: bool
    """Whether a step may install something."""


def expected_sizes(
    parts: Mapping[Label, Parts], measured: Mapping[Label, int], saved: int
) -> Mapping[Label, ExpectedSize]:
    """The size of each side that is built.

    `measured`: images of earlier builds; `saved`: what the proposals between the sides say they take out of the image.
    """
    return {side: _expected(side, own, measured, saved) for side, own in parts.items()}


def parts_of(api: EngineApi, store: str, document: Document, target: Stage, context: int) -> Parts:
    """Raises NoEngine."""
    from wizard.dockerfile.stages import reachable

    needed = reachable(document, target)
    steps = [i for stage in document.stages if stage.index in needed for i in stage.instructions]
    return Parts(
        base=_base_bytes(api, store, document, target),
        context=context,
        installs=any(instruction.keyword == "RUN" for instruction in steps),
    )


def image_bytes(api: EngineApi, store: str, reference: str) -> int | None:
    """Unpacked size of an image; None where the engine does not have it. Raises NoEngine."""
    try:
        return size_of(api, reference, api.image(reference), store).unpacked
    except EngineError:
        return None


def saved_bytes(plan: Plan) -> int:
    """What the selected proposals say they take out of the image."""
    estimates = (step.proposal.estimate for step in plan.selected if step.proposal.category == "size")
    return sum(estimate.bytes or 0 for estimate in estimates if estimate is not None)


def _expected(side: Label, parts: Parts, measured: Mapping[Label, int], saved: int) -> ExpectedSize:
    if side in measured:
        return ExpectedSize(measured[side], "measured")
    if side == "before" and "after" in measured:
        return ExpectedSize(measured["after"] + saved, "estimated")
    if side == "after" and "before" in measured:
        return ExpectedSize(max(measured["before"] - saved, parts.base or 0), "estimated")
    taken_out_later = saved if side == "before" else 0
    if parts.base is None:
        return ExpectedSize(ASSUMED_BYTES + taken_out_later, "assumed")
    installed = INSTALLED_BYTES if parts.installs else 0
    return ExpectedSize(parts.base + parts.context + installed + taken_out_later, "estimated")


def _base_bytes(api: EngineApi, store: str, document: Document, target: Stage) -> int | None:
    """Of the image that the target's first stage starts from."""
    from wizard.dockerfile.expansion import expanded_base
    from wizard.dockerfile.stages import base_stage

    stage = target
    while (below := base_stage(document, stage)) is not None:
        stage = below
    base = expanded_base(document, stage)
    if base is None:
        return None
    return 0 if base == "scratch" else image_bytes(api, store, base)
