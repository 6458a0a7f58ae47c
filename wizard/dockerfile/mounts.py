"""The value of `RUN --mount`: comma-separated fields, and what BuildKit refuses of them.

Source: BuildKit's frontend/dockerfile/instructions/commands_runmount.go (0.25) and tonistiigi/go-csvvalue.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from wizard.dockerfile.errors import quoted
from wizard.dockerfile.expansion import Variables
from wizard.dockerfile.lexer import lex

TYPES: Final = frozenset({"bind", "cache", "tmpfs", "secret", "ssh"})
_SHARING: Final = frozenset({"shared", "private", "locked"})
_TRUE_OR_FALSE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"})
_SWITCHES: Final = frozenset({"readonly", "ro", "readwrite", "rw"})
_TEXTS: Final = frozenset({"from", "source", "src", "target", "dst", "destination", "id", "env"})
_SIZE: Final = re.compile(r"[0-9]+(?:\.[0-9]+)* ?(?:[kKmMgGtTpP]?(?:[iI]?[bB])?|[bB])\Z")
_NUMBERS: Final = {"mode": (re.compile(r"[0-7]+\Z"), 8), "uid": (re.compile(r"[0-9]+\Z"), 10)}
_NUMBERS["gid"] = _NUMBERS["uid"]


class MountError(ValueError):
    """BuildKit refuses the mount; the message has its words."""


def mount_fields(value: str) -> list[str]:
    """The fields of a mount, quotes taken off; raises MountError for quotes that do not match."""
    if not value:
        raise MountError("failed to parse csv mounts: EOF")
    fields: list[str] = []
    at = 0
    while True:
        if not value.startswith('"', at):
            end = value.find(",", at) % (len(value) + 1)
            if (quote := value.find('"', at, end)) >= 0:
                raise _csv_error(value, quote, 'bare " in non-quoted-field')
            fields.append(value[at:end])
        else:
            found = re.compile(r'"((?:[^"]|"")*)"').match(value, at)
            end = found.end() if found else len(value)
            if found is None or (end < len(value) and value[end] != ","):
                last = value.rfind('"', at, end)
                place = end - 1 if found else (last + 1 if last > at or last == at else at)
                raise _csv_error(value, place, 'extraneous or missing " in quoted-field')
            fields.append(found[1].replace('""', '"'))
        if end >= len(value):
            return fields
        at = end + 1


def _csv_error(value: str, at: int, reason: str) -> MountError:
    column = len(value[:at].encode("utf-8", "surrogateescape")) + 1
    return MountError(f"failed to parse csv mounts: parse error on line 1, column {column}: {reason}")


def check_from(value: str) -> None:
    """Raises MountError for what BuildKit refuses while it reads the instruction."""
    for field in mount_fields(value):
        key, _, source = field.partition("=")
        if key.lower() == "from" and "$" in source[:-1]:
            raise MountError("'from' doesn't support variable expansion, define alias stage instead")


def check_mount(value: str, escape: str) -> None:
    """Raises MountError for what BuildKit refuses once it expands the variables, LexError for one it cannot expand.

    A field that holds a variable may be anything.
    """
    fields: dict[str, str | None] = {"type": "bind"}
    for field in _expanded(value, escape):
        if field.has_value:
            fields[_ALIASES.get(field.key, field.key)] = field.value
            _check_field(field.key, field.value, field.written, fields["type"])
        elif field.key == "required":
            _check_required(fields["type"])
        elif field.key not in _SWITCHES:
            raise MountError(f"invalid field '{field.written}' must be a key=value pair")
    _check_together(fields)


def mounts_over_root(value: str, escape: str) -> bool:
    """Whether a mount names `/` itself as its target. One that names none lies in the working directory."""
    fields: dict[str, str | None] = {"type": "bind"}
    fields |= {_ALIASES.get(field.key, field.key): field.value for field in _expanded(value, escape)}
    return (fields["type"] or "").lower() in ("bind", "cache", "tmpfs") and fields.get("target") == "/"


class _Field(NamedTuple):
    """One field of a mount."""

    key: str
    written: str
    has_value: bool
    value: str | None
    """None where it holds a variable: it may be anything."""


def _expanded(value: str, escape: str) -> Iterator[_Field]:
    """The fields one by one, so that the first fault is the one that BuildKit meets first."""
    for written in mount_fields(value):
        key, sign, text = written.partition("=")
        lexed = lex(text, Variables({}), escape)
        yield _Field(key.lower(), written, bool(sign), lexed.text if lexed.known else None)


_ALIASES: Final = {"src": "source", "dst": "target", "destination": "target"}


def _check_required(kind: str | None) -> None:
    if kind not in (None, "secret", "ssh"):
        raise MountError(f"unexpected key 'required' for mount type '{kind}'")


def _check_field(key: str, value: str | None, field: str, kind: str | None) -> None:
    if key == "required":
        _check_required(kind)
    if key == "size" and kind not in (None, "tmpfs"):
        raise MountError(f"unexpected key 'size' for mount type '{kind}'")
    if key not in _TEXTS | _SWITCHES | _NUMBERS.keys() | {"type", "sharing", "required", "size"}:
        raise MountError(f"unexpected key '{key}' in '{field}'")
    if value is None:
        return
    if key == "type" and value.lower() not in TYPES:
        raise MountError(f"unsupported mount type {quoted(value)}")
    if key == "sharing" and value.lower() not in _SHARING:
        raise MountError(f"unsupported sharing value {quoted(value)}")
    if key in _SWITCHES | {"required"} and value not in _TRUE_OR_FALSE:
        raise MountError(f"invalid value for {key}: {value}")
    if key == "size" and not _SIZE.match(value):
        raise MountError(f"invalid value for {key}: {value}")
    if key in _NUMBERS:
        digits, base = _NUMBERS[key]
        if not digits.match(value) or len(value.lstrip("0")) > 11 or int(value, base) >= 2**32:
            raise MountError(f"invalid value {value} for {key}")


def _check_together(fields: dict[str, str | None]) -> None:
    kind = fields["type"]
    if kind is None:
        return
    kind = kind.lower()
    if kind in ("bind", "tmpfs"):
        for key in ("mode", "uid", "gid"):
            if key in fields:
                raise MountError(f"{key} not allowed for {quoted(kind)} type mounts")
    if kind == "secret":
        _check_secret(fields)
    if fields.get("sharing") and kind != "cache":
        raise MountError(f"invalid cache sharing set for {kind} mount")


def _check_secret(fields: dict[str, str | None]) -> None:
    if fields.get("from"):
        raise MountError("secret mount should not have a from")
    if fields.get("sharing"):
        raise MountError("secret mount should not define sharing")
    named = [fields.get(key, "") for key in ("source", "target", "id")]
    if not any(name or name is None for name in named):
        raise MountError("invalid secret mount. one of source, target required")
    if fields.get("source") and fields.get("id"):
        raise MountError("both source and id can't be set")
