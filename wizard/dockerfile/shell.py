"""RUN bodies, read with tree-sitter's Bash grammar; every span leads back to the Dockerfile.

A body that no POSIX shell runs, or that the grammar cannot read in full, is opaque: it has no commands, and a rule
that meets one has to keep its hands off.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import PurePosixPath
from types import ModuleType
from typing import TYPE_CHECKING, Final

from wizard.dockerfile.arguments import decode
from wizard.dockerfile.blanking import blanked, gaps
from wizard.dockerfile.document import Document, Instruction, Span
from wizard.dockerfile.heredocs import parse_header
from wizard.dockerfile.lexer import LexError
from wizard.dockerfile.script import Command, Script, ShellWord
from wizard.dockerfile.shell_texts import POSIX_SHELLS, with_shell_texts
from wizard.dockerfile.stages import base_stage
from wizard.dockerfile.syntax_tree import SUBSTITUTIONS, TreeReader

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

__all__ = ["PLAIN_SHELLS", "Command", "Script", "ShellWord", "changes_shell_state", "is_posix", "parse_run", "shell_at"]

PLAIN_SHELLS: Final = (None, ("/bin/sh", "-c"), ("sh", "-c"))
"""Answers of `shell_at` that mean the image's own `sh`."""
_STATE_CHANGERS: Final = frozenset({
    "cd", "pushd", "popd", "export", "source", ".", "set", "trap", "umask", "alias", "unalias", "unset", "eval", "exec",
    "shopt", "ulimit", "readonly", "declare", "typeset", "local", "hash", "read", "exit", "return", "wait",
})  # fmt: skip
LONGEST: Final = 131_071
"""Bytes of one argument of a program on Linux (MAX_ARG_STRLEN, without the NUL at the end): `sh -c` gets no more."""
_MOST_HEREDOCS: Final = 100
"""That one line may open: the grammar loses count of more, and takes time by the square of their number to do so."""
MOST_COMMANDS: Final = 500
"""Of a RUN that is read. The longest of 2,500 files in 400 public repositories has 58."""
_QUOTING: Final = frozenset({"string", "raw_string", "heredoc_body", "comment"})
_WORD_CHARACTER: Final = re.compile(rb"[^\s;&|()<>]")


def changes_shell_state(command: Command) -> bool:
    """Whether a later command of the same shell may behave otherwise because of this one, beyond the files it wrote."""
    if command.kind == "subshell":
        return False
    return command.kind != "command" or command.name is None or command.name in _STATE_CHANGERS


def shell_at(document: Document, instruction: Instruction) -> tuple[str, ...] | None:
    """The SHELL in force, None for the image's default; base stages of the same file are followed."""
    shells = _shells(document)
    stage = document.stage_of(instruction) if shells else None
    before = instruction.index
    while stage is not None:
        last = bisect_left(shells, before, key=lambda shell: shell[0]) - 1
        if last >= 0 and shells[last][0] >= stage.instructions[0].index:
            return shells[last][1]
        stage = base_stage(document, stage)
        before = stage.instructions[-1].index + 1 if stage else 0
    return None


@lru_cache(maxsize=16)
def _shells(document: Document) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """The SHELL instructions of a file by their index: asked for with every RUN, and in most files there are none."""
    return tuple((i.index, i.json) for i in document.instructions if i.keyword == "SHELL" and i.json)


def is_posix(shell: tuple[str, ...]) -> bool:
    """Whether a SHELL runs what it is given in a POSIX shell, possibly through another program (`conda run …`)."""
    names = {PurePosixPath(part).name for part in shell}
    return bool(names & POSIX_SHELLS) and re.fullmatch(r"-[a-zA-Z]*c[a-zA-Z]*", shell[-1]) is not None


@lru_cache(maxsize=4096)
def parse_run(document: Document, instruction: Instruction) -> Script:
    """The commands of a RUN (or of the RUN that an ONBUILD carries, given as that trigger).

    Kept: every rule asks for the commands of the same document.
    """
    script = _parsed(document, instruction)
    return with_shell_texts(document, script, _read) if instruction.keyword == "RUN" else script


def _parsed(document: Document, instruction: Instruction) -> Script:
    nothing = Script((), None, instruction.argument_span)
    if instruction.json is not None:
        return nothing._replace(opaque="exec form")
    shell = shell_at(document, instruction)
    if shell is None and document.escape == "`":
        return nothing._replace(opaque="the default shell of a Windows image")
    if shell is not None and not is_posix(shell):
        return nothing._replace(opaque=f"SHELL {PurePosixPath(shell[0]).name}")
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
            return nothing._replace(opaque=f"a script for {name}", span=body)
    return _read(document, Span(body.start, body.start), body.of(document.source))


def _is_lone_header(argument: str) -> bool:
    try:
        return parse_header(argument) is not None
    except LexError:
        return False


@lru_cache(maxsize=4096)
def _read(document: Document, span: Span, rest: bytes) -> Script:
    """Parse the logical line in `span` and `rest`, which follows it in the file and is given to the shell as it is.

    Kept too: the RUN that an ONBUILD carries is made anew by everyone who asks for it.
    """
    cuts = tuple(gaps(document.source, span, document.escape))
    whole = Span(span.start, span.end + len(rest))
    if whole.end - whole.start - sum(cut.end - cut.start for cut in cuts) > LONGEST:
        return Script((), "longer than what a shell can be given", whole)
    text = blanked(document.source, span, cuts) + rest
    if text.count(b"<<") > _MOST_HEREDOCS and any(line.count(b"<<") > _MOST_HEREDOCS for line in text.split(b"\n")):
        return Script((), "more heredocs in one line than can be read", whole)
    root = _parser().parse(text).root_node
    if root.has_error:
        return Script((), "not in the grammar of a POSIX shell", whole)
    if _splits_word(root, text, [(cut.start - span.start, cut.end - span.start) for cut in cuts]):
        return Script((), "a word that is continued on the next line", whole)
    reader = TreeReader(document, span)
    try:
        reader.statements(root, "", nested=False)
    except RecursionError:
        return Script((), "nested too deeply", whole)
    if len(reader.commands) > MOST_COMMANDS:
        return Script((), f"more than {MOST_COMMANDS} commands", whole)
    return Script(tuple(reader.commands), None, whole)


def _splits_word(root: Node, text: bytes, cuts: Sequence[tuple[int, int]]) -> bool:
    """Whether blanks in place of a continuation cut a word, or an operator, in two. Inside quotes they do not."""
    quoted: tuple[list[int], list[bool]] | None = None
    for start, end in cuts:
        before, behind = text[start - 1 : start] if start else b"", text[end : end + 1]
        if _WORD_CHARACTER.match(before) and _WORD_CHARACTER.match(behind):
            offsets, states = quoted = _quoted(root) if quoted is None else quoted
            if not states[bisect_right(offsets, start) - 1]:
                return True
        elif before == behind and before in (b"&", b"|", b"<", b">", b";"):
            return True
    return False


def _quoted(root: Node) -> tuple[list[int], list[bool]]:
    """Where quotes, heredocs and comments begin and end, substitutions in them left out: offsets, ascending, and
    whether what follows each is quoted."""
    offsets, states = [0], [False]
    todo: list[Node | tuple[int, bool]] = [root]
    while todo:
        node = todo.pop()
        if isinstance(node, tuple):
            offsets.append(node[0])
            states.append(node[1])
            continue
        if node.type in _QUOTING or node.type in SUBSTITUTIONS:
            todo.append((node.end_byte, states[-1]))
            offsets.append(node.start_byte)
            states.append(node.type in _QUOTING)
        todo += reversed(node.children)
    return offsets, states


@cache
def _parser() -> Parser:
    import tree_sitter

    return tree_sitter.Parser(tree_sitter.Language(_bash_grammar().language()))


def _bash_grammar() -> ModuleType:
    """The compiled part of tree-sitter-bash. Its package imports importlib.resources, and so tempfile, random and lzma
    for files that nobody asks for here: that takes longer than everything else that the parser needs."""
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    package = PathFinder.find_spec("tree_sitter_bash")
    folders = package.submodule_search_locations if package else None
    spec = PathFinder.find_spec("_binding", folders) if folders else None
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError("tree-sitter-bash is not installed")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
