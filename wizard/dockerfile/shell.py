"""RUN bodies, read with tree-sitter's Bash grammar; every span leads back to the Dockerfile.

A body that no POSIX shell runs, or that the grammar cannot read in full, is opaque: it has no commands, and a rule
that meets one has to keep its hands off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, Literal

from wizard.dockerfile.arguments import decode
from wizard.dockerfile.blanking import blank_span, gaps, splice_span
from wizard.dockerfile.document import Document, Instruction, Span
from wizard.dockerfile.heredocs import parse_header
from wizard.dockerfile.lexer import LexError
from wizard.dockerfile.stages import base_stage

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

Kind = Literal["command", "assignment", "compound", "subshell", "function"]
"""`compound` is any other construct: if, for, while, case, `{ …; }`, `[[ … ]]`."""

POSIX_SHELLS: Final = frozenset({"sh", "bash", "ash", "dash", "ksh", "zsh"})
_STATE_CHANGERS: Final = frozenset({
    "cd", "pushd", "popd", "export", "source", ".", "set", "trap", "umask", "alias", "unalias", "unset", "eval", "exec",
    "shopt", "ulimit", "readonly", "declare", "typeset", "local", "hash", "read", "exit", "return", "wait",
})  # fmt: skip
_STATEMENTS: Final = frozenset({"list", "pipeline", "redirected_statement", "command", "negated_command", "subshell"})
_OPERATORS: Final = frozenset({"&&", "||", ";", "|", "|&", "&", "\n", ";;"})
_SUBSTITUTIONS: Final = frozenset({"command_substitution", "process_substitution"})
_BRACES: Final = re.compile(r"\{[^{}]*(?:,|\.\.)[^{}]*\}")
_EXPANSIONS: Final = frozenset({
    "simple_expansion", "expansion", "command_substitution", "arithmetic_expansion", "process_substitution",
    "brace_expression", "ansi_c_string", "translated_string",
})  # fmt: skip
_WORD_CHARACTER: Final = re.compile(rb"[^\s;&|()<>]")


@dataclass(frozen=True, slots=True)
class ShellWord:
    """One word of a command."""

    text: str
    """As written, continuations spliced out."""
    value: str | None
    """Quotes and escapes resolved; None where it holds an expansion. Patterns (`*`, `~`) stay as written."""
    span: Span


@dataclass(frozen=True, slots=True)
class Command:
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
    """Names assigned in front of the command, or by an assignment alone."""
    substitutes: bool
    """A word holds a command or process substitution."""


@dataclass(frozen=True, slots=True)
class Script:
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


def changes_shell_state(command: Command) -> bool:
    """Whether a later command of the same shell may behave otherwise because of this one, beyond the files it wrote."""
    if command.kind == "subshell":
        return False
    return command.kind != "command" or command.name is None or command.name in _STATE_CHANGERS


def shell_at(document: Document, instruction: Instruction) -> tuple[str, ...] | None:
    """The SHELL in force, None for the image's default; base stages of the same file are followed."""
    stage = document.stage_of(instruction)
    before = instruction.index
    while stage is not None:
        for other in reversed(stage.instructions):
            if other.keyword == "SHELL" and other.index < before and other.json:
                return other.json
        stage = base_stage(document, stage)
        before = len(document.instructions)
    return None


def is_posix(shell: tuple[str, ...]) -> bool:
    """Whether a SHELL runs what it is given in a POSIX shell, possibly through another program (`conda run …`)."""
    names = {PurePosixPath(part).name for part in shell}
    return bool(names & POSIX_SHELLS) and re.fullmatch(r"-[a-zA-Z]*c[a-zA-Z]*", shell[-1]) is not None


def parse_run(document: Document, instruction: Instruction) -> Script:
    """The commands of a RUN (or of the RUN that an ONBUILD carries, given as that trigger)."""
    nothing = Script((), None, instruction.argument_span)
    if instruction.json is not None:
        return replace(nothing, opaque="exec form")
    shell = shell_at(document, instruction)
    if shell is None and document.escape == "`":
        return replace(nothing, opaque="the default shell of a Windows image")
    if shell is not None and not is_posix(shell):
        return replace(nothing, opaque=f"SHELL {PurePosixPath(shell[0]).name}")
    if not instruction.heredocs:
        return _read(document, instruction.argument_span, b"")
    if not _is_lone_header(instruction.argument):
        last = instruction.heredocs[-1].terminator
        behind = Span(instruction.argument_span.end, last.end).of(document.source)
        gap = instruction.heredocs[0].body.start - instruction.argument_span.end
        return _read(document, instruction.argument_span, b" " * (gap - 1) + b"\n" + behind[gap:])
    body = instruction.heredocs[0].body
    interpreter = re.match(rb"\t*#!\s*(\S+)(?:[ \t]+(\S+))?", body.of(document.source))
    if interpreter:
        names = [PurePosixPath(decode(part)).name for part in interpreter.groups() if part]
        name = names[-1] if names[0] == "env" else names[0]
        if name not in POSIX_SHELLS:
            return replace(nothing, opaque=f"a script for {name}", span=body)
    return _read(document, Span(body.start, body.start), body.of(document.source))


def _is_lone_header(argument: str) -> bool:
    try:
        return parse_header(argument) is not None
    except LexError:
        return False


def _read(document: Document, span: Span, rest: bytes) -> Script:
    """Parse the logical line in `span` and `rest`, which follows it in the file and is given to the shell as it is."""
    text = blank_span(document.source, span, document.escape) + rest
    whole = Span(span.start, span.start + len(text))
    root = _parser().parse(text).root_node
    if root.has_error:
        return Script((), "not in the grammar of a POSIX shell", whole)
    for gap in gaps(document.source, span, document.escape):
        if _splits_word(root, text, gap.start - span.start, gap.end - span.start):
            return Script((), "a word that is continued on the next line", whole)
    reader = _Reader(document, span)
    reader.statements(root, "", nested=False)
    return Script(tuple(reader.commands), None, whole)


def _splits_word(root: Node, text: bytes, start: int, end: int) -> bool:
    """Whether blanks in place of a continuation cut a word in two. Inside quotes they do not."""
    around = text[start - 1 : start], text[end : end + 1]
    if start == 0 or not all(_WORD_CHARACTER.match(byte) for byte in around):
        return around[0] == around[1] and around[0] in (b"&", b"|", b"<", b">", b";")
    node: Node | None = root.descendant_for_byte_range(start - 1, end + 1)
    while node is not None:
        if node.type in ("string", "raw_string", "heredoc_body", "comment"):
            return False
        node = node.parent
    return True


@cache
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


class _Reader:
    """Flattens a syntax tree into commands."""

    def __init__(self, document: Document, line: Span) -> None:
        self.document, self.line = document, line
        self.commands: list[Command] = []

    def span(self, node: Node) -> Span:
        return Span(self.line.start + node.start_byte, self.line.start + node.end_byte)

    def text(self, span: Span) -> str:
        inside = Span(span.start, max(span.start, min(span.end, self.line.end)))
        behind = Span(max(span.start, self.line.end), max(span.end, self.line.end))
        return decode(splice_span(self.document.source, inside, self.document.escape) + behind.of(self.document.source))

    def statements(self, node: Node, joined_by: str, *, nested: bool) -> None:
        """The statements among the children of a program, a list or a construct."""
        join = joined_by
        first = True
        for child in node.children:
            if child.type in _OPERATORS:
                join = child.type
                if join == "&" and self.commands:
                    self.commands[-1] = replace(self.commands[-1], background=True)
                continue
            if not child.is_named or child.type in ("comment", "heredoc_body", "heredoc_end", "heredoc_start"):
                continue
            if not first and not join:
                join = "\n"
            before = len(self.commands)
            self.statement(child, join, nested=nested)
            if len(self.commands) > before:
                first, join = False, ""

    def statement(self, node: Node, joined_by: str, *, nested: bool) -> None:
        kind = node.type
        if kind in ("list", "program"):
            self.statements(node, joined_by, nested=nested)
        elif kind == "pipeline":
            start = len(self.commands)
            self.statements(node, joined_by, nested=nested)
            for index in range(start, len(self.commands)):
                if self.commands[index].nested == nested:
                    self.commands[index] = replace(self.commands[index], piped=True)
        elif kind in ("redirected_statement", "negated_command"):
            self._wrapped(node, joined_by, nested=nested)
        elif kind in ("command", "declaration_command", "unset_command", "variable_assignment", "variable_assignments"):
            self._simple(node, joined_by, nested=nested)
        elif kind == "test_command" and node.children and node.children[0].type == "[":
            self._bracket(node, joined_by, nested=nested)
        else:
            self._construct(node, joined_by, nested=nested)

    def _wrapped(self, node: Node, joined_by: str, *, nested: bool) -> None:
        """`! command`, or a statement with redirections; what stands behind a heredoc header hides inside them."""
        start = len(self.commands)
        negated = node.type == "negated_command"
        end = node.end_byte
        for child in node.children:
            if child.type == "heredoc_redirect":
                end = min(end, self._heredoc_end(child))
        for child in node.named_children:
            if not child.type.endswith("redirect"):
                self.statement(child, joined_by, nested=nested)
        if len(self.commands) == start:
            self._add(node, "command", None, (), joined_by, nested=nested)
        span = Span(self.line.start + node.start_byte, self.line.start + end)
        index = next(i for i in range(start, len(self.commands)) if self.commands[i].nested == nested)
        last = max(i for i in range(start, len(self.commands)) if self.commands[i].nested == nested)
        if index == last:
            self.commands[index] = replace(self.commands[index], span=span)
        self.commands[index] = replace(self.commands[index], negated=negated or self.commands[index].negated)
        if not negated:
            self.commands[last] = replace(self.commands[last], redirects=True)
        for child in node.children:
            if child.type == "heredoc_redirect":
                self._behind_heredoc(child, nested=nested)
            elif child.type.endswith("redirect"):
                self._substitutions(child)

    @staticmethod
    def _heredoc_end(node: Node) -> int:
        """Where the command ends whose heredoc this is: before an operator, or before the body."""
        end = node.start_byte
        for child in node.children:
            if child.type in _OPERATORS or child.type in ("heredoc_body", "pipeline", "list"):
                break
            end = child.end_byte
        return end

    def _behind_heredoc(self, node: Node, *, nested: bool) -> None:
        join = ""
        for child in node.children:
            if child.type in _OPERATORS:
                join = child.type
                if join in ("|", "|&") and self.commands:
                    self.commands[-1] = replace(self.commands[-1], piped=True)
            elif child.type == "pipeline" and not join:
                self.commands[-1] = replace(self.commands[-1], piped=True)
                self.statement(child, "|", nested=nested)
            elif child.type in _STATEMENTS or (join and child.is_named and child.type != "heredoc_body"):
                start = len(self.commands)
                self.statement(child, join, nested=nested)
                if join in ("|", "|&"):
                    self.commands[start] = replace(self.commands[start], piped=True)
                join = ""
            elif child.type == "heredoc_body":
                self._substitutions(child)

    def _simple(self, node: Node, joined_by: str, *, nested: bool) -> None:
        assignments: list[str] = []
        words: list[ShellWord] = []
        redirects = False
        if node.type in ("declaration_command", "unset_command"):
            head = node.children[0]
            words.append(ShellWord(head.type, head.type, self.span(head)))
        for child in [node] if node.type == "variable_assignment" else node.children:
            if child.type == "variable_assignment" and not words:
                name = child.child_by_field_name("name")
                assignments.append(self.text(self.span(name)) if name else "")
            elif child.type.endswith("redirect"):
                redirects = True
            elif child.type != "comment" and (child.is_named or (words and child.type in ("==", "=~"))):
                words.append(self._word(child))
        kind: Kind = "command" if words else "assignment"
        self._add(
            node, kind, words[0].value if words else None, tuple(words), joined_by, nested=nested,
            assignments=tuple(assignments), redirects=redirects,
        )  # fmt: skip
        self._substitutions(node)

    def _bracket(self, node: Node, joined_by: str, *, nested: bool) -> None:
        """`[ … ]` is a command like any other; its inside is not split into words."""
        self._add(node, "command", "[", (self._word(node),), joined_by, nested=nested)
        self._substitutions(node)

    def _construct(self, node: Node, joined_by: str, *, nested: bool) -> None:
        kind: Kind = "compound"
        if node.type == "subshell":
            kind = "subshell"
        elif node.type == "function_definition":
            kind = "function"
        self._add(node, kind, None, (), joined_by, nested=nested)
        self._inside(node)

    def _inside(self, node: Node) -> None:
        """All commands of a construct, as nested ones."""
        join = ""
        for child in node.children:
            if child.type in _OPERATORS:
                join = child.type
            elif child.type in _STATEMENTS or child.type.endswith(("_statement", "_command")):
                self.statement(child, join, nested=True)
                join = "\n"
            elif child.is_named:
                self._inside(child)

    def _substitutions(self, node: Node) -> None:
        """The commands of the command substitutions below a node."""
        for child in node.children:
            if child.type in _SUBSTITUTIONS:
                self.statements(child, "", nested=True)
            else:
                self._substitutions(child)

    def _add(
        self,
        node: Node,
        kind: Kind,
        name: str | None,
        words: tuple[ShellWord, ...],
        joined_by: str,
        *,
        nested: bool,
        assignments: tuple[str, ...] = (),
        redirects: bool = False,
    ) -> None:
        command = Command(
            kind=kind, name=name, words=words, span=self.span(node), joined_by=joined_by, nested=nested, piped=False,
            negated=False, background=False, redirects=redirects, assignments=assignments,
            substitutes=_holds(node, _SUBSTITUTIONS),
        )  # fmt: skip
        self.commands.append(command)

    def _word(self, node: Node) -> ShellWord:
        span = self.span(node)
        braces = node.type == "concatenation" and _BRACES.search(self.text(span))
        value = None if braces or _holds(node, _EXPANSIONS) else self._value(node)
        return ShellWord(self.text(span), value, span)

    def _value(self, node: Node) -> str:
        if node.type == "raw_string":
            return self.text(self.span(node))[1:-1]
        if node.type == "string":
            return re.sub(r'\\(["$`\\])', r"\1", self.text(self.span(node))[1:-1])
        if node.type in ("concatenation", "command_name", "variable_assignment") and node.children:
            return "".join(self._value(child) for child in node.children)
        return re.sub(r"\\(.)", r"\1", self.text(self.span(node)), flags=re.DOTALL)


def _holds(node: Node, kinds: frozenset[str]) -> bool:
    return any(found.type in kinds for found in _walk(node))


def _walk(node: Node) -> Iterator[Node]:
    todo = [node]
    while todo:
        node = todo.pop()
        yield node
        todo += node.children
