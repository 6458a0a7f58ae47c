"""Newer releases of base images: what has to be asked of a registry, and what its answers come to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from wizard.assets import knowledge
from wizard.dockerfile.document import Document, Instruction
from wizard.dockerfile.stages import base_image, base_stage
from wizard.inspection.ecosystems.python import version_of_image
from wizard.inspection.image_names import known_image, name_parts, release_of
from wizard.inspection.questions import Answer, DigestQuestion, Question, VersionQuestion

_PATCH = re.compile(r"(?P<minor>\d+\.\d+)\.(?P<patch>\d+)(?P<variant>-[\w.-]+)?\Z")


class Base(NamedTuple):
    """An image that a FROM names plainly, with a tag."""

    instruction: Instruction
    reference: str
    """Without digest, as written."""
    digest: str
    """`sha256:…`, or "" where it is not pinned."""


class NewerBase(NamedTuple):
    """What a FROM may name instead."""

    base: Base
    reference: str
    """Without digest."""
    digest: str
    """"" where the old one is not pinned either."""

    @property
    def whole(self) -> str:
        return f"{self.reference}@{self.digest}" if self.digest else self.reference

    @property
    def kind(self) -> str:
        """What is newer: `patch` release or `digest`."""
        return "digest" if self.reference == self.base.reference else "patch"


def named_bases(document: Document) -> tuple[Base, ...]:
    """The images that stages start from, as far as FROM names them without a variable and on one line."""
    found = []
    for stage in document.stages:
        instruction = stage.instructions[0]
        span = instruction.words[0].span
        plain = base_stage(document, stage) is None and "$" not in stage.base
        if plain and span.of(document.source) == stage.base.encode():
            reference, _, digest = stage.base.partition("@")
            if name_parts(reference)[1]:
                found.append(Base(instruction, reference, digest))
    return tuple(found)


def newer_base(base: Base, answers: Mapping[Question, Answer]) -> NewerBase | Question | Answer | None:
    """The newer patch release or digest of a base; the question that has to be answered first; the answer that says why
    nothing is known; None where there is nothing newer."""
    reference = base.reference
    patch = _patch_question(base)
    if patch is not None:
        if patch not in answers:
            return patch
        if answers[patch].text is None:
            return answers[patch]
        reference = _with_patch(base, answers[patch].text) or reference
    if not base.digest:
        return NewerBase(base, reference, "") if reference != base.reference else None
    asked = DigestQuestion(reference)
    if asked not in answers or answers[asked].text is None:
        return answers.get(asked, asked)
    digest = answers[asked].text or ""
    return NewerBase(base, reference, digest) if digest != base.digest else None


def past_support(document: Document) -> Iterator[tuple[Instruction, str]]:
    """What the stages are built upon that gets no security fixes any more: the FROM, and a clause about it.

    Source: assets/knowledge/support.toml.
    """
    table = knowledge("support")
    for stage in document.stages:
        if base_stage(document, stage) is not None:
            continue
        image = base_image(document, stage)
        python, release = version_of_image(image), release_of(image)
        found = (
            ("python", "{}.{}".format(*python) if python else ""),
            (release.distribution if release else "", release.name if release else ""),
        )
        for kind, name in found:
            until = table.get(kind, {}).get(name)
            if until is not None and until < table["as_of"]:
                yield stage.instructions[0], f"{table[kind]['label']} {name} gets no security fixes since {until}"


def _patch_question(base: Base) -> VersionQuestion | None:
    """Which patch release the tag of the minor version names now; None for a tag that names no patch release."""
    name, tag, _ = name_parts(base.reference)
    entry, match = known_image(name), _PATCH.match(tag)
    variable = (entry or {}).get("version_variable")
    if variable is None or match is None:
        return None
    return VersionQuestion(f"{base.reference.removesuffix(tag)}{match['minor']}{match['variant'] or ''}", variable)


def _with_patch(base: Base, version: str | None) -> str | None:
    """The reference with a newer patch release of the same minor version; None where it is none."""
    tag = name_parts(base.reference)[1]
    old, new = _PATCH.match(tag), _PATCH.match(version or "")
    if old is None or new is None or new["minor"] != old["minor"] or int(new["patch"]) <= int(old["patch"]):
        return None
    return f"{base.reference.removesuffix(tag)}{version}{old['variant'] or ''}"
