"""Edits of the command list of a RUN."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise

from wizard.dockerfile.arguments import decode
from wizard.dockerfile.blanking import blank_span
from wizard.dockerfile.document import Document, Instruction, Span
from wizard.dockerfile.editing import Edit, newline_at, remove_span
from wizard.dockerfile.errors import EditConflict
from wizard.dockerfile.shell import Command, Script, ShellWord
from wizard.dockerfile.style import LINE_WIDTH, style_of

_ENDS = frozenset({"exit", "exec", "return"})


def remove_command(document: Document, script: Script, command: Command) -> Edit:
    """Takes a command out of a list, with what joins it and the comment lines directly above it.

    Raises EditConflict where the rest would mean something else: for a nested command, a part of a pipeline, one
    side of an `||`, the only command.
    """
    return _remove(document, script, command, command)


def remove_commands(document: Document, script: Script, commands: Iterable[Command]) -> tuple[Edit, ...]:
    """Takes several commands out of a list; neighbours go in one edit. Raises EditConflict as remove_command does."""
    top = script.top
    numbers = sorted({_index(document, script, command) for command in commands})
    if len(numbers) == len(top) and numbers:
        raise _conflict(document, top[0], "a RUN cannot lose all of its commands")
    in_lines = any(command.joined_by == "\n" for command in top)
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1 and not in_lines:
            runs[-1].append(number)
        else:
            runs.append([number])
    return tuple(_remove(document, script, top[run[0]], top[run[-1]]) for run in runs)


def _remove(document: Document, script: Script, first: Command, last: Command) -> Edit:
    """Takes the commands from `first` to `last` out."""
    top = script.top
    index, end = _index(document, script, first), _index(document, script, last)
    following = top[end + 1] if end + 1 < len(top) else None
    gone = top[index : end + 1]
    joins = {command.joined_by for command in gone} | {following.joined_by if following else ""}
    if len(top) == len(gone):
        raise _conflict(document, first, "the only command of a RUN cannot be removed alone")
    took_over = index and following and following.joined_by == "&&" and first.joined_by != "&&"
    if any(command.piped for command in gone) or took_over or not joins <= {"", "&&", ";", "\n"}:
        raise _conflict(document, first, "what the command is joined to depends on it")
    instruction = _owner(document, script)
    if "\n" in joins:
        if joins <= {"", "\n"}:
            return Edit(_heredoc_lines(document, script, first), "")
        raise _conflict(document, first, "the command shares its line of a heredoc")
    if index:
        joiner = _joiner(document, top[index - 1], first)
        return remove_span(document, instruction, Span(joiner, last.span.end))
    assert following is not None
    span = Span(first.span.start, following.span.start)
    comments = [comment for comment in instruction.comments if span.start <= comment.span.start < span.end]
    if not comments:
        return Edit(span, "")
    style = style_of(document)
    kept = "".join(decode(comment.span.of(document.source)) for comment in comments)
    return Edit(span, f"{style.escape}{newline_at(document, first.span.start)}{kept}{style.indentation}")


def insert_command(document: Document, script: Script, before: Command | None, text: str) -> Edit:
    """A new command in a list, joined by `&&`: before another one, or for None at the end.

    In a heredoc it gets a line of its own. Raises EditConflict where `before` is joined by something else.
    """
    top = script.top
    if not top:
        raise EditConflict("the RUN was not read", path=document.path)
    target = before or top[-1]
    index = _index(document, script, target)
    if any(command.joined_by == "\n" for command in top) or _in_heredoc(document, script):
        return _insert_line(document, script, before, text)
    if before is not None and before.joined_by not in ("", "&&"):
        raise _conflict(document, before, f"the command is joined by {before.joined_by}")
    if before is None and (target.background or target.piped or target.joined_by == "||"):
        raise _conflict(document, target, "the list does not end in a plain command")
    if before is None and target.name in _ENDS:
        words = " ".join(word.text for word in target.words[:2])
        raise _conflict(document, target, f"nothing that stands behind `{words}` is run")
    style = style_of(document)
    body = Span(top[0].span.start, top[-1].span.end).of(document.source)
    broken = b"\n" in body or len(body) + len(text) > LINE_WIDTH
    join = style.and_break if broken else " && "
    if before is None:
        return Edit(Span(target.span.end, target.span.end), join + text)
    if index == 0:
        return Edit(Span(before.span.start, before.span.start), text + join)
    joiner = _joiner(document, top[index - 1], before)
    line_start = document.source.rfind(b"\n", 0, joiner) + 1
    indentation = document.source[line_start:joiner]
    if indentation.strip():
        return Edit(Span(before.span.start, before.span.start), text + join)
    for comment in reversed(_owner(document, script).comments):
        line_start = comment.span.start if comment.span.end == line_start else line_start
    newline = newline_at(document, joiner)
    return Edit(Span(line_start, line_start), f"{decode(indentation)}&& {text} {style.escape}{newline}")


def line_break(document: Document, words: Sequence[ShellWord]) -> str:
    """What stands between two words of a command that have lines of their own; empty where they share one."""
    for before, after in pairwise(words):
        gap = decode(document.source[before.span.end : after.span.start])
        if "\n" in gap:
            start = document.source.rfind(b"\n", 0, after.span.start) + 1
            indentation = decode(document.source[start : after.span.start])
            newline = newline_at(document, before.span.end)
            return f" {document.escape}{newline}{indentation if not indentation.strip() else '    '}"
    return ""


def _index(document: Document, script: Script, command: Command) -> int:
    if command not in script.top:
        raise _conflict(document, command, "a nested command cannot be edited")
    return script.top.index(command)


def _conflict(document: Document, command: Command, message: str) -> EditConflict:
    line = document.source.count(b"\n", 0, command.span.start) + 1
    return EditConflict(message, path=document.path, line=line)


def _owner(document: Document, script: Script) -> Instruction:
    instructions = document.instructions
    return instructions[bisect_right(instructions, script.span.start, key=lambda one: one.span.start) - 1]


def _in_heredoc(document: Document, script: Script) -> bool:
    return any(script.span.start == heredoc.body.start for heredoc in _owner(document, script).heredocs)


def _joiner(document: Document, previous: Command, command: Command) -> int:
    """Where the operator between two commands stands."""
    between = Span(previous.span.end, command.span.start)
    text = blank_span(document.source, between, document.escape)
    found = re.search(re.escape(command.joined_by.encode()), text)
    if not found:
        raise _conflict(document, command, "what joins the command was not found")
    return between.start + found.start()


def _heredoc_lines(document: Document, script: Script, command: Command) -> Span:
    """The lines that a command of a heredoc has to itself, with the comment lines directly above."""
    source = document.source
    start = source.rfind(b"\n", 0, command.span.start) + 1
    end = source.find(b"\n", command.span.end) + 1
    if b"<<" in command.span.of(source):
        raise _conflict(document, command, "the command has a heredoc of its own")
    if source[start : command.span.start].strip() or source[command.span.end : end].strip():
        raise _conflict(document, command, "the command shares its line of a heredoc")
    while start > script.span.start:
        above = source.rfind(b"\n", 0, start - 1) + 1
        text = source[above:start].lstrip()
        # A first line `#!…` names the interpreter: nothing may come above it.
        if above < script.span.start or not text.startswith(b"#") or text.startswith(b"#!"):
            break
        start = above
    return Span(start, end)


def _insert_line(document: Document, script: Script, before: Command | None, text: str) -> Edit:
    source = document.source
    target = before or script.top[-1]
    lines = _heredoc_lines(document, script, target)
    line_start = source.rfind(b"\n", 0, target.span.start) + 1
    indentation = decode(source[line_start : target.span.start])
    at = lines.start if before is not None else lines.end
    return Edit(Span(at, at), f"{indentation}{text}{newline_at(document, line_start)}")
