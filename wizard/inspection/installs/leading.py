"""The installs that lead a RUN, where what follows them can stay in a RUN of its own below."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Final, NamedTuple

from wizard.dockerfile.cleaning import cleans
from wizard.dockerfile.document import Document
from wizard.dockerfile.errors import EditConflict
from wizard.dockerfile.installs import manager_words, program, unwrap
from wizard.dockerfile.managers import MANAGERS
from wizard.dockerfile.run_joining import split_run
from wizard.dockerfile.script import Command
from wizard.dockerfile.stages import mount_options
from wizard.inspection.steps import APT, SYSTEM_MANAGERS, Reading, unknown_command, words_of

_TAKES_AWAY: Final = frozenset(
    {"find", "fix-permissions", "mv", "rm", "rmdir", "shred", "strip", "truncate", "unlink", "upx", "xargs"}
)
_CHANGES_ALL: Final = frozenset({"chown", "chmod", "chgrp", "setfacl"})
_UNDOES: Final = frozenset({
    "autoclean", "autoprune", "autoremove", "cache", "clean", "dedupe", "del", "delete", "erase", "prune", "purge",
    "remove", "rm", "un", "uninstall", "unlink",
})  # fmt: skip
_ALIKE_IN_BOTH: Final = frozenset({"cache", "secret", "ssh"})
"""Kinds of mounts that two RUNs in a row have as one has them."""


class Leading(NamedTuple):
    """A RUN as far as its installs go."""

    reading: Reading
    """Of the commands in front of `rest` alone; its instruction is the whole RUN."""
    rest: Command
    """The first command of what stays behind."""


def leading_installs(document: Document, reading: Reading) -> Iterator[Leading]:
    """Every way to divide a RUN behind installs, the one that leaves the least behind first.

    All of what leads is known, as `Reading.role` is; what follows may be anything that does not belong in one layer
    with the installs (`kept_together`).
    """
    if reading.script is None or not _mounts_alike(reading):
        return
    for rest in _seams(document, reading):
        try:
            split_run(document, reading.instruction, rest)
        except EditConflict:
            continue
        number = reading.script.commands.index(rest)
        if any(_belongs_with_installs(command) for command in reading.script.commands[number:]):
            continue
        commands = reading.script.commands[:number]
        found = tuple(one for one in reading.installs if one.command in commands)
        if any(one.manager in APT for one in found) and all(cleans(command) != "apt-lists" for command in commands):
            # The rest may install more by these lists, which would be of another day there.
            continue
        yield Leading(Reading(reading.instruction, "install", reading.script._replace(commands=commands), found), rest)


def kept_together(document: Document, reading: Reading) -> str | None:
    """The command behind the installs that lead a RUN which belongs in one layer with them: it takes away again, or
    writes anew, what they wrote, or goes on with the system's packages."""
    commands = reading.script.commands if reading.script is not None else ()
    behind = (command for rest in _seams(document, reading) for command in commands[commands.index(rest) :])
    return next((words_of(command) for command in behind if _belongs_with_installs(command)), None)


def _seams(document: Document, reading: Reading) -> Iterator[Command]:
    """The commands of a plain list in front of which all is known and something is installed, the last one first."""
    script = reading.script
    if script is None or script.opaque is not None or not script.and_list:
        return
    installs = {one.command.span: one for one in reading.installs}
    commands = script.commands
    known = len(list(takewhile(lambda c: unknown_command(document, c, installs.get(c.span)) is None, commands)))
    first = next((n for n, c in enumerate(commands) if c.span in installs and installs[c.span].installs), known)
    yield from (commands[n] for n in range(min(known, len(commands) - 1), first, -1) if not commands[n].nested)


def _belongs_with_installs(command: Command) -> bool:
    _, words = unwrap(command)
    if not words:
        return False
    values = [word.value or "" for word in words[1:]]
    name = program(words[0])
    recursive = any(value.startswith("-") and ("R" in value or "recursive" in value) for value in values)
    if name in _TAKES_AWAY or (name in _CHANGES_ALL and recursive) or cleans(command) is not None:
        return True
    manager, _ = manager_words(words)
    return manager in SYSTEM_MANAGERS or (manager in MANAGERS and not _UNDOES.isdisjoint(values))


def _mounts_alike(reading: Reading) -> bool:
    mounts = (mount_options(flag.value or "") for flag in reading.instruction.flags if flag.name == "mount")
    return all(mount.get("type") in _ALIKE_IN_BOTH for mount in mounts)
