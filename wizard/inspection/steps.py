"""What each instruction of a stage does, as far as a rewrite has to know: installs, copies, harmless, or unknown.

`unknown` is the honest answer for everything that was not recognised: a rule that would have to move it refuses.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

from wizard.dockerfile.cleaning import cleans
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.folders import entered
from wizard.dockerfile.installs import Install, installs, manager_words, unwrap
from wizard.dockerfile.managers import ALIASES
from wizard.dockerfile.shell import Command, Script, parse_run
from wizard.dockerfile.shell_texts import shell_text
from wizard.dockerfile.state import environment

Role = Literal["from", "metadata", "context-copy", "stage-copy", "install", "neutral", "unknown"]

METADATA = frozenset(
    {"ENV", "ARG", "LABEL", "EXPOSE", "CMD", "ENTRYPOINT", "HEALTHCHECK", "STOPSIGNAL", "MAINTAINER", "USER",
     "WORKDIR", "SHELL", "VOLUME"}
)  # fmt: skip
APT = frozenset({"apt-get", "apt", "aptitude"})
SYSTEM_MANAGERS = APT | {"apk", "dnf", "yum", "microdnf", "zypper"}

_HARMLESS = frozenset(
    {"true", ":", "echo", "printf", "set", "export", "useradd", "adduser", "groupadd", "addgroup", "usermod", "mkdir",
     "ldconfig", "locale-gen", "which", "sleep", "date", "uname", "id", "whoami"}
)  # fmt: skip
_SYSTEM_FOLDERS = (
    "/var/lib/apt/", "/var/cache/", "/var/log/", "/var/tmp/", "/tmp/", "/root/.cache", "~/.cache",
    "/usr/share/doc", "/usr/share/man", "/etc/apt/apt.conf.d/docker-clean",
)  # fmt: skip
_MOVING = {
    "poetry": ("virtualenvs.path", "cache-dir"),
    "pdm": ("venv.location", "venv.in_project", "cache_dir", "use_uv", "install.cache", "install.cache_method"),
}
"""Settings that move what an install makes, or what it keeps. Sources: python-poetry.org and pdm-project.org,
Configuration."""
_OF_CONDA = frozenset({"config", "info", "init", "list", "tos"})
"""Commands of conda and mamba that settle or tell what conda itself does, in files of its own or of the home folder."""
_DISCARDED = re.compile(r"(?:\s*(?:[0-9]?>&[0-9]|(?:[0-9]|&)?>>?\s*/dev/null))*\s*")


class Reading(NamedTuple):
    """One instruction and what it was recognised as."""

    instruction: Instruction
    role: Role
    script: Script | None = None
    installs: tuple[Install, ...] = ()
    because: str = ""
    """For an unknown one: what was not recognised, in words."""
    moves: bool = False
    """It changes the folder with `cd`, and where to is known (wizard/inspection/step_folders.py)."""

    @property
    def managers(self) -> frozenset[str]:
        """Which package managers it installs with: `apt`, `pip`, …"""
        return frozenset(install.manager for install in self.installs)


def read_steps(document: Document, stage: Stage) -> tuple[Reading, ...]:
    """A reading for every instruction of the stage, in order."""
    return _read_stages(document)[stage.index]


@lru_cache(maxsize=16)
def _read_stages(document: Document) -> tuple[tuple[Reading, ...], ...]:
    """Kept: every rule asks it of the same document."""
    return tuple(tuple(read_step(document, step) for step in stage.instructions) for stage in document.stages)


def read_step(document: Document, instruction: Instruction) -> Reading:
    """What one instruction does."""
    if instruction.keyword == "FROM":
        return Reading(instruction, "from")
    if instruction.keyword in METADATA:
        return Reading(instruction, "metadata")
    if instruction.keyword in ("COPY", "ADD"):
        return Reading(instruction, "stage-copy" if instruction.flag("from") else "context-copy")
    if instruction.keyword != "RUN":
        return Reading(instruction, "unknown", because=f"{instruction.keyword} is not looked into")
    return _read_run(document, instruction)


_FAR = 20_000
"""Characters of a text that is only searched: some expressions take time by the square of its length."""


@lru_cache(maxsize=16)
def unread_runs(document: Document, naming: str) -> tuple[Instruction, ...]:
    """The RUN instructions that cannot be read, or give a shell a text that cannot, and whose text matches, as far as
    one looks."""
    runs = (run for run in document.instructions if run.keyword == "RUN")
    return tuple(run for run in runs if any(re.search(naming, text[:_FAR]) for text in _unread_texts(document, run)))


def _unread_texts(document: Document, run: Instruction) -> Iterator[str]:
    script = parse_run(document, run)
    if script.opaque is not None:
        yield _shell_text(document, run)
    for command in script.commands:
        text = shell_text(command) if command.kind == "command" else None
        if text is not None:
            yield text.text


def _shell_text(document: Document, run: Instruction) -> str:
    bodies = (heredoc.body.of(document.source) for heredoc in run.heredocs)
    return "\n".join((run.argument, *(body.decode("utf-8", "replace") for body in bodies)))


def _read_run(document: Document, instruction: Instruction) -> Reading:
    script = parse_run(document, instruction)
    if script.opaque is not None:
        return Reading(instruction, "unknown", script, because=f"its shell text cannot be read ({script.opaque})")
    found = installs(script)
    by_command = {install.command.span: install for install in found}
    moves = _moves(document, instruction, script)
    for command in script.commands:
        because = unknown_command(document, command, by_command.get(command.span))
        if because is not None and not (moves and command.name == "cd" and _unusual(document, command) is None):
            return Reading(instruction, "unknown", script, found, because)
    role: Role = "install" if any(one.installs for one in found) else "neutral"
    return Reading(instruction, role, script, found, moves=moves)


def _moves(document: Document, instruction: Instruction, script: Script) -> bool:
    """Whether it has `cd` commands, and all of them lead to folders that the file tells."""
    stage = document.stage_of(instruction) if any(command.name == "cd" for command in script.commands) else None
    folders = () if stage is None else entered(script, environment(document, stage, instruction), "/(where it starts)")
    return bool(folders) and None not in folders


def unknown_command(document: Document, command: Command, install: Install | None) -> str | None:
    """Why a command of a RUN may do more than is known; None where it does not."""
    because = _unusual(document, command)
    if because is None:
        because = _not_harmless(command) if install is None else _reads_files(install)
    return because


def words_of(command: Command, limit: int = 4) -> str:
    """The beginning of a command, for messages."""
    words = [word.text for word in command.words[:limit]] or [f"{name}=…" for name in command.assignments]
    text = " ".join(words)
    return f"{text} …" if len(command.words) > limit else text


def _unusual(document: Document, command: Command) -> str | None:
    """Why a command may do more than its words say."""
    if command.kind in ("compound", "function"):
        return "it holds a shell construct (if, for, function …)"
    if command.substitutes or command.background:
        return f"`{words_of(command)}` holds a command substitution or runs in the background"
    if command.piped and command.joined_by in ("|", "|&"):
        return f"`{words_of(command)}` reads from a pipe"
    if command.redirects and not _discards_output(document, command):
        return f"`{words_of(command)}` reads or writes a file by redirection"
    return None


def _discards_output(document: Document, command: Command) -> bool:
    """Whether its redirections only join streams or throw output away."""
    end = command.words[-1].span.end if command.words else command.span.start
    rest = document.source[end : command.span.end].decode("utf-8", "replace")
    return _DISCARDED.fullmatch(rest) is not None


def _reads_files(install: Install) -> str | None:
    """Why an install may read files of the sources other than its manifests."""
    if install.paths:
        return f"it installs the local path {install.paths[0]}"
    if "xargs" in install.wrappers:
        return "it reads the packages from somewhere else"
    return None


def _only_asks(command: Command) -> bool:
    """`pip check`, `python --version` and their like: they tell about what is installed."""
    _, words = unwrap(command)
    if not words:
        return False
    name, words = manager_words(words)
    values = [word.value or "" for word in words[1:] if word.value not in ("-q", "--quiet", "-v", "--verbose")]
    if name == "pip":
        return bool(values) and values[0] in ("check", "list", "freeze", "show", "debug", "--version", "-V")
    tells = re.fullmatch(r"(?:python|pypy)[0-9.]*|uv|poetry|pdm|pipenv", name) is not None
    return tells and values in (["--version"], ["-V"])


def _settles_conda_by_files(command: Command) -> str | None:
    """Why a `conda config` or its like may write among the sources, or make later installs read them."""
    for word in command.words[2:]:
        if word.value is None or re.match(r"--file\b|-f|\.{0,2}/|\.{1,2}\Z|~|file:|.*=(?:\.{0,2}/|~)", word.value):
            return f"`{words_of(command)}` may settle that conda reads or writes among the sources"
    return None


def _not_harmless(command: Command) -> str | None:
    name = posixpath.basename(command.name or "")
    if _only_asks(command):
        return None
    if ALIASES.get(name, name) == "conda" and [word.value in _OF_CONDA for word in command.words[1:2]] == [True]:
        return _settles_conda_by_files(command)
    if name == "corepack" and [word.value for word in command.words[1:2]] == ["enable"]:
        return None
    if name in _MOVING and [word.value for word in command.words[1:2]] == ["config"]:
        # With --local it writes into the folder where the project goes.
        if any(word.value in (None, "--local", "-l") for word in command.words):
            return f"`{words_of(command)}` may write {name}.toml among the sources"
        places = any(word.value in _MOVING[name] for word in command.words)
        return f"`{words_of(command)}` moves the folder of the environments" if places else None
    if name in ("cd", "pushd"):
        why = "changes the folder within the step, and what is read there is not worked out (WORKDIR would tell)"
        return f"`{words_of(command)}` {why}"
    if name in _HARMLESS or command.kind in ("assignment", "subshell") or cleans(command) is not None:
        return None
    if name == "rm":
        paths = [word.value for word in command.words[1:] if not word.text.startswith("-")]
        if all(path is not None and path.startswith(_SYSTEM_FOLDERS) for path in paths):
            return None
    return f"`{words_of(command)}` is not known to be independent of the sources"
