"""The values that the body of a RUN is read into."""

from __future__ import annotations

from typing import Literal, NamedTuple

from wizard.dockerfile.document import Span

Kind = Literal["command", "assignment", "compound", "subshell", "function"]
"""`subshell` is `( … )`, and a shell that is given a text which can be read (`bash -c "…"`): that one has words.
`compound` is any other construct: if, for, while, case, `{ …; }`, `[[ … ]]`."""


class ShellWord(NamedTuple):
    """One word of a command."""

    text: str
    """As written, continuations spliced out."""
    value: str | None
    """Quotes and escapes resolved; None where it holds an expansion. Patterns (`*`, `~`) stay as written."""
    span: Span


class Command(NamedTuple):
    """A simple command, or a construct whose commands follow it as nested ones."""

    kind: Kind
    name: str | None
    """The value of the first word; None where it is an expansion, or for another kind."""
    words: tuple[ShellWord, ...]
    """The name first; assignments in front and redirections not included."""
    span: Span
    """With assignments, redirections and a `!` in front."""
    joined_by: str
    """What stands between it and the command before it: "" for the first, `&&`, `||`, `;`, `&`, `|`, or a line end."""
    nested: bool
    """Inside a subshell, a construct, a function or a command substitution."""
    piped: bool
    """Part of a pipeline, its first command included."""
    negated: bool
    background: bool
    redirects: bool
    assignments: tuple[str, ...]
    """Names assigned in front of the command, or of a shell that is given it in a text, or by an assignment alone."""
    substitutes: bool
    """A word holds a command or process substitution."""
    started_by: tuple[str, ...] = ()
    """What stands in front of the shell that is given it in a text: sudo, for `sudo sh -c "…"`."""


class Script(NamedTuple):
    """The body of one RUN."""

    commands: tuple[Command, ...]
    """In the order of the file."""
    opaque: str | None
    """Why the body was not read, None where it was."""
    span: Span
    """The text that the shell is given."""

    @property
    def top(self) -> tuple[Command, ...]:
        """The commands that are not nested."""
        return tuple(command for command in self.commands if not command.nested)

    @property
    def and_list(self) -> bool:
        """Nothing but plain commands joined by `&&`: it succeeds only if every one of them does."""
        return bool(self.commands) and all(
            command.kind == "command" and not (command.piped or command.negated or command.background)
            and command.joined_by in ("", "&&")
            for command in self.top
        )  # fmt: skip
