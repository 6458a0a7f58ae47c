"""The words that a shell would start, where it would do nothing else with them.

Source: POSIX.1-2017, Shell Command Language, 2.6 (expansions), 2.14 (special built-ins), and dash(1) for the others.
"""

from __future__ import annotations

import re
from typing import Final

from wizard.dockerfile.arguments import decode
from wizard.dockerfile.document import Document, Instruction, Span
from wizard.dockerfile.script import Command, ShellWord
from wizard.dockerfile.shell import PLAIN_SHELLS, parse_run, shell_at

_BUILTINS: Final = frozenset({
    ".", ":", "[", "alias", "bg", "break", "cd", "command", "continue", "echo", "eval", "exec", "exit", "export",
    "false", "fc", "fg", "getopts", "hash", "jobs", "kill", "local", "printf", "pwd", "read", "readonly", "return",
    "set", "shift", "source", "test", "times", "trap", "true", "type", "ulimit", "umask", "unalias", "unset", "wait",
})  # fmt: skip
"""Of dash and bash: `echo` and its like are programs too, which behave otherwise."""
_QUOTED: Final = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"|\\.", re.DOTALL)
_BROKEN_LIST: Final = re.compile(r"\[.*[,'\"].*\]", re.DOTALL)
"""What was meant as a list. The test `[ -f "$x" ]` is a command of the shell, and starts nothing."""
_PATTERN: Final = re.compile(r"[*?\[~]")


def plain_command(document: Document, instruction: Instruction) -> tuple[ShellWord, ...] | str:
    """The words of a CMD or ENTRYPOINT in shell form, a leading `exec` left out; or why it needs its shell.

    Every word that comes back has a value.
    """
    if _BROKEN_LIST.fullmatch(instruction.argument.strip()):
        return (
            "it is no JSON (double quotes, no comma before the bracket), so BuildKit gives it to a shell as it stands"
        )
    if shell_at(document, instruction) not in PLAIN_SHELLS:
        return "a SHELL other than sh is in force"
    script = parse_run(document, instruction)
    if script.opaque is not None:
        return f"its shell text cannot be read ({script.opaque})"
    if len(script.commands) != 1:
        return "it is more than one command" if script.commands else "it is empty"
    command = script.commands[0]
    because = _needs_shell(command)
    if because is not None:
        return because
    if decode(Span(command.span.end, instruction.argument_span.end).of(document.source)).strip():
        return "something of the shell follows its command: a comment, or an operator"
    words = command.words[1:] if command.name == "exec" else command.words
    name = words[0].value if words else None
    if not name or name.startswith("-"):
        return "`exec` is given options, or nothing to start"
    if name in _BUILTINS:
        return f"`{name}` is a command of the shell itself"
    return words


def _needs_shell(command: Command) -> str | None:
    if command.kind != "command" or command.negated or command.substitutes or not command.words:
        return "it holds more of the shell's language than a command"
    if command.piped or command.background or command.redirects:
        return "it uses a pipe, a redirection or the background"
    if command.assignments:
        return f"it sets {command.assignments[0]} for its command"
    for word in command.words:
        if word.value is None:
            return f"the shell expands `{word.text}`"
        if _PATTERN.search(_QUOTED.sub("", word.text)):
            return f"`{word.text}` may be a pattern that the shell expands"
        if any("\udc80" <= character <= "\udcff" for character in word.value):
            return "it holds bytes that are no UTF-8, and JSON is"
    return None
