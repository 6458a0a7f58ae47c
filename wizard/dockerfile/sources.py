"""Which paths of the build context an instruction reads, and where it puts them."""

from __future__ import annotations

import re

from wizard.dockerfile.document import Instruction
from wizard.dockerfile.heredocs import is_header
from wizard.dockerfile.stages import mount_options
from wizard.dockerfile.state import State

_REMOTE = re.compile(r"(?:https?|git|ssh)://|git@[^/]*:|[^/]+\.git(?:#|\Z)")


def operands(instruction: Instruction) -> tuple[str, ...]:
    """The paths of a COPY or ADD as written, destination last."""
    return instruction.json if instruction.json is not None else tuple(word.text for word in instruction.words)


def is_pattern(source: str) -> bool:
    """Whether a path has characters that stand for others; one behind a backslash counts too."""
    return any(character in source for character in "*?[")


def context_sources(instruction: Instruction, state: State | None = None) -> tuple[str, ...]:
    """The context paths that a COPY, an ADD or the bind mounts of a RUN read.

    With a state they are expanded; one that holds an unknown variable stays as written. None for `--from`, remote
    addresses and heredocs.
    """
    if instruction.keyword == "RUN":
        mounts = (mount_options(flag.value or "") for flag in instruction.flags if flag.name == "mount")
        return tuple(
            _expanded(mount.get("source", mount.get("src", ".")), state)
            for mount in mounts
            if mount.get("type", "bind").lower() == "bind" and not mount.get("from")
        )
    if instruction.keyword not in ("COPY", "ADD") or instruction.flag("from"):
        return ()
    written = operands(instruction)[:-1]
    paths = (_expanded(path, state) for path in written if not _is_heredoc(instruction, path))
    return tuple(path for path in paths if not (instruction.keyword == "ADD" and _REMOTE.match(path)))


def destination(instruction: Instruction, state: State | None = None) -> str:
    """Where a COPY or ADD puts its files; with a state expanded and absolute as far as that is known."""
    path = _expanded(operands(instruction)[-1], state)
    return (state.absolute(path) if state else None) or path


def _expanded(path: str, state: State | None) -> str:
    expanded = state.expand(path) if state else None
    return path if expanded is None else expanded


def _is_heredoc(instruction: Instruction, path: str) -> bool:
    return bool(instruction.heredocs) and is_header(path)
