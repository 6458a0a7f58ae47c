"""Keeps secret values out of what is shown and stored.

BuildKit expands build arguments and variables in the names of steps, so a secret handed over as one appears in the
progress of the build. What counts is the name, as in BuildKit's own check SecretsUsedInArgOrEnv.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from wizard.dockerfile.document import Document
from wizard.errors import DockwizError

MASK = "********"

_NAME = re.compile(
    r"(?:^|_)(?:api_?key|auth|credentials?|key|pass(?:word|wd|phrase)|pword|pwd|secret|token)(?:_|$)", re.IGNORECASE
)
_PUBLIC = re.compile(r"(?:^|_)public(?:_|$)", re.IGNORECASE)
_USER_IN_URL = re.compile(r"(?<=://)[^/@\s]+(?=@)")

_SHORTEST = 4
"""Shorter values would blot out words that have nothing to do with them."""


def looks_secret(name: str) -> bool:
    """Whether a variable of that name usually holds a secret."""
    return bool(_NAME.search(name)) and not _PUBLIC.search(name)


def masked(name: str, value: str) -> str:
    """The value as it may be shown: nothing of a secret, nothing of the user and password in an address."""
    return MASK if looks_secret(name) else _USER_IN_URL.sub(MASK, value)


def secret_values(build_args: Mapping[str, str | None], dockerfile: bytes) -> frozenset[str]:
    """The values that must not appear: of build arguments, and of ENV and ARG instructions.

    A build argument without a value has that of the environment variable.
    """
    given = {name: os.environ.get(name, "") if value is None else value for name, value in build_args.items()}
    found: set[str] = set()
    for name, value in (*given.items(), *_assignments(dockerfile)):
        if looks_secret(name):
            found.add(value)
        elif "://" in value and "@" in value:
            found.add(urlsplit(value).password or "")
    return frozenset(value for value in found if len(value) >= _SHORTEST and "$" not in value)


def redact(line: bytes, secrets: Iterable[str]) -> bytes:
    """A line of the builder with the values masked, inside encoded output and source text too."""
    longest_first = sorted(secrets, key=len, reverse=True)
    for value in longest_first:
        line = line.replace(json.dumps(value)[1:-1].encode(), MASK.encode())
    line = mask(line, longest_first)
    if b'"logs"' not in line and b'"sourceInfo"' not in line:
        return line
    try:
        message = json.loads(line)
        encoded = [
            *message.get("logs", ()),
            *(warning.get("sourceInfo", {}) for warning in message.get("warnings", ())),
        ]
        for holder in encoded:
            data = base64.b64decode(holder.get("data", ""))
            holder["data"] = base64.b64encode(mask(data, longest_first)).decode()
    except (ValueError, TypeError, AttributeError):
        return line
    return json.dumps(message).encode() + b"\n"


def mask(text: bytes, secrets: Iterable[str]) -> bytes:
    """The text with the values masked."""
    for value in sorted(secrets, key=len, reverse=True):
        text = text.replace(value.encode(), MASK.encode())
    return text


def _assignments(dockerfile: bytes) -> Iterator[tuple[str, str]]:
    """Names and values of ENV and ARG, quotes removed. Values with expansions are left as they are."""
    try:
        document = _parse(dockerfile)
    except DockwizError:
        return
    for instruction in document.instructions:
        if instruction.keyword not in ("ENV", "ARG") or not instruction.words:
            continue
        if instruction.keyword == "ENV" and "=" not in instruction.words[0].text:
            name, _, value = instruction.argument.partition(" ")
            yield name, value.strip().strip("\"'")
            continue
        for word in instruction.words:
            name, _, value = word.text.partition("=")
            yield name, value.strip("\"'")


def _parse(dockerfile: bytes) -> Document:
    from wizard.dockerfile.scanner import parse

    return parse(dockerfile)
