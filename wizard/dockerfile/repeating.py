"""The settings of a stage as text for another stage, which does not inherit them."""

from __future__ import annotations

from wizard.dockerfile.arguments import decode, pairs
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.state import environment
from wizard.dockerfile.style import style_of

REPEATED = frozenset({"ENV", "ARG", "WORKDIR", "SHELL"})
"""What a stage hands on to those built upon it, and what steps may read."""


def settings_of(document: Document, stage: Stage) -> str:
    """The lines of a stage that another one on the same base image repeats; empty where it sets nothing."""
    return "".join(
        repeated(document, instruction) for instruction in stage.instructions if _counts(document, instruction)
    )


def repeated(document: Document, instruction: Instruction) -> str:
    """The instruction as written; `ENV name value` as `ENV name="value"`, since BuildKit's check warns of every one."""
    text = decode(instruction.span.of(document.source))
    if (
        instruction.keyword == "ENV"
        and "=" not in instruction.words[0].text
        and instruction.start_line == instruction.end_line
    ):
        (pair,) = pairs(instruction)
        if pair.value is not None and not set(pair.value) & set("'\"\\`"):
            value = f'"{pair.value}"' if set(pair.value) & set(" \t") else pair.value
            text = style_of(document).instruction("ENV", f"{pair.name}={value}")
    return text if text.endswith("\n") else text + document.newline


def _counts(document: Document, instruction: Instruction) -> bool:
    """ENV, ARG and SHELL always; of several WORKDIRs the one that counts."""
    if instruction.keyword != "WORKDIR":
        return instruction.keyword in REPEATED
    stage = document.stage_of(instruction)
    assert stage is not None
    after = [i for i in stage.instructions if i.keyword == "WORKDIR" and i.index > instruction.index]
    return not after or environment(document, stage, after[-1]).workdir is None
