"""Flattens the syntax tree that tree-sitter's Bash grammar makes of a RUN body into commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from wizard.dockerfile.arguments import decode
from wizard.dockerfile.blanking import splice_span
from wizard.dockerfile.document import Document, Span
from wizard.dockerfile.script import Command, Kind, ShellWord

if TYPE_CHECKING:
    from tree_sitter import Node

_STATEMENTS: Final = frozenset({"list", "pipeline", "redirected_statement", "command", "negated_command", "subshell"})
_OPERATORS: Final = frozenset({"&&", "||", ";", "|", "|&", "&", "\n", ";;"})
SUBSTITUTIONS: Final = frozenset({"command_substitution", "process_substitution"})
_BRACES: Final = re.compile(r"\{[^{}]*(?:,|\.\.)[^{}]*\}")
_EXPANSIONS: Final = frozenset({
    "simple_expansion", "expansion", "command_substitution", "arithmetic_expansion", "process_substitution",
    "brace_expression", "ansi_c_string", "translated_string",
})  # fmt: skip


class TreeReader:
    """Flattens a syntax tree into commands."""

    def __init__(self, document: Document, line: Span) -> None:
        self.document, self.line = document, line
        self.commands: list[Command] = []

    def span(self, node: Node) -> Span:
        return Span(self.line.start + node.start_byte, self.line.start + node.end_byte)

    def text(self, span: Span) -> str:
        raw = span.of(self.document.source)
        if b"\n" not in raw:
            return decode(raw)
        inside = Span(span.start, max(span.start, min(span.end, self.line.end)))
        behind = Span(max(span.start, self.line.end), max(span.end, self.line.end))
        return decode(splice_span(self.document.source, inside, self.document.escape) + behind.of(self.document.source))

    def statements(self, node: Node, joined_by: str, *, nested: bool) -> None:
        """The statements among the children of a program, a list or a construct."""
        join = joined_by
        first = True
        for child in _flat(node):
            if child.type in _OPERATORS:
                join = child.type
                if join == "&":
                    self._in_background(nested)
                continue
            if not child.is_named or child.type in ("comment", "heredoc_body", "heredoc_end", "heredoc_start"):
                continue
            if not first and not join:
                join = "\n"
            before = len(self.commands)
            self.statement(child, join, nested=nested)
            if len(self.commands) > before:
                first, join = False, ""

    def _in_background(self, nested: bool) -> None:
        numbers = range(len(self.commands) - 1, -1, -1)
        last = next((i for i in numbers if self.commands[i].nested == nested), None)
        if last is not None:
            self.commands[last] = self.commands[last]._replace(background=True)

    def statement(self, node: Node, joined_by: str, *, nested: bool) -> None:
        kind = node.type
        if kind in ("list", "program"):
            self.statements(node, joined_by, nested=nested)
        elif kind == "pipeline":
            start = len(self.commands)
            self.statements(node, joined_by, nested=nested)
            for index in range(start, len(self.commands)):
                if self.commands[index].nested == nested:
                    self.commands[index] = self.commands[index]._replace(piped=True)
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
        self.commands[last] = self.commands[last]._replace(
            span=span if index == last else Span(self.commands[last].span.start, span.end)
        )
        self.commands[index] = self.commands[index]._replace(negated=negated or self.commands[index].negated)
        if not negated:
            self.commands[last] = self.commands[last]._replace(redirects=True)
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
                    self.commands[-1] = self.commands[-1]._replace(piped=True)
            elif child.type == "pipeline" and not join:
                self.commands[-1] = self.commands[-1]._replace(piped=True)
                self.statement(child, "|", nested=nested)
            elif child.type in _STATEMENTS or (join and child.is_named and child.type != "heredoc_body"):
                start = len(self.commands)
                self.statement(child, join, nested=nested)
                if join in ("|", "|&"):
                    self.commands[start] = self.commands[start]._replace(piped=True)
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
        if not self._may_substitute(node):
            return
        for child in node.children:
            if child.type in SUBSTITUTIONS:
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
            substitutes=self._may_substitute(node) and _holds(node, SUBSTITUTIONS),
        )  # fmt: skip
        self.commands.append(command)

    def _may_substitute(self, node: Node) -> bool:
        """False where the bytes alone show that no substitution is in there."""
        raw = self.span(node).of(self.document.source)
        return b"(" in raw or b"`" in raw

    def _word(self, node: Node) -> ShellWord:
        span = self.span(node)
        text = self.text(span)
        braces = node.type == "concatenation" and _BRACES.search(text)
        value = None if braces or _holds(node, _EXPANSIONS) else self._value(node, text)
        return ShellWord(text, value, span)

    def _value(self, node: Node, text: str) -> str:
        if node.type == "raw_string":
            return text[1:-1]
        if node.type == "string":
            return re.sub(r'\\(["$`\\])', r"\1", text[1:-1])
        if node.type in ("concatenation", "command_name", "variable_assignment") and node.children:
            return "".join(self._value(child, self.text(self.span(child))) for child in node.children)
        return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL) if "\\" in text else text


def _flat(node: Node) -> Iterator[Node]:
    """The children of a node, those of lists among them in place of the list: a long `&&` chain nests as deep."""
    todo = list(reversed(node.children))
    while todo:
        child = todo.pop()
        if child.type == "list":
            todo += reversed(child.children)
        else:
            yield child


def _holds(node: Node, kinds: frozenset[str]) -> bool:
    return any(found.type in kinds for found in _walk(node))


def _walk(node: Node) -> Iterator[Node]:
    todo = [node]
    while todo:
        node = todo.pop()
        yield node
        todo += node.children
