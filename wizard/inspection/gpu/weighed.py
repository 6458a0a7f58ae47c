"""The evidence on the use of a GPU, in two parts: what speaks for a build without CUDA, and what against."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from wizard.inspection.gpu.evidence import FIRM
from wizard.inspection.values import Evidence, GpuEvidence

MOST = 20
"""Lines of each part: a repo may ask for CUDA in hundreds of places."""
_FOR = frozenset({"guarded-call", "cpu-index"})
_AGAINST = frozenset({*FIRM, "unclear-call"})


class Weighed(NamedTuple):
    """Lines of the repo, each once."""

    speaks_for: tuple[Evidence, ...]
    """Code that asks first whether there is a GPU, and indexes of CPU builds."""
    against: tuple[Evidence, ...]


def weighed(signs: Iterable[GpuEvidence]) -> Weighed:
    """The signs, in two parts, each in the order that they were found in."""
    signs = tuple(signs)

    def part(kinds: frozenset[str]) -> tuple[Evidence, ...]:
        return tuple(dict.fromkeys(sign.evidence for sign in signs if sign.kind in kinds))[:MOST]

    against = part(_AGAINST)
    return Weighed(tuple(one for one in part(_FOR) if one not in against), against)
