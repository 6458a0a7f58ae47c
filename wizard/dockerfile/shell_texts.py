"""Commands that a RUN gives to another shell as a text: `sudo bash -c "apt-get update && apt-get install -y curl"`.

A text is read where it stands in the file as the shell gets it: in quotes, and in double ones without what the first
shell would expand or unescape. Then every place in it leads back to the file, like that of any other command.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import dropwhile
from pathlib import PurePosixPath
from typing import Final

from wizard.dockerfile.document import Document, Span
from wizard.dockerfile.script import Command, Script, ShellWord

POSIX_SHELLS: Final = frozenset({"sh", "bash", "ash", "dash", "ksh", "zsh"})
_TAKES_TEXT: Final = re.compile(r"-[a-zA-Z]*c[a-zA-Z]*")
_SUDO: Final = frozenset({
    "-E", "-H", "-n", "-S", "-EH", "-HE", "--preserve-env", "--set-home", "--non-interactive", "--stdin", "--",
})  # fmt: skip
"""Options of sudo with which the shell still runs as root, in the folder that sudo was called in."""
_OF_THE_FIRST_SHELL: Final = re.compile(rb"[\\$`]")

Reader = Callable[[Document, Span, bytes], Script]
"""Reads a part of a logical line, or what follows it in the file as it is given to the shell."""


def shell_text(command: Command) -> ShellWord | None:
    """The word that a shell is given as its script; None for a command that is no shell, or is given a file."""
    words = iter(_without_sudo(command.words))
    name = next(words, None)
    if name is None or PurePosixPath(name.value or "").name not in POSIX_SHELLS:
        return None
    for word in words:
        if _TAKES_TEXT.fullmatch(word.text):
            return next(words, None)
        if not word.text.startswith("-"):
            return None
        if word.text in ("-o", "-O"):
            next(words, None)
    return None


def _without_sudo(words: tuple[ShellWord, ...]) -> tuple[ShellWord, ...]:
    if not _is_sudo(words):
        return words
    return tuple(dropwhile(lambda word: word.text in _SUDO, words[1:]))


def _is_sudo(words: tuple[ShellWord, ...]) -> bool:
    return bool(words) and PurePosixPath(words[0].value or "").name == "sudo"


def with_shell_texts(document: Document, script: Script, read: Reader) -> Script:
    """The script with the commands of such texts as nested ones, each text a subshell of its own."""
    if not any(shell_text(command) is not None for command in script.commands):
        return script
    commands: list[Command] = []
    for command in script.commands:
        inside = _commands(document, command, read)
        commands.append(command._replace(kind="subshell", name=None) if inside else command)
        commands += inside
    return script._replace(commands=tuple(commands))


def _commands(document: Document, command: Command, read: Reader) -> tuple[Command, ...]:
    """The commands of the text that a command gives to a shell; none where it cannot be read."""
    word = shell_text(command) if command.kind == "command" else None
    raw = word.span.of(document.source) if word is not None else b""
    if word is None or word.value is None or len(raw) < 2 or raw[:1] != raw[-1:] or raw[:1] not in (b"'", b'"'):
        return ()
    span, text = Span(word.span.start + 1, word.span.end - 1), raw[1:-1]
    if raw[:1] in text:
        return ()
    in_heredoc = any(
        heredoc.body.start <= span.start < heredoc.body.end
        for instruction in document.instructions
        for heredoc in instruction.heredocs
    )
    if raw[:1] == b'"' and _OF_THE_FIRST_SHELL.search(text if in_heredoc else _without_line_ends(document, text)):
        return ()
    inner = read(document, Span(span.start, span.start), text) if in_heredoc else read(document, span, b"")
    inner = with_shell_texts(document, inner, read)
    started_by = (*command.started_by, *(("sudo",) if _is_sudo(command.words) else ()))
    return tuple(
        one._replace(
            nested=True,
            assignments=command.assignments + one.assignments,
            started_by=(*started_by, *one.started_by),
        )
        for one in inner.commands
    )


def _without_line_ends(document: Document, text: bytes) -> bytes:
    """The text without the signs that continue the instruction on the next line."""
    sign = re.escape(document.escape.encode())
    return re.sub(sign + rb"[ \t]*\r?$", b"", text, flags=re.MULTILINE)
