"""Which words of a RUN work on a folder that a cache mount would stand in for."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from wizard.dockerfile.cleaning import cleans
from wizard.dockerfile.document import Document, Instruction
from wizard.dockerfile.editing import Edit, remove_spans
from wizard.dockerfile.errors import EditConflict
from wizard.dockerfile.installs import program, unwrap
from wizard.dockerfile.run_editing import remove_commands
from wizard.dockerfile.script import Command, Script, ShellWord
from wizard.dockerfile.stages import mount_options
from wizard.dockerfile.state import State

_REMOVERS = frozenset({"rm", "rmdir", "unlink"})
_MOVERS = frozenset({"find", "mv", "shred", "truncate"})
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")


class Cleaning(NamedTuple):
    """What takes a mounted folder's content away: whole commands, and single words of others."""

    commands: tuple[Command, ...] = ()
    words: tuple[ShellWord, ...] = ()


class Hindrance(NamedTuple):
    """Why a folder may not be mounted."""

    because: str


def covered(instruction: Instruction, state: State, folder: str) -> bool:
    """Whether a mount of the RUN stands at the folder, above it or inside of it already."""
    for flag in instruction.flags:
        mount = mount_options(flag.value or "") if flag.name == "mount" else {}
        written = mount.get("target") or mount.get("dst") or mount.get("destination") or ""
        target = posixpath.normpath(state.expand(written) or written or "/").rstrip("/")
        if target and (f"{folder}/".startswith(f"{target}/") or target.startswith(f"{folder}/")):
            return True
    return False


def cleaning_of(
    script: Script, state: State, folders: Collection[str], managers: Collection[str], more: Collection[str]
) -> Cleaning | Hindrance:
    """The commands and words that clean the folders, or why they cannot be told apart from the rest.

    `managers` are those whose own cleaning commands count (`apt-get clean`); `more` are parent folders that may be
    left uncleaned too.
    """
    assigned = {name for command in script.commands for name in _assigned(command)}
    movers = _MOVERS | ({"cd", "pushd"} if any(_removes_relative(command) for command in script.commands) else set())
    whole: list[Command] = []
    single: list[ShellWord] = []
    for command in script.commands:
        _, words = unwrap(command)
        name = program(words[0]) if words else ""
        if name not in _REMOVERS:
            if cleans(command) in managers:
                whole.append(command)
            elif name in movers and any(_handles(word, state, folder) for word in words[1:] for folder in folders):
                return Hindrance(f"`{_text(command)}` works on the folder that would be mounted")
            continue
        operands = [word for word in words[1:] if not word.text.startswith("-")]
        hits: list[ShellWord] = []
        for word in operands:
            found = _removes(word, state, assigned, folders, more)
            if isinstance(found, Hindrance):
                return found
            hits += [word] if found else []
        if hits and len(hits) == len(operands):
            whole.append(command)
        else:
            single += hits
    return Cleaning(tuple(whole), tuple(single))


def taken_out(
    document: Document, instruction: Instruction, script: Script, cleaning: Cleaning, state: State
) -> tuple[Edit, ...]:
    """The edits that take the cleaning away. Raises EditConflict where the rest would mean something else."""
    emptied = tuple(command for command in script.commands if _left_without_operands(command, cleaning.words))
    gone = tuple(dict.fromkeys((*cleaning.commands, *emptied)))
    words = [word for word in cleaning.words if not any(word in command.words for command in emptied)]
    edits = remove_commands(document, script, gone)
    if gone and _hides_failure(script, gone, state):
        raise EditConflict("its last command, which only cleans, hides failures of those before it", path=document.path)
    return (*edits, *remove_spans(document, instruction, (word.span for word in words)))


def _left_without_operands(command: Command, taken: Collection[ShellWord]) -> bool:
    _, words = unwrap(command)
    operands = [word for word in words[1:] if not word.text.startswith("-")]
    return bool(operands) and all(word in taken for word in operands)


def _hides_failure(script: Script, gone: tuple[Command, ...], state: State) -> bool:
    """Whether the RUN succeeds because a command succeeds that is about to go."""
    top = script.top
    left = [command for command in top if command not in gone]
    if not left or left[-1] is top[-1] or top[top.index(left[-1]) + 1].joined_by == "&&":
        return False
    return (
        not stops_at_failure(script, state)
        or left[-1].joined_by not in ("", ";", "\n")
        or left[-1].negated
        or left[-1].piped
    )


def stops_at_failure(script: Script, state: State) -> bool:
    """Whether the shell ends at the first command that fails: `set -e` at the beginning, or a SHELL with `-e`."""
    first = script.top[0] if script.top else None
    values = [word.text for word in first.words[1:]] if first is not None and first.name == "set" else []
    return any(re.match(r"-[a-z]*e", value) or value == "errexit" for value in values) or any(
        re.fullmatch(r"-[a-z]*e[a-z]*", word) for word in (state.shell or ())[1:]
    )


def _removes(
    word: ShellWord, state: State, assigned: Collection[str], folders: Collection[str], more: Collection[str]
) -> bool | Hindrance:
    """Whether removing this path removes from a folder, and nothing beside it."""
    paths = list(_paths(word, state))
    if None in paths:
        if set(_VARIABLE.findall(word.text)) & set(assigned):
            return False
        return Hindrance(f"what `{word.text}` removes is only known in the build")
    kinds = {_relation(path, folder, more) for path in paths if path is not None for folder in folders}
    if "around" in kinds or (len(paths) > 1 and kinds - {"apart"}):
        return Hindrance(f"`{word.text}` removes more than the folder that would be mounted")
    return "inside" in kinds


def _removes_relative(command: Command) -> bool:
    """Whether it removes something by a path that a `cd` before it decides about."""
    _, words = unwrap(command)
    return bool(words) and program(words[0]) in _REMOVERS and any(not re.match(r"[-/~$\"]", w.text) for w in words[1:])


def _handles(word: ShellWord, state: State, folder: str) -> bool:
    """Whether a command that works on whole folders is given this one, its content, or one close around it."""
    return any(
        path is not None and path.count("/") > 1 and _relation(path, folder, ()) != "apart"
        for path in _paths(word, state)
    )


def _paths(word: ShellWord, state: State) -> Iterator[str | None]:
    """The absolute paths that a word may stand for; None for one that depends on an unknown value."""
    for text in _braces(word.value if word.value is not None else word.text.replace('"', "")):
        text = re.sub(r"^~(?=/|$)|\$HOME\b|\$\{HOME\}", lambda found: state.home or found[0], text)
        expanded = (state.expand(text) if "$" in text else text) if "`" not in text and "$(" not in text else None
        if expanded is None or expanded.startswith("~"):
            yield None
        elif expanded.startswith("/") or state.workdir is not None:
            yield posixpath.normpath(posixpath.join(state.workdir or "/", expanded))
        else:
            yield f"/(relative)/{expanded}"


def _braces(text: str) -> Iterator[str]:
    found = re.search(r"(?<!\$)\{([^{}]*,[^{}]*)\}", text)
    if found is None:
        yield text
        return
    for choice in found[1].split(","):
        yield from _braces(text[: found.start()] + choice + text[found.end() :])


def _relation(path: str, folder: str, more: Collection[str]) -> str:
    """`inside` for the folder or something in it, `around` for what holds it and more, else `apart`."""
    if path.removesuffix("/*") in more:
        return "inside"
    parts, wanted = path.strip("/").split("/"), folder.strip("/").split("/")
    for part, name in zip(parts, wanted, strict=False):
        if not fnmatch.fnmatchcase(name, part) or (name.startswith(".") and not part.startswith(".")):
            return "apart"
    exact = parts[: len(wanted)] == wanted
    return "inside" if exact and len(parts) >= len(wanted) else "around"


def _assigned(command: Command) -> Iterator[str]:
    yield from command.assignments
    if command.name in ("export", "declare", "local", "readonly", "read"):
        yield from (word.text.partition("=")[0] for word in command.words[1:])


def set_in(script: Script, names: Collection[str]) -> str | None:
    """Which of these variables the script sets itself."""
    return next((name for command in script.commands for name in _assigned(command) if name in names), None)


def _text(command: Command) -> str:
    return " ".join(word.text for word in command.words[:4])
