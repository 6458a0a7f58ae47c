"""Which folder a command of a RUN works in, where the commands before it change that with `cd`."""

from __future__ import annotations

import posixpath
import re
from typing import Final

from wizard.dockerfile.script import Command, Script
from wizard.dockerfile.state import State

_MOVERS: Final = frozenset({"cd", "pushd", "popd", "eval", "source", "."})
"""What may change the folder of the commands that follow."""
_SETTERS: Final = frozenset({"export", "read", "declare", "typeset", "local", "readonly", "unset", "getopts"})
"""What may give a variable another value than the file does."""
_IN_ORDER: Final = frozenset({"", "&&", ";", "\n"})
_VARIABLE: Final = re.compile(r"\$\{?(\w+)")
_PATTERN: Final = re.compile(r"[*?\[~{]")


def folder_at(script: Script, command: Command, state: State, start: str) -> str | None:
    """The absolute folder that a command works in, when its RUN starts in `start`; None where that is not worked out.

    A `cd` counts where it is a command of its own that runs before the other in any case, and its operand is literal
    or has a value that the file gives (not a build argument: another build may give another). A failed `cd` in front
    of `;` is not thought of: the folder is then missing.
    """
    before = _before(script, command)
    folder = start if before is not None else None
    for one in before or ():
        if one.name in _MOVERS:
            folder = None if folder is None else _entered(script, one, state, start, folder)
    return folder


def entered(script: Script, state: State, start: str) -> tuple[str | None, ...]:
    """The folders that the `cd` commands of a RUN lead to, None for one that is not worked out."""
    found: list[str | None] = []
    for command in script.commands:
        if command.name in _MOVERS:
            folder = folder_at(script, command, state, start)
            found.append(None if folder is None else _entered(script, command, state, start, folder))
    return tuple(found)


def _before(script: Script, command: Command) -> tuple[Command, ...] | None:
    """The commands that the same shell runs before this one, without fail and one after the other; None where they
    cannot be told. Nothing is asked where no command can change the folder."""
    movers = [one for one in script.commands if one.name in _MOVERS and one.span.start <= command.span.start]
    if not movers:
        return ()
    top = [one for one in script.top if one.span.start <= command.span.start]
    row = top
    if command.nested:
        around = top[-1] if top and _holds(top[-1], command) else None
        inside = [one for one in script.commands if one.nested and around is not None and _holds(around, one)]
        if around is None or around.kind != "subshell" or any(one.kind != "command" for one in inside):
            return None
        row = [*top[:-1], *(one for one in inside if one.span.start <= command.span.start)]
        joins = [one.joined_by for one in (*top, *row[len(top) :])]
    else:
        joins = [one.joined_by for one in row]
    in_subshells = [s for s in top if s.kind == "subshell" and not _holds(s, command)]
    elsewhere = [m for m in movers if m not in row and not any(_holds(s, m) for s in in_subshells)]
    plain = not any(one.piped or one.background or one.negated for one in row)
    if elsewhere or not plain or not _IN_ORDER.issuperset(joins):
        return None
    return tuple(row[:-1])


def _holds(outer: Command, inner: Command) -> bool:
    return outer.span.start <= inner.span.start and inner.span.end <= outer.span.end and outer is not inner


def _entered(script: Script, command: Command, state: State, start: str, folder: str) -> str | None:
    """Where a `cd` leads from a folder."""
    words = command.words[1:]
    if command.name != "cd" or len(words) != 1 or command.redirects or command.substitutes or command.assignments:
        return None
    value = words[0].value
    if value is None:
        sets = any(one.assignments or one.name in _SETTERS or one.kind == "compound" for one in script.commands)
        asked = any(name in state.args for name in _VARIABLE.findall(words[0].text))
        value = None if sets or asked else state.expand(words[0].text)
    if not value or value.startswith("-") or _PATTERN.search(value):
        return None
    if not value.startswith("/") and "CDPATH" in state.settings:
        return None
    path = posixpath.normpath(posixpath.join(folder, value))
    # Without a WORKDIR only the image knows what lies above the folder in which the step starts.
    return path if value.startswith("/") or state.workdir is not None or f"{path}/".startswith(f"{start}/") else None
