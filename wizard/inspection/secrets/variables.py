"""The ARG and ENV instructions that hand a secret to the steps of a build."""

from __future__ import annotations

import re
from typing import NamedTuple

from wizard.dockerfile.arguments import Pair, pairs
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.shell import parse_run
from wizard.dockerfile.state import environment
from wizard.inspection.secrets.names import is_secret_name, is_secret_value
from wizard.inspection.steps import SYSTEM_MANAGERS

_NEEDS_NO_SECRET = SYSTEM_MANAGERS | {
    *("mkdir", "chown", "chmod", "rm", "rmdir", "ln", "touch", "set", "true", ":", "cd", "id", "useradd", "groupadd"),
    *(
        "adduser",
        "addgroup",
        "usermod",
        "locale-gen",
        "ldconfig",
        "update-ca-certificates",
        "update-locale",
        "corepack",
    ),
}


class Declaration(NamedTuple):
    """One pair of an ARG or ENV."""

    instruction: Instruction
    pair: Pair
    alone: bool
    """Whether the instruction holds no other pair."""


class Variable(NamedTuple):
    """A variable of the build that holds a secret."""

    name: str
    declarations: tuple[Declaration, ...]
    """In file order; those before the first FROM too."""
    written_out: bool
    """Whether the file itself holds the value."""

    @property
    def in_environment(self) -> tuple[Declaration, ...]:
        """Those by ENV: a container of the image has them."""
        return tuple(one for one in self.declarations if one.instruction.keyword == "ENV")


def secret_variables(document: Document) -> tuple[Variable, ...]:
    """The variables with a secret's name that are set to one, or that a caller is asked for."""
    found: dict[str, list[Declaration]] = {}
    for instruction in document.instructions:
        if instruction.keyword not in ("ARG", "ENV"):
            continue
        here = pairs(instruction)
        for pair in here:
            if is_secret_name(pair.name):
                found.setdefault(pair.name, []).append(Declaration(instruction, pair, len(here) == 1))
    return tuple(
        Variable(name, tuple(declared), any(is_secret_value(name, one.pair.value or "") for one in declared))
        for name, declared in found.items()
        if any(_sets(name, one) for one in declared)
    )


def _sets(name: str, declaration: Declaration) -> bool:
    value = declaration.pair.value
    if declaration.instruction.keyword == "ARG" and value in (None, "", '""', "''"):
        return True
    return value is not None and is_secret_value(name, value)


def passes_on(name: str, value: str | None) -> bool:
    """Whether a value is the variable of the same name and nothing else: `$NAME`, `${NAME}`, `${NAME:-}`, quoted."""
    return re.fullmatch(rf'"?\$(?:{name}|\{{{name}(?::-)?\}})"?', value or "") is not None


def names(text: str, name: str) -> bool:
    """Whether a text has the name as a whole word."""
    return re.search(rf"(?<![\w]){re.escape(name)}(?!\w)", text) is not None


def text_of(document: Document, instruction: Instruction) -> str:
    """An instruction as written, heredocs included."""
    return instruction.span.of(document.source).decode("utf-8", "replace")


def steps_that_may_use(document: Document, name: str) -> tuple[Instruction, ...]:
    """The RUN instructions that have the variable and may read it: all of them but those that name it nowhere and only
    install packages of the system, make folders and accounts, and the like."""
    found = [
        instruction
        for stage in document.stages
        for instruction in stage.instructions
        if instruction.keyword == "RUN"
        and _has(document, stage, instruction, name)
        and (names(text_of(document, instruction), name) or not _needs_none(document, instruction))
    ]
    return tuple(found)


def _has(document: Document, stage: Stage, instruction: Instruction, name: str) -> bool:
    return name in environment(document, stage, instruction).settings


def _needs_none(document: Document, instruction: Instruction) -> bool:
    script = parse_run(document, instruction)
    if script.opaque is not None or not script.commands:
        return False
    return all(command.kind == "command" and command.name in _NEEDS_NO_SECRET for command in script.commands)
