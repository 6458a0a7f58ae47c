"""Secrets that stand in the file outside of ARG and ENV: in addresses, in commands, by their form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from wizard.dockerfile.document import Document, Instruction
from wizard.inspection.masking import KNOWN_FORM
from wizard.inspection.secrets.names import is_secret_value
from wizard.inspection.secrets.variables import text_of

_ADDRESS: Final = re.compile(r"\b[a-z][a-z0-9+.-]*://(?:[^\s/:@\"'$]*:(?P<password>[^\s/@\"']+))@", re.IGNORECASE)
_INTO_FILE: Final = re.compile(
    r"\b(?:echo|printf)\b(?P<said>[^\n;&|]*?)(?:>>?|\|\s*(?:sudo\s+)?tee(?:\s+-a)?)\s*[\"']?(?P<file>[\w./~${}-]+)"
)
_SETTING: Final = re.compile(
    r"(?:_authToken|_password|_auth|password|passwd|token|secret|api_?key)\s*[=:\s]\s*[\"']?(?P<value>[^\s\"'\\;&|]{4,})",
    re.IGNORECASE,
)
_OF_CREDENTIALS: Final = re.compile(
    r"(?:^|/)(?:\.npmrc|\.netrc|\.pypirc|pip\.conf|\.git-credentials|\.pgpass|id_\w+|[\w.-]*(?:token|secret|password|credentials)[\w.-]*)\Z",
    re.IGNORECASE,
)
_OPTION: Final = re.compile(
    r"--(?:[\w-]*-)?(?:password|passwd|token|api-key)(?:=|\s+)[\"']?(?P<value>[^\s\"'$;&|-][^\s\"';&|]*)"
)


class Written(NamedTuple):
    """A secret in an instruction."""

    instruction: Instruction
    what: str
    """`an address with a password`, …: nothing of the value."""


def written_secrets(document: Document) -> tuple[Written, ...]:
    """One for every instruction that holds a secret in its text, ARG and ENV with a secret's name left out."""
    found: list[Written] = []
    for instruction in document.instructions:
        if instruction.keyword != "FROM":
            what = next(_kinds(document, instruction), None)
            found += [] if what is None else [Written(instruction, what)]
    return tuple(found)


def _kinds(document: Document, instruction: Instruction) -> Iterator[str]:
    text = text_of(document, instruction)
    if any(is_secret_value("password", found["password"]) for found in _ADDRESS.finditer(text)):
        yield "an address with a password"
    if KNOWN_FORM.search(text):
        yield "a key or token that is known by its form"
    if instruction.keyword != "RUN":
        return
    for found in _INTO_FILE.finditer(text):
        setting = _SETTING.search(found["said"])
        words = found["said"].strip().strip("\"'")
        literal = setting["value"] if setting else words if _OF_CREDENTIALS.search(found["file"]) else ""
        if literal and re.fullmatch(r"\S{6,}", literal) and is_secret_value("password", literal):
            yield f"a secret that it writes to {found['file']}"
    if any(is_secret_value("password", found["value"]) for found in _OPTION.finditer(text)):
        yield "a secret as the value of an option"
