"""Whether a stage may have written the program that a container starts, and not only installed it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection
from typing import Final

from wizard.dockerfile.document import Document, Instruction, Span, Stage
from wizard.dockerfile.installs import install, program, unwrap
from wizard.dockerfile.script import Command
from wizard.dockerfile.shell import parse_run
from wizard.dockerfile.sources import is_pattern, operands
from wizard.dockerfile.stages import lineage
from wizard.inspection.copies.archives import may_be_archive
from wizard.inspection.copies.placed import context_copies, lands_at, lies_in
from wizard.workspace import OutsideRoot, Workspace

_LEAVE_CONTENT: Final = frozenset({
    "adduser", "addgroup", "cat", "chgrp", "chmod", "chown", "command", "deluser", "groupadd", "groupmod", "ls",
    "mkdir", "rm", "rmdir", "setcap", "test", "useradd", "userdel", "usermod", "which",
})  # fmt: skip
"""Programs that write into no file that they are given."""
_LINE_ENDS: Final = re.compile(r"s(.)\\r\$?\1\1g?")
"""What sed is told to take the line ends of Windows away."""


def writer_of(
    workspace: Workspace, document: Document, stage: Stage, name: str, places: Collection[str], since: int = -1
) -> Instruction | None:
    """The instruction behind number `since` that may have put or changed a file of the program's name.

    A package manager, and a program that changes no content, may name it; so may the program itself, when it is run.
    `places` are the paths where it may stand; a COPY to elsewhere does not count, nor does one of files of the context,
    which can be looked at.
    """
    named = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w./-])".encode())
    for below in lineage(document, stage):
        for one in below.instructions:
            if one.index <= since:
                continue
            if one.keyword == "RUN" and named.search(_text(document, one, name)):
                return one
            if one.keyword in ("COPY", "ADD") and _brings(document, below, one, named, places):
                return one
            if one.keyword == "ADD" and _unpacks(workspace, document, below, one, places):
                return one
    return None


def _text(document: Document, run: Instruction, name: str) -> bytes:
    """What the shell of a RUN is given, bodies of heredocs included, without the commands that leave the file alone."""
    text = bytearray(document.source)
    for command in parse_run(document, run).commands:
        if _leaves(command, name):
            text[command.span.start : command.span.end] = b" " * (command.span.end - command.span.start)
    spans = (run.argument_span, *(heredoc.body for heredoc in run.heredocs))
    return b"\n".join(bytes(text[span.start : span.end]) for span in spans)


def _leaves(command: Command, name: str) -> bool:
    if command.kind != "command" or command.redirects or command.substitutes:
        return False
    _, words = unwrap(command)
    called = program(words[0]) if words else ""
    if called == "sed":
        return any(_LINE_ENDS.fullmatch(word.value or "") for word in words)
    return called in _LEAVE_CONTENT | {name} or install(command) is not None


def _brings(
    document: Document, stage: Stage, copy: Instruction, named: re.Pattern[bytes], places: Collection[str]
) -> bool:
    """Whether a COPY or ADD may put the program there: of another stage, from an address, or as its own text."""
    if any(_is_script(document, heredoc.body) for heredoc in copy.heredocs):
        return False
    words = operands(copy)
    elsewhere = copy.flag("from") is not None or copy.heredocs or any("://" in word for word in words[:-1])
    if not elsewhere or not any(named.search(posixpath.normpath(word).encode()) for word in words):
        return False
    target = lands_at(document, stage, copy)
    return target is None or any(lies_in(place, target) for place in places)


def _unpacks(workspace: Workspace, document: Document, stage: Stage, add: Instruction, places: Collection[str]) -> bool:
    """Whether an ADD may unpack an archive over one of the places: what is in it is not looked at."""
    copy = next((one for one in context_copies(document, stage) if one.instruction is add), None)
    if copy is None or not any(lies_in(place, copy.destination) for place in places):
        return False
    return any(is_pattern(source) or _may_be_unpacked(workspace, source) for source in copy.sources)


def _may_be_unpacked(workspace: Workspace, source: str) -> bool:
    try:
        path = workspace.from_context(source)
    except OutsideRoot:
        return False
    return workspace.is_file(path) and may_be_archive(workspace, path) is not False


def _is_script(document: Document, body: Span) -> bool:
    return body.of(document.source).startswith(b"#!")
