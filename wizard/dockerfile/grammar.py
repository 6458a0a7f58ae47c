"""What BuildKit asks of each instruction, with its words where it refuses.

Source: BuildKit's frontend/dockerfile/instructions package. Flags of newer frontends are accepted: the engine in
force has the last word on those.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from wizard.dockerfile.arguments import pairs, split_probe
from wizard.dockerfile.document import Flag, Instruction
from wizard.dockerfile.durations import duration
from wizard.dockerfile.errors import quoted
from wizard.dockerfile.heredocs import is_header
from wizard.dockerfile.lexer import trim
from wizard.dockerfile.mounts import MountError, check_from

KEYWORDS: Final = (
    "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER",
    "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
)  # fmt: skip

_TEXT, _SWITCH, _LIST = "text", "switch", "list"
_FLAGS: Final = {
    "ADD": {
        "chown": _TEXT, "chmod": _TEXT, "link": _SWITCH, "keep-git-dir": _SWITCH, "checksum": _TEXT,
        "unpack": _SWITCH, "exclude": _LIST,
    },
    "COPY": {
        "chown": _TEXT, "from": _TEXT, "chmod": _TEXT, "link": _SWITCH, "exclude": _LIST, "parents": _SWITCH,
    },
    "FROM": {"platform": _TEXT},
    "HEALTHCHECK": {
        "interval": _TEXT, "timeout": _TEXT, "start-period": _TEXT, "start-interval": _TEXT, "retries": _TEXT,
    },
    "RUN": {"mount": _LIST, "network": _TEXT, "security": _TEXT, "device": _LIST},
}  # fmt: skip
_UNCHECKED_FLAGS: Final = frozenset({"ARG", "STOPSIGNAL"})
"""BuildKit never looks at the flags of these."""
_STAGE_NAME: Final = re.compile(r"[a-z][a-z0-9-_.]*\Z")


class Refused(Exception):
    """BuildKit refuses the file; `offset` is the byte that it is about."""

    def __init__(self, message: str, offset: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.offset, self.hint = message, offset, hint


def check_syntax(instruction: Instruction) -> None:
    """What BuildKit refuses while it still splits lines, triggers of ONBUILD included."""
    command = instruction.trigger or instruction
    if command.keyword in ("ENV", "LABEL"):
        try:
            pairs(command)
        except ValueError as error:
            raise Refused(str(error), command.keyword_span.start) from None


def check_instruction(instruction: Instruction) -> None:
    """What BuildKit refuses of one instruction, whatever stands around it."""
    keyword = instruction.keyword
    check = _CHECKS.get(keyword)
    if check is None:
        raise Refused(
            f"unknown instruction: {instruction.written}",
            instruction.keyword_span.start,
            suggestion(instruction.written, KEYWORDS, ignore_case=True),
        )
    if message := check(instruction):
        raise Refused(message, instruction.keyword_span.start)
    if keyword not in _UNCHECKED_FLAGS and not _is_no_healthcheck(instruction):
        _check_flags(instruction)
    if message := _CHECKS_BEHIND_FLAGS.get(keyword, _anything)(instruction):
        raise Refused(message, instruction.keyword_span.start)
    if keyword in ("HEALTHCHECK", "RUN"):
        _check_flag_values(instruction)


def _check_flags(instruction: Instruction) -> None:
    known = _FLAGS.get(instruction.keyword, {})
    seen: set[str] = set()
    for flag in instruction.flags:
        kind = known.get(flag.name)
        if kind is None:
            hint = suggestion(flag.name, tuple(known), ignore_case=False)
            raise Refused(f"unknown flag: --{flag.name}", flag.span.start, hint)
        if flag.name in seen and kind != _LIST:
            raise Refused(f"duplicate flag specified: --{flag.name}", flag.span.start)
        seen.add(flag.name)
        message = _value_refusal(kind, flag)
        if message:
            raise Refused(message, flag.span.start)


def _check_flag_values(instruction: Instruction) -> None:
    """In the order in which BuildKit comes to them, which is not that of the file."""
    order = tuple(_FLAGS[instruction.keyword])
    for flag in sorted(instruction.flags, key=lambda flag: order.index(flag.name) if flag.name in order else -1):
        if instruction.keyword == "HEALTHCHECK":
            message = None if _is_no_healthcheck(instruction) else _health_flag(flag)
        elif flag.name == "network":
            valid = flag.value in ("default", "none", "host")
            message = None if valid else f"invalid network mode {quoted(flag.value or '')}"
        elif flag.name == "mount":
            message = _mount_refusal(flag)
        else:
            message = None
        if message:
            raise Refused(message, flag.span.start)


def _mount_refusal(flag: Flag) -> str | None:
    try:
        check_from(flag.value or "")
    except MountError as error:
        return str(error)
    return None


def _value_refusal(kind: str, flag: Flag) -> str | None:
    if kind == _SWITCH:
        if flag.value == "":
            return f"missing a value on flag: --{flag.name}"
        if (flag.value or "true").lower() not in ("true", "false"):
            return f"expecting boolean value for flag --{flag.name}, not: {flag.value}"
    elif flag.value is None:
        return f"missing a value on flag: --{flag.name}"
    return None


def _health_flag(flag: Flag) -> str | None:
    value = flag.value or ""
    if not value:
        return None
    if flag.name == "retries":
        if not re.fullmatch(r"[-+]?[0-9]+", value):
            return f"strconv.ParseInt: parsing {quoted(value)}: invalid syntax"
        if len(value) > 4000 or not -(2**31) <= int(value) < 2**31:
            return f"strconv.ParseInt: parsing {quoted(value)}: value out of range"
        return f"--retries cannot be negative ({int(value)})" if int(value) < 0 else None
    try:
        nanoseconds = duration(value)
    except ValueError as error:
        return str(error)
    return f"Interval {quoted(flag.name)} cannot be less than 1ms" if nanoseconds and nanoseconds < 10**6 else None


def _at_least_one(instruction: Instruction) -> str | None:
    return None if instruction.words else f"{instruction.keyword} requires at least one argument"


def _exactly_one(instruction: Instruction) -> str | None:
    return None if instruction.words else f"{instruction.keyword} requires exactly one argument"


def _anything(_: Instruction) -> str | None:
    return None


def _from(instruction: Instruction) -> str | None:
    words = [word.text for word in instruction.words]
    if len(words) == 3 and words[1].lower() == "as":
        if not _STAGE_NAME.match(words[2].lower()):
            return (
                f"invalid name for build stage: {quoted(words[2])}, name can't start with a number or contain symbols"
            )
    elif len(words) != 1:
        return "FROM requires either one or three arguments"
    return None


def _pairs(instruction: Instruction) -> str | None:
    found = pairs(instruction)
    if not found:
        return f"{instruction.keyword} requires at least one argument"
    return f"{instruction.keyword} names can not be blank" if any(not pair.name for pair in found) else None


def _copy(instruction: Instruction) -> str | None:
    if len(instruction.words if instruction.json is None else instruction.json) >= 2:
        return None
    return (
        f"{instruction.keyword} requires at least two arguments, but only one was provided. "
        "Destination could not be determined"
    )


def _copy_destination(instruction: Instruction) -> str | None:
    operands = instruction.json
    is_heredoc = is_header(operands[-1] if operands is not None else instruction.words[-1].text)
    return f"{instruction.keyword} cannot accept a heredoc as a destination" if is_heredoc else None


def _health_kind(instruction: Instruction) -> tuple[str, bool]:
    """NONE, CMD or a mistake, and whether something follows it."""
    kind, command = split_probe(instruction.argument)
    return kind.upper(), bool(command if instruction.json is None else instruction.json)


def _is_no_healthcheck(instruction: Instruction) -> bool:
    return instruction.keyword == "HEALTHCHECK" and _health_kind(instruction)[0] == "NONE"


def _healthcheck(instruction: Instruction) -> str | None:
    if not instruction.argument:
        return "HEALTHCHECK requires at least one argument"
    kind, has_command = _health_kind(instruction)
    return "HEALTHCHECK NONE takes no arguments" if kind == "NONE" and has_command else None


def _health_command(instruction: Instruction) -> str | None:
    kind, has_command = _health_kind(instruction)
    if kind not in ("CMD", "NONE"):
        return f"Unknown type {quoted(kind)} in HEALTHCHECK (try CMD)"
    return "Missing command after HEALTHCHECK CMD" if kind == "CMD" and not has_command else None


def _onbuild(instruction: Instruction) -> str | None:
    return "ONBUILD requires at least one argument" if instruction.trigger is None else None


def _trigger(instruction: Instruction) -> str | None:
    if instruction.trigger is None:
        return None
    keyword = trim(instruction.trigger.keyword)
    if keyword == "ONBUILD":
        return "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"
    if keyword in ("MAINTAINER", "FROM"):
        return f"{keyword} isn't allowed as an ONBUILD trigger"
    return None


def _shell(instruction: Instruction) -> str | None:
    if instruction.json == () or not instruction.argument:
        return "SHELL requires at least one argument"
    return "SHELL requires the arguments to be in JSON form" if instruction.json is None else None


def _volume(instruction: Instruction) -> str | None:
    paths = instruction.json if instruction.json is not None else [word.text for word in instruction.words]
    if not all(trim(path) for path in paths):
        return "VOLUME specified can not be an empty string"
    return None


_Check = Callable[[Instruction], str | None]
_CHECKS: Final[dict[str, _Check]] = {
    "ADD": _copy,
    "ARG": _pairs,
    "CMD": _anything,
    "COPY": _copy,
    "ENTRYPOINT": _anything,
    "ENV": _anything,
    "EXPOSE": _at_least_one,
    "FROM": _from,
    "HEALTHCHECK": _healthcheck,
    "LABEL": _anything,
    "MAINTAINER": _exactly_one,
    "ONBUILD": _onbuild,
    "RUN": _anything,
    "SHELL": _anything,
    "STOPSIGNAL": _exactly_one,
    "USER": _exactly_one,
    "VOLUME": _at_least_one,
    "WORKDIR": _exactly_one,
}
_CHECKS_BEHIND_FLAGS: Final[dict[str, _Check]] = {
    "ADD": _copy_destination,
    "COPY": _copy_destination,
    "ENV": _pairs,
    "HEALTHCHECK": _health_command,
    "LABEL": _pairs,
    "ONBUILD": _trigger,
    "SHELL": _shell,
    "VOLUME": _volume,
}
"""What BuildKit looks at only once the flags are good."""


def suggestion(word: str, known: tuple[str, ...], *, ignore_case: bool) -> str | None:
    """`did you mean …?` where a known word is at most two edits away, as BuildKit suggests."""
    wanted = word.upper() if ignore_case else word
    if len(wanted) > 20 or wanted in known:
        return None
    best = min(known, key=lambda other: _distance(wanted, other), default=None)
    if best is None or _distance(wanted, best) > 2:
        return None
    return f"did you mean {best.lower() if ignore_case and word == word.lower() else best}?"


def _distance(one: str, other: str) -> int:
    """Levenshtein's."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        previous, row[0] = row[0], i
        for j, b in enumerate(other, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]
