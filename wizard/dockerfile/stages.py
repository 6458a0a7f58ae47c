"""How the stages of a file refer to each other."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import lru_cache

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.expansion import expanded_base, hashable

_NUMBER = re.compile(r"\+?[0-9]{1,18}\Z")


def find_stage(document: Document, reference: str, before: Stage | None = None) -> Stage | None:
    """The stage that a `--from` or (with `before`: that stage's) FROM means, by name or number.

    None for an image or a named context. A name is looked up without regard to its case, except in FROM, where
    BuildKit compares with the lower-case name, sees earlier stages only, and knows no numbers.
    """
    if before is not None:
        named = _numbers(document).get(reference, ())
        earlier = bisect_left(named, before.index)
        return document.stages[named[earlier - 1]] if earlier else None
    if _NUMBER.match(reference):
        number = int(reference)
        return document.stages[number] if number < len(document.stages) else None
    return _named(document, reference)


def target_stage(document: Document, target: str | None) -> Stage | None:
    """The stage that a `--target` means, the last for none at all; None where the engine finds none.

    By name only: `--target 0` is "could not be found" (tried on engine 28.5; `findStateByName` in BuildKit).
    """
    return _named(document, target) if target else document.stages[-1]


def _named(document: Document, name: str) -> Stage | None:
    numbers = _numbers(document).get(name.lower())
    return document.stages[numbers[-1]] if numbers else None


@lru_cache(maxsize=16)
def _numbers(document: Document) -> Mapping[str, Sequence[int]]:
    """The numbers of the stages by their lower-case names, ascending."""
    numbers: dict[str, list[int]] = {}
    for stage in document.stages:
        if stage.name:
            numbers.setdefault(stage.name.lower(), []).append(stage.index)
    return numbers


def base_stage(document: Document, stage: Stage, build_arguments: Mapping[str, str] | None = None) -> Stage | None:
    """The stage that this one is built upon, None where that is an image."""
    return _bases(document, hashable(build_arguments))[stage.index]


@lru_cache(maxsize=16)
def _bases(document: Document, build_arguments: tuple[tuple[str, str], ...]) -> tuple[Stage | None, ...]:
    """The base of every stage, by number: every walk along a lineage asks again."""
    given = dict(build_arguments)
    return tuple(
        find_stage(document, expanded_base(document, stage, given) or stage.base, before=stage)
        for stage in document.stages
    )


def mount_options(value: str) -> dict[str, str]:
    """The `key=value` fields of a `--mount` flag, keys lower case; switches map to an empty string."""
    fields = (field.partition("=") for field in value.split(","))
    return {key.strip().lower(): text for key, _, text in fields}


def references(instruction: Instruction) -> tuple[str, ...]:
    """What an instruction's `--from` and `--mount=…,from=` name: stages, images or named contexts."""
    if not instruction.flags:
        return ()
    if instruction.keyword == "COPY":
        source = instruction.flag("from")
        return (source,) if source else ()
    if instruction.keyword == "RUN":
        mounts = (mount_options(flag.value or "") for flag in instruction.flags if flag.name == "mount")
        return tuple(mount["from"] for mount in mounts if mount.get("from"))
    return ()


def source_stage(document: Document, instruction: Instruction, reference: str) -> Stage | None:
    """The stage that a reference of this instruction means; only COPY may name it by its number."""
    by_name = instruction.keyword != "COPY" and _NUMBER.match(reference)
    return None if by_name else find_stage(document, reference)


def triggers(document: Document, base: Stage | None) -> tuple[Instruction, ...]:
    """What the ONBUILDs of a base stage run in the stage that is built upon it, directly after its FROM.

    Only those of the stage directly below: BuildKit forgets them once they have run.
    """
    return _triggers(document).get(base.index, ()) if base else ()


@lru_cache(maxsize=16)
def _triggers(document: Document) -> Mapping[int, tuple[Instruction, ...]]:
    """Those of every stage that has some, by its number: a base is asked for with each stage upon it."""
    found = {stage.index: tuple(i.trigger for i in stage.instructions if i.trigger) for stage in document.stages}
    return {number: them for number, them in found.items() if them}


def dependencies(document: Document, stage: Stage) -> tuple[Stage, ...]:
    """The stages that this one needs directly: its base, `COPY --from`, `RUN --mount=…,from=`; each once."""
    return _dependencies(document, stage.index)


@lru_cache(maxsize=4096)
def _dependencies(document: Document, index: int) -> tuple[Stage, ...]:
    """Kept: every walk through the file asks again."""
    stage = document.stages[index]
    base = base_stage(document, stage)
    found = {base.index: base} if base else {}
    for instruction in (*triggers(document, base), *stage.instructions):
        for reference in references(instruction):
            other = source_stage(document, instruction, reference)
            if other is not None:
                found[other.index] = other
    return tuple(found.values())


def reachable(document: Document, *targets: Stage) -> frozenset[int]:
    """The numbers of the stages that BuildKit builds for these targets, their own included."""
    seen: set[int] = set()
    todo = list(targets)
    while todo:
        stage = todo.pop()
        if stage.index not in seen:
            seen.add(stage.index)
            todo += dependencies(document, stage)
    return frozenset(seen)


def lineage(document: Document, stage: Stage, build_arguments: Mapping[str, str] | None = None) -> tuple[Stage, ...]:
    """The stages that this one is built upon, the first in the file first, itself last."""
    bases = _bases(document, hashable(build_arguments))
    chain = [stage]
    while (base := bases[chain[-1].index]) is not None:
        chain.append(base)
    return tuple(reversed(chain))


def built_upon(document: Document, stage: Stage) -> tuple[Stage, ...]:
    """This stage and those that are built upon it, directly or not, in the order of the file."""
    bases = _bases(document, ())
    found = {stage.index: stage}
    for other in document.stages[stage.index + 1 :]:
        base = bases[other.index]
        if base is not None and base.index in found:
            found[other.index] = other
    return tuple(found.values())


def base_image(document: Document, stage: Stage, build_arguments: Mapping[str, str] | None = None) -> str:
    """The image that a stage is built upon in the end, defaults of ARGs put in; as written where one has none."""
    return _base_images(document, hashable(build_arguments))[stage.index]


@lru_cache(maxsize=16)
def _base_images(document: Document, build_arguments: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """The image under every stage, by number: a stage that is built upon another has that one's."""
    given, found = dict(build_arguments), list[str]()
    for stage, base in zip(document.stages, _bases(document, build_arguments), strict=True):
        found.append(found[base.index] if base else expanded_base(document, stage, given) or stage.base)
    return tuple(found)
