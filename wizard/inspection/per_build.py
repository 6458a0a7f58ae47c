"""Settings of a stage that change with every build, commit or release: GIT_SHA, BUILD_DATE, VERSION and their like."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from wizard.assets import knowledge
from wizard.dockerfile.arguments import pairs
from wizard.dockerfile.document import Instruction, Stage


class Changing(NamedTuple):
    """An ARG, an ENV or a LABEL that is another one in the next build."""

    instruction: Instruction
    names: frozenset[str]
    """The variables that it sets; none for a LABEL."""
    steady: frozenset[str] = frozenset()
    """Those of them that are not known to tell about the build and nothing else: a step may look at them."""
    made_of: frozenset[str] = frozenset()
    """The changing variables that its values name."""


def tells_of_the_build(name: str) -> bool:
    """Whether a variable of this name tells which build, commit or release it is."""
    table = knowledge("per_build")
    upper = name.upper()
    return upper in table["names"]["names"] or upper.endswith(tuple(f"_{end}" for end in table["endings"]["endings"]))


@lru_cache(maxsize=4096)
def changing(stage: Stage) -> tuple[Changing, ...]:
    """The instructions of a stage that set something that changes with every build, or are made of it; in order.

    Kept: it is asked for each stage that is built upon this one.
    """
    found: list[Changing] = []
    known: set[str] = set()
    for instruction in stage.instructions:
        if instruction.keyword not in ("ARG", "ENV", "LABEL"):
            continue
        given = pairs(instruction)
        made_of = frozenset(name for name in known if any(_uses(pair.value, (name,)) for pair in given))
        if instruction.keyword == "LABEL":
            found += [Changing(instruction, frozenset(), made_of=made_of)] if made_of else []
            continue
        names = frozenset(pair.name for pair in given)
        telling = {name for name in names if tells_of_the_build(name)}
        if telling or made_of:
            known |= telling | {pair.name for pair in given if _uses(pair.value, made_of)}
            found.append(Changing(instruction, names, names - telling, made_of))
    return tuple(found)


def _uses(value: str | None, names: Iterable[str]) -> bool:
    return any(re.search(rf"\$\{{?{re.escape(name)}(?!\w)", value or "") for name in names)


def mentions(text: str, names: Iterable[str]) -> bool:
    """Whether one of the variables stands in a text, as `$NAME` or as a bare word."""
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for name in names)
