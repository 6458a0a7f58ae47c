"""Which programs the image calls at run time.

Looks at CMD, ENTRYPOINT and HEALTHCHECK, the shell scripts that they start, the project's own Python code and the
Python packages that wrap a program. It errs on the side of finding too much: a package that is kept in vain costs
bytes, a missing one breaks the image.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from wizard.dockerfile.started import starting
from wizard.inspection.files import Listing, list_files, read_text, short_lines
from wizard.inspection.masking import shown
from wizard.inspection.values import Evidence

if TYPE_CHECKING:
    from wizard.dockerfile.document import Document, Instruction, Stage
    from wizard.workspace import Workspace

_RUNS_CODE = re.compile(r"subprocess|os\.system|popen|which\(|\bexec[lv]|spawn|getoutput")
_CALLS = frozenset(
    (
        *("run", "call", "check_call", "check_output", "Popen", "getoutput", "getstatusoutput", "system", "popen"),
        *("create_subprocess_exec", "create_subprocess_shell", "spawn", "execv", "execvp", "execlp", "execl", "which"),
    )
)
# Where a command can start in a shell text; the words before it that only start another one.
_COMMAND = re.compile(
    r"""(?=(?:\b(?:then|do|else|elif|if|while|until|exec|env|sudo|time|nohup|command|type|which|xargs|tini|dumb-init|setsid|
    nice|eval|sh|bash)\b|-(?:v|c|exec)\s["']?|--|^|[;&|({`!]|\$\()\s*(?:[A-Za-z_]\w*=\S*\s+)*["']?(?P<name>[\w./+-]+))""",
    re.MULTILINE | re.VERBOSE,
)
_RUNS_AS = re.compile(r"\b(?:gosu|su-exec|setpriv|runuser|timeout|wait-for-it(?:\.sh)?)\s+\S+\s+(?:--\s+)?([\w./+-]+)")
_LISTED_DEPTH = 5
"""Scripts that start scripts that start scripts …"""


class ProgramUse(NamedTuple):
    """A program by its name (no folder), and the line that calls it."""

    program: str
    evidence: Evidence


def programs_used(workspace: Workspace, document: Document, listing: Listing | None = None) -> tuple[ProgramUse, ...]:
    """The programs called by what the last stage starts, the scripts that it starts and the project's Python code.

    Each program once, with the first line found. Names that are shell builtins or words of prose may be among them.
    """
    listing = listing or list_files(workspace)
    found: dict[str, ProgramUse] = {}
    for use in programs_started(workspace, document, document.stages[-1:]):
        found.setdefault(use.program, use)
    for use in _in_python(workspace, listing):
        found.setdefault(use.program, use)
    return tuple(found.values())


def programs_started(workspace: Workspace, document: Document, stages: Iterable[Stage]) -> Iterator[ProgramUse]:
    """The programs called by what containers of these stages start, and by the scripts that they start."""
    seen: set[str] = set()
    for stage in stages:
        for instruction in starting(document, stage):
            yield from programs_of_shell(
                workspace, _command_text(instruction), document.path, instruction.start_line, seen
            )


def programs_of_shell(
    workspace: Workspace, whole: str, path: str, line: int, seen: set[str] | None = None, depth: int = 0
) -> Iterator[ProgramUse]:
    """The programs that a shell text calls, and the repo's scripts that it names. `line`: where the text begins.

    `seen` holds the scripts that were looked into, and gets those that are.
    """
    seen = set() if seen is None else seen
    text = "\n".join("" if one.lstrip().startswith("#") else one for one in short_lines(whole))
    for name, offset in _commands(text):
        number = line + text.count("\n", 0, offset)
        written = text.splitlines()[text.count("\n", 0, offset)]
        yield ProgramUse(_base(name), Evidence(path, number, shown(written)))
    for word in re.findall(r"[\w./-]+", text):
        script = _script(workspace, word)
        if script is not None and script not in seen and depth < _LISTED_DEPTH:
            seen.add(script)
            content = read_text(workspace, script)
            if content is not None:
                yield from programs_of_shell(workspace, content, script, 1, seen, depth + 1)


def _command_text(instruction: Instruction) -> str:
    """The command as shell text, whichever form it is written in."""
    words = instruction.json
    argument = instruction.argument
    if instruction.keyword == "HEALTHCHECK":
        argument = re.sub(r"^\s*CMD\s+", "", argument, flags=re.IGNORECASE)
        words = words or _json_words(argument)
    return " ".join(words) if words is not None else argument


def _json_words(text: str) -> tuple[str, ...] | None:
    import json

    try:
        words = json.loads(text)
    except ValueError:
        return None
    return tuple(map(str, words)) if isinstance(words, list) else None


def _commands(text: str) -> Iterator[tuple[str, int]]:
    """Names that stand where a command can, and their offsets. A look-ahead: `exec curl` is two such places."""
    for match in _COMMAND.finditer(text):
        yield match["name"], match.start("name")
    for match in _RUNS_AS.finditer(text):
        yield match[1], match.start(1)


def _script(workspace: Workspace, word: str) -> str | None:
    """The repo's shell script that a word names, None where there is none."""
    from wizard.inspection.ecosystems.python import locate

    if "/" not in word and "." not in word:
        return None
    path = locate(workspace, word)
    if path is None:
        return None
    if PurePosixPath(path).suffix in (".sh", ".bash"):
        return path
    content = read_text(workspace, path) or ""
    return path if re.match(r"#!.*\b(?:ba|da|k|z)?sh\b", content) else None


def _base(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def _in_python(workspace: Workspace, listing: Listing) -> Iterator[ProgramUse]:
    """The programs that the project's own Python code starts; tests do not count."""
    from wizard.inspection.gpu.evidence import is_test

    for path in listing.below(workspace.context):
        if not path.endswith(".py") or is_test(workspace.to_context(path) or path):
            continue
        text = read_text(workspace, path)
        if text is None or not _RUNS_CODE.search(text):
            continue
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        lines = text.splitlines()
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _called(node) in _CALLS and node.args:
                for name in _first_words(node.args[0]):
                    yield ProgramUse(_base(name), Evidence(path, node.lineno, shown(lines[node.lineno - 1])))


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _first_words(argument: ast.expr) -> list[str]:
    """The programs that the first argument of a call starts: a list's first item, or the commands of a shell text."""
    if isinstance(argument, ast.List | ast.Tuple) and argument.elts:
        argument = argument.elts[0]
    if isinstance(argument, ast.JoinedStr) and argument.values:
        argument = argument.values[0]
    if isinstance(argument, ast.BinOp):
        return _first_words(argument.left)
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        return [name for name, _ in _commands(argument.value)]
    return []
