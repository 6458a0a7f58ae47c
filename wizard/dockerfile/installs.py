"""What the package managers of a RUN install, and from where."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from wizard.dockerfile.managers import ALIASES, MANAGERS, OF_THE_SYSTEM, PYTHON_MODULES, WITH_OPERAND, WRAPPERS, Manager
from wizard.dockerfile.shell import Command, Script, ShellWord

_PYTHON: Final = re.compile(r"(?:python|pypy)[0-9.]*\Z")
_PIP: Final = re.compile(r"pip[0-9.]*\Z")
_ARCHIVE: Final = re.compile(r"\.(?:whl|tar\.gz|tgz|tar\.bz2|zip|deb|rpm|apk|conda|gem)\Z")
_REFRESHING: Final = frozenset({"update", "upgrade", "dist-upgrade", "full-upgrade", "makecache", "refresh"})


class Option(NamedTuple):
    """An option as written, with its value where it has one."""

    name: str
    value: str | None
    """None without a value, or where it holds an expansion."""
    words: tuple[ShellWord, ...]
    """The one or two words that it takes."""


class Install(NamedTuple):
    """One call of a package manager."""

    manager: str
    """A name of the table in managers.py: `pip3` and `python -m pip` are pip, mamba and micromamba are conda."""
    verb: str
    """`install`, `add`, `update`, `ci` …; both words of `uv pip install`, `conda env create`, `go mod download`."""
    command: Command
    verb_word: ShellWord
    """Where the verb stands (the last word of it); the manager's word where it has none."""
    packages: tuple[ShellWord, ...]
    """What is named on the command line: packages, addresses, archives, paths."""
    requirement_files: tuple[str, ...] = ()
    constraint_files: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    """Local paths among the packages, editable ones included: the install reads these files."""
    editables: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    wrappers: tuple[str, ...] = ()
    """Programs in front of it: sudo, env, time, nice, xargs …"""
    unknown: bool = False
    """A word that decides what is installed holds an expansion."""
    environment: tuple[str, ...] = ()
    """Names assigned in front of the command."""

    def option(self, *names: str) -> Option | None:
        """The last option of one of these names."""
        return next((option for option in reversed(self.options) if option.name in names), None)

    def has(self, *names: str) -> bool:
        """Whether one of these options is there."""
        return self.option(*names) is not None

    @property
    def installs(self) -> bool:
        """Whether it puts packages into the image, as against refreshing lists or upgrading what is there."""
        return self.manager not in OF_THE_SYSTEM or self.verb not in _REFRESHING


def installs(script: Script) -> tuple[Install, ...]:
    """The package manager calls of a RUN, nested commands included, in order."""
    found = (install(command) for command in script.commands)
    return tuple(one for one in found if one is not None)


def install(command: Command) -> Install | None:
    """What one command installs; None where it is no package manager's."""
    wrappers, words = unwrap(command)
    if not words:
        return None
    name, words = manager_words(words)
    manager = MANAGERS.get(name)
    return _read(manager, command, wrappers, words) if manager is not None and words else None


def program(word: ShellWord) -> str:
    """The last part of a program's path; "" where that is an expansion."""
    text = word.value if word.value is not None else word.text.strip('"')
    name = text if "/" not in text and text != "." else PurePosixPath(text).name
    return "" if set(name) & set("$`(") else name


def unwrap(command: Command) -> tuple[tuple[str, ...], tuple[ShellWord, ...]]:
    """The wrappers in front of a command (`sudo -E env A=1 …`), and the words of what they run."""
    words = command.words
    wrappers = list(command.started_by)
    while words and (name := program(words[0])) in WRAPPERS:
        valued, rest = WRAPPERS[name], words[1:]
        while rest and (text := rest[0].value or "").startswith("-") and text != "--":
            rest = rest[2:] if text in valued else rest[1:]
        if rest and rest[0].value == "--":
            rest = rest[1:]
        while name in ("env", "sudo") and rest and re.match(r"[A-Za-z_]\w*=", rest[0].text):
            rest = rest[1:]
        if name in WITH_OPERAND:
            rest = rest[1:]
        wrappers.append(name)
        words = rest
    return tuple(wrappers), words


def manager_words(words: tuple[ShellWord, ...]) -> tuple[str, tuple[ShellWord, ...]]:
    """The manager's name in the table ("" or another program's where it is none), and its words from its name on."""
    name = program(words[0])
    if _PYTHON.match(name):
        at = 1
        while at < len(words) and (text := words[at].value or "").startswith("-"):
            if text == "-m" and at + 1 < len(words):
                module = words[at + 1].value or ""
                return (module if module in PYTHON_MODULES else ""), words[at + 1 :]
            at += 2 if text in ("-W", "-X") else 1
        return name, words
    return "pip" if _PIP.match(name) else ALIASES.get(name, name), words


def _read(
    manager: Manager, command: Command, wrappers: tuple[str, ...], words: tuple[ShellWord, ...]
) -> Install | None:
    options: list[Option] = []
    operands: list[ShellWord] = []
    index, only_operands = 1, False
    while index < len(words):
        word = words[index]
        index += 1
        if only_operands or not word.text.startswith("-") or word.text == "-":
            operands.append(word)
        elif word.text == "--":
            only_operands = True
        else:
            found = _options(manager, word, words[index : index + 1])
            options += found
            index += len(found[-1].words) - 1
    verb, verb_word, operands = _verb(manager, words[0], operands)
    if verb is None:
        return None
    files = (manager.requirements, manager.constraints, manager.editables)
    requirements, constraints, editables = (
        tuple(option.value for option in options if option.name in names and option.value is not None)
        for names in files
    )
    unknown = any(option.value is None and any(option.name in names for names in files) for option in options)
    if manager.name == "uv" and verb == "pip sync":
        requirements += tuple(word.value for word in operands if word.value is not None)
        unknown = unknown or any(word.value is None for word in operands)
        operands = []
    named = [word.value for word in operands if word.value is not None]
    paths = [name for name in named if is_local(manager.name, name)]
    paths += [name for name in editables if is_local(manager.name, name, editable=True)]
    return Install(
        manager=manager.name,
        verb=verb,
        command=command,
        verb_word=verb_word,
        packages=tuple(operands),
        requirement_files=requirements,
        constraint_files=constraints,
        paths=tuple(re.sub(r"\[[^\]]*\]\Z", "", path) for path in paths),
        editables=editables,
        options=tuple(options),
        wrappers=wrappers,
        unknown=unknown or any(word.value is None for word in operands) or "xargs" in wrappers,
        environment=command.assignments,
    )


def _options(manager: Manager, word: ShellWord, following: tuple[ShellWord, ...]) -> list[Option]:
    """The options of one word; the value of the last is glued on (`--a=b`, `-rfile`) or the next word (`-Ur file`)."""
    text, known = word.value or word.text, word.value is not None
    if text in manager.valued:
        return [Option(text, following[0].value if following else None, (word, *following))]
    name, glued, value = text.partition("=")
    if text.startswith("--") or len(name) <= 2 or manager.name == "go":
        return [Option(name, value if glued and known else None, (word,))]
    flags: list[Option] = []
    for index, letter in enumerate(text[1:], start=2):
        short = f"-{letter}"
        if short not in manager.valued:
            flags.append(Option(short, None, (word,)))
        elif text[index:]:
            return [*flags, Option(short, text[index:] if known else None, (word,))]
        else:
            return [*flags, Option(short, following[0].value if following else None, (word, *following))]
    return flags


def _verb(
    manager: Manager, head: ShellWord, operands: list[ShellWord]
) -> tuple[str | None, ShellWord, list[ShellWord]]:
    """The verb, the word that ends it, and the operands behind it."""
    if not operands:
        return manager.default_verb, head, operands
    verb = operands[0].value or ""
    second = manager.verbs.get(verb)
    if second is None:
        return None, head, operands
    if not second:
        return manager.synonyms.get(verb, verb), operands[0], operands[1:]
    if len(operands) > 1 and operands[1].value in second:
        return f"{verb} {operands[1].value}", operands[1], operands[2:]
    return None, head, operands


def is_local(manager: str, package: str, *, editable: bool = False) -> bool:
    """Whether an operand names files on disk rather than a package of an index."""
    if "://" in package or package.startswith("git+"):
        return package.startswith("file:")
    if package.startswith((".", "/", "~", "file:")):
        return True
    if manager in ("go", "cargo") or " @ " in package or package.startswith("@"):
        return False
    return editable or bool(_ARCHIVE.search(package.partition("[")[0])) or ("/" in package and manager in ("pip", "uv"))
