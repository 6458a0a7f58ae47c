"""Which stages leave their layers in an image that somebody keeps."""

from __future__ import annotations

from collections.abc import Iterable

from wizard.dockerfile.document import Document, Stage
from wizard.dockerfile.stages import lineage, target_stage
from wizard.inspection.values import Caller


def shipped_stages(document: Document, callers: Iterable[Caller]) -> tuple[Stage, ...]:
    """The last stage, those that callers name as their target, and all that these are built upon; in file order."""
    targets = [None, *dict.fromkeys(caller.target for caller in callers if caller.target)]
    ends = [stage for target in targets if document.stages and (stage := target_stage(document, target))]
    found = {below.index: below for stage in ends for below in lineage(document, stage)}
    return tuple(found[index] for index in sorted(found))
