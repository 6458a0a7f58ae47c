"""What a stage puts below a folder besides its copies, and whether that is known at all."""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple

from wizard.dockerfile.arguments import pairs
from wizard.dockerfile.cleaning import cleans
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.installs import Install, program, unwrap
from wizard.dockerfile.script import Command
from wizard.dockerfile.stages import mount_options
from wizard.dockerfile.state import State, environment
from wizard.inspection.copies.placed import lies_in
from wizard.inspection.installs.pip import is_pip, manifests_of
from wizard.inspection.steps import SYSTEM_MANAGERS, Reading, words_of
from wizard.workspace import Workspace

ACCOUNT_MAKERS = frozenset({"useradd", "adduser", "usermod", "groupadd", "addgroup", "groupmod", "deluser", "userdel"})
_ONLY_READ = frozenset(
    {"true", ":", "echo", "printf", "set", "export", "cat", "ls", "test", "[", "id", "whoami", "date", "uname", "which",
     "ldconfig", "sleep", "rm"}
)  # fmt: skip
"""Programs that leave no new file, as long as their output goes nowhere."""
_PLACES = frozenset({"-t", "--target", "--prefix", "--root", "--src", "--report", "--log", "--cache-dir"})
_LEADING = re.compile(r"(?:PATH|HOME|VIRTUAL_ENV|CONDA_PREFIX|PYTHONUSERBASE|PYTHONPYCACHEPREFIX)\Z|(?:PIP|UV|XDG)_")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_SPECIAL_MODE = re.compile(r"0?[2-7][0-7]{3}\Z|[ugoa]*[-+=][rwxX]*[st]")


class Effect(NamedTuple):
    """What a RUN does to a folder, as far as a rewrite has to know."""

    writes: str | None = None
    """Why there may be files below it that the step made; None where there are none."""
    makes: bool = False
    """Whether it makes the folder itself."""


def effect_on(
    workspace: Workspace, document: Document, stage: Stage, reading: Reading, folder: str, before: Command | None = None
) -> Effect:
    """What a RUN leaves below a folder, as far as its commands are known; with `before`, those in front of that one."""
    state = environment(document, stage, reading.instruction)
    if reading.script is None or reading.script.opaque is not None:
        return Effect(f"its shell text cannot be read ({reading.because})")
    mounted = next((flag for flag in reading.instruction.flags if _mounts_in(flag.value or "", state, folder)), None)
    if mounted is not None:
        return Effect(f"it mounts something in {folder}")
    makes = False
    installs = {install.command.span: install for install in reading.installs}
    for command in reading.script.commands:
        if before is not None and command.span.start >= before.span.start:
            break
        install = installs.get(command.span)
        if command.kind != "command" or command.substitutes or command.background or command.redirects:
            return Effect(f"what `{words_of(command)}` writes is not known")
        if install is not None:
            because = _install_in(workspace, document, stage, reading, install, folder)
        elif _made(command) is not None:
            paths = [_resolved(state, path) for path in _made(command) or ()]
            makes = makes or folder in paths
            inside = any(path is None or (path != folder and lies_in(path, folder)) for path in paths)
            because = f"`{words_of(command)}` may make folders in {folder}" if inside else None
        else:
            because = _other(command, state, folder)
        if because is not None:
            return Effect(because)
    return Effect(makes=makes)


def names_folder(text: str, state: State, folder: str) -> bool:
    """Whether a text has the folder's path or one in it, variables of known value put in."""
    filled = _VARIABLE.sub(lambda found: state.settings.get(found[1] or found[2]) or found[0], text)
    return re.search(rf"(?<![\w.-]){re.escape(folder)}(?![\w.-])", filled) is not None


def may_reach(text: str, state: State, folder: str) -> bool:
    """Whether a text that runs in the state may work in the folder, as far as it names paths: relative ones too."""
    workdir = state.workdir or "/"
    if lies_in(workdir, folder) or names_folder(text, state, folder):
        return True
    relative = re.escape(posixpath.relpath(folder, workdir))
    return lies_in(folder, workdir) and re.search(rf"(?<![\w-]){relative}(?![\w.-])", text) is not None


def leads_into(stages: tuple[Stage, ...], state: State, folder: str) -> str | None:
    """A variable of the environment that sends what an install writes into the folder."""
    for instruction in (one for stage in stages for one in stage.instructions if one.keyword in ("ENV", "ARG")):
        names = [pair.name for pair in pairs(instruction) if names_folder(pair.value or "", state, folder)]
        leading = next((name for name in names if _LEADING.match(name)), None)
        if leading is not None:
            return leading
    return None


def _made(command: Command) -> tuple[str, ...] | None:
    """The operands of a mkdir."""
    _, words = unwrap(command)
    if not words or program(words[0]) != "mkdir":
        return None
    operands = [word for word in words[1:] if not word.text.startswith("-")]
    return tuple(word.value if word.value is not None else word.text.strip('"') for word in operands)


def _resolved(state: State, written: str) -> str | None:
    expanded = state.expand(written)
    absolute = None if expanded is None or set(expanded) & set("*?[{`") else state.absolute(expanded)
    return None if absolute is None else absolute.rstrip("/") or "/"


def _other(command: Command, state: State, folder: str) -> str | None:
    """Why a command that is no install may write below the folder."""
    _, words = unwrap(command)
    name = program(words[0]) if words else ""
    if name == "chmod":
        special = next((word for word in words[1:2] if _SPECIAL_MODE.match(word.text)), None)
        return None if special is None else f"`{words_of(command)}` sets a bit that a change of owner clears"
    if name in _ONLY_READ or cleans(command) is not None:
        return None
    if name in ACCOUNT_MAKERS:
        named = any(word.value is None or names_folder(word.text, state, folder) for word in words)
        return f"`{words_of(command)}` may make a home folder there" if named else None
    return f"what `{words_of(command)}` writes is not known"


def _install_in(
    workspace: Workspace, document: Document, stage: Stage, reading: Reading, install: Install, folder: str
) -> str | None:
    """Why an install may write below the folder."""
    if install.manager in SYSTEM_MANAGERS:
        return None
    words = f"`{words_of(install.command)}`"
    _, called = unwrap(install.command)
    state = environment(document, stage, reading.instruction)
    if not is_pip(install) or install.paths or install.editables or install.has(*_PLACES) or install.unknown:
        return f"{words} may write there"
    if names_folder(called[0].text, state, folder):
        return f"{words} belongs to an environment there"
    manifests = manifests_of(workspace, document, stage, reading)
    if manifests.because is not None:
        return f"{words} may write there ({manifests.because})"
    for manifest in manifests.found:
        if re.search(rb"^\s*(?:-e|--editable|--src)\b", workspace.read(manifest.path), re.MULTILINE):
            return f"{manifest.path} has packages that pip may check out there"
    return None


def _mounts_in(value: str, state: State, folder: str) -> bool:
    mount = mount_options(value)
    written = mount.get("target") or mount.get("dst") or mount.get("destination")
    if written is None:
        return False
    target = _resolved(state, written)
    return target is None or lies_in(target, folder) or lies_in(folder, target)


def made_by_workdir(state: State, instruction: Instruction) -> str | None:
    """The folder that a WORKDIR makes, None where that is not known."""
    path = state.expand(instruction.argument)
    absolute = None if path is None else state.absolute(path)
    return None if absolute is None else posixpath.normpath(absolute)
