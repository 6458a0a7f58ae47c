"""How the one stage of a Python image divides: the system, the Python packages, the application.

`divide` holds every step against what a division needs of it, and raises `Unmet` with the step that does not hold.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from wizard.dockerfile.document import Document, Stage
from wizard.dockerfile.installs import program, unwrap
from wizard.dockerfile.shell import Command
from wizard.dockerfile.state import environment
from wizard.inspection.copies.placed import MANIFESTS, brought, context_copies, copies_sources, lies_in
from wizard.inspection.division.debian import build_only
from wizard.inspection.division.native import Catalogue
from wizard.inspection.installs.pip import Manifest, is_pip, manifests_of
from wizard.inspection.places import line_at, quoted
from wizard.inspection.step_folders import needed_folders
from wizard.inspection.steps import APT, Reading, read_steps, words_of
from wizard.inspection.values import Evidence
from wizard.workspace import Workspace

_MOVES_UP = frozenset({"ENV", "ARG", "LABEL", "EXPOSE", "CMD", "ENTRYPOINT", "HEALTHCHECK", "STOPSIGNAL", "MAINTAINER"})
"""Settings that mean the same a few steps earlier; a directory, a user and a shell do not."""
_ELSEWHERE = ("-t", "--target", "--prefix", "--root", "--user", "--python", "-p", "--src")
_SETTINGS = (
    "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_ROOT", "PIP_SRC", "PIP_PYTHON", "PYTHONHOME", "PYTHONUSERBASE",
    "VIRTUAL_ENV", "UV_PYTHON",
)  # fmt: skip
_COMPILERS = frozenset(
    {"gcc", "g++", "cc", "c++", "clang", "clang++", "make", "cmake", "ninja", "meson", "gfortran", "ld", "go", "cargo",
     "rustc", "swig", "protoc", "cython", "cythonize", "configure", "pip", "pip3", "pip-sync", "pipx", "uv",
     "easy_install", "maturin", "node-gyp"}
)  # fmt: skip
_BUILD_MODULES = frozenset({"pip", "piptools", "pipx", "uv", "build", "cython", "Cython", "maturin"})
_MAKES_ENVIRONMENT = re.compile(r"-m\s+(?:venv|virtualenv)\b|\bvirtualenv\s|\bpyvenv\b|\buv\s+venv\b")
_PYTHON = re.compile(r"(?:python|pypy)[0-9.]*\Z")
_FIRST_FOLDERS = ("/usr/local/bin", "/usr/bin", "/bin")
"""Where the image's own Python would be found before that of a virtual environment."""


class Unmet(Exception):
    """A precondition that does not hold: the reason in words, and the line that shows it."""

    def __init__(self, because: str, *evidence: Evidence) -> None:
        super().__init__(because)
        self.because = because
        self.evidence = evidence


class Parts(NamedTuple):
    """The instructions of the stage below FROM, by where they belong, each part in the order of the file."""

    system: tuple[Reading, ...]
    """Debian packages, users, settings: what the image needs before any Python package."""
    python: tuple[Reading, ...]
    """The pip installs, the copies of what they read, and the settings between them."""
    application: tuple[Reading, ...]
    """What follows the last pip install."""
    manifests: tuple[Manifest, ...]
    """What the pip installs read."""


class _Stage(NamedTuple):
    """What the checks share."""

    workspace: Workspace
    document: Document
    stage: Stage
    readings: tuple[Reading, ...]

    def unmet(self, reading: Reading, because: str) -> Unmet:
        instruction = reading.instruction
        return Unmet(f"{line_at(instruction.start_line)}: {because}", quoted(self.document.path, instruction))


def divide(workspace: Workspace, document: Document, stage: Stage, tables: Catalogue) -> Parts | None:
    """The parts of a stage that installs Debian packages for building, and Python packages after them.

    None where it installs none of one kind. Raises Unmet where a step does not allow a division.
    """
    readings = read_steps(document, stage)
    pips = [n for n, reading in enumerate(readings) if any(is_pip(i) for i in reading.installs)]
    compilers = [n for n, r in enumerate(readings) if any(build_only(tables, i) for i in r.installs)]
    if not pips or not compilers:
        return None
    of = _Stage(workspace, document, stage, readings)
    if compilers[0] > pips[-1]:
        first = next(word for install in readings[compilers[0]].installs for word in build_only(tables, install))
        raise of.unmet(
            readings[compilers[0]], f"{first.text} comes after the last pip install, so what it is for is not known"
        )
    for reading in readings:
        _check_anywhere(of, reading)
    parts = _sort(of, pips, compilers[0])
    for reading in parts.python:
        _check_install(of, reading)
    for reading in (*parts.python, *parts.application):
        _check_path(of, reading)
    for reading in parts.application:
        _check_application(of, reading)
    return parts


def _check_anywhere(of: _Stage, reading: Reading) -> None:
    if reading.instruction.keyword == "ONBUILD":
        raise of.unmet(reading, "ONBUILD runs in every stage that is built on this one")
    if reading.instruction.keyword == "RUN" and _MAKES_ENVIRONMENT.search(reading.instruction.argument):
        raise of.unmet(reading, "the file makes a virtual environment of its own")


def _sort(of: _Stage, pips: list[int], compilers: int) -> Parts:
    first, last = pips[0], pips[-1]
    for number in pips:
        _check_pip_step(of, of.readings[number])
    manifests = tuple(m for n in pips for m in _manifests(of, of.readings[n]))
    places: list[tuple[Reading, bool]] = []
    for number, reading in enumerate(of.readings[1 : last + 1], start=1):
        if number in pips:
            places.append((reading, True))
        elif reading.role == "metadata":
            places.append((reading, number > first))
        elif reading.role == "context-copy":
            places.append((reading, _is_for_pip(of, reading, manifests)))
        else:
            _check_system_step(of, reading, number, first, compilers, manifests)
            places.append((reading, False))
    lowest = max((n for n, (reading, python) in enumerate(places) if not python), default=-1)
    system: list[Reading] = []
    python: list[Reading] = []
    for number, (reading, for_python) in enumerate(places):
        if for_python and reading.role == "metadata" and number < lowest:
            # A step of the system below it moves above the installs, and its settings with it.
            if reading.instruction.keyword not in _MOVES_UP:
                raise of.unmet(
                    reading, f"{reading.instruction.keyword} stands between two pip installs and a step of the system"
                )
            for_python = False
        (python if for_python else system).append(reading)
    return Parts(tuple(system), tuple(python), of.readings[last + 1 :], manifests)


def _manifests(of: _Stage, reading: Reading) -> tuple[Manifest, ...]:
    found = manifests_of(of.workspace, of.document, of.stage, reading)
    if found.because is not None:
        raise of.unmet(reading, found.because)
    return found.found


def _check_pip_step(of: _Stage, reading: Reading) -> None:
    if reading.role == "unknown":
        raise of.unmet(reading, reading.because)
    other = next((install for install in reading.installs if not is_pip(install)), None)
    if other is not None:
        raise of.unmet(reading, f"one step installs with pip and with {other.manager}")
    _check_folders(of, reading, _manifests(of, reading))


def _check_folders(of: _Stage, reading: Reading, manifests: tuple[Manifest, ...]) -> None:
    """A folder that a step changes to is there in another stage too where a manifest of the step brings it."""
    for folder in needed_folders(of.document, of.stage, reading) if reading.moves else ():
        if not any(lies_in(one.image_path, folder) for one in manifests):
            raise of.unmet(reading, f"the step changes to {folder}, which a stage of its own may not have")


def _is_for_pip(of: _Stage, reading: Reading, manifests: tuple[Manifest, ...]) -> bool:
    """Whether a COPY brings what pip reads and nothing else. Raises Unmet where it brings the sources."""
    instruction = reading.instruction
    copy = next((c for c in context_copies(of.document, of.stage) if c.instruction is instruction), None)
    if copy is None:
        if instruction.heredocs or instruction.keyword == "ADD":
            return False
        raise of.unmet(reading, "what this step copies depends on a value that only the build knows")
    wanted = {of.workspace.to_context(m.path) for m in manifests if m.copy.instruction is instruction}
    if not copies_sources(of.workspace, copy):
        return bool(wanted) and set(copy.sources) <= wanted
    files = brought(of.workspace, of.document.path, copy)
    # A folder of requirements may hold some that this install does not read.
    if not wanted or files is None or not all(path in wanted or path.endswith(MANIFESTS) for path, _ in files):
        raise of.unmet(reading, "the sources are copied before the packages are installed")
    return True


def _check_system_step(
    of: _Stage, reading: Reading, number: int, first: int, compilers: int, manifests: tuple[Manifest, ...]
) -> None:
    if reading.role == "unknown":
        if number > first:
            raise of.unmet(reading, f"{reading.because}, and it stands between two pip installs")
        if number >= compilers:
            raise of.unmet(reading, f"{reading.because}, and it may need the compilers")
        if any(manifest.copy.instruction.index < reading.instruction.index for manifest in manifests):
            raise of.unmet(reading, f"{reading.because}, and it may read or change what pip installs")
    _check_folders(of, reading, ())
    if not reading.managers <= APT:
        raise of.unmet(reading, f"{min(reading.managers - APT)} installs something that may need the compilers")


def _check_install(of: _Stage, reading: Reading) -> None:
    """Python packages go into the image's own Python, as root."""
    if reading.instruction.keyword != "RUN":
        return
    state = environment(of.document, of.stage, reading.instruction)
    if not state.is_root:
        raise of.unmet(reading, f"packages are installed as user {state.user or 'of a build argument'}")
    setting = next((name for name in _SETTINGS if name in state.env or name in state.args), None)
    if setting is not None:
        raise of.unmet(reading, f"{setting} decides where packages go")
    for install in reading.installs:
        if install.has(*_ELSEWHERE):
            raise of.unmet(reading, f"the install has a place of its own (`{words_of(install.command, 6)}`)")
        if (install.command.words[0].value or "").startswith("/"):
            raise of.unmet(reading, "pip is called by its absolute path")
        if install.wrappers:
            raise of.unmet(reading, f"pip is called through {install.wrappers[0]}")
        if set(install.environment) & set(_SETTINGS):
            raise of.unmet(reading, "a variable in front of the command decides where packages go")
        if install.manager == "uv" and not (install.has("--system") or "UV_SYSTEM_PYTHON" in state.env):
            raise of.unmet(reading, "uv is not told where to install to")


def _check_path(of: _Stage, reading: Reading) -> None:
    """A virtual environment is found through PATH, which later settings must keep, and keep in front."""
    if reading.instruction.keyword != "ENV":
        return
    found = re.search(r"(?:^|\s)PATH[= ](?P<value>\S*)", reading.instruction.argument)
    if found is None:
        return
    before, kept, _ = re.split(r"(\$\{?PATH\b|\Z)", found["value"], maxsplit=1)
    if not kept:
        raise of.unmet(reading, "ENV sets PATH without keeping what it held")
    known = environment(of.document, of.stage, reading.instruction).expand(before.strip("\"'"))
    if known is None:
        raise of.unmet(reading, "what ENV puts in front of PATH is only known in the build")
    if {folder.rstrip("/") for folder in known.split(":")} & set(_FIRST_FOLDERS):
        raise of.unmet(reading, "ENV puts the image's own folders in front of PATH again")


def _check_application(of: _Stage, reading: Reading) -> None:
    """What runs after the installs does so without compilers."""
    other = next((install for install in reading.installs if install.manager not in APT), None)
    if other is not None:
        raise of.unmet(reading, f"`{words_of(other.command)}` may compile something")
    for command in reading.script.commands if reading.script is not None else ():
        if _may_compile(command):
            raise of.unmet(reading, f"`{words_of(command)}` may compile something")
        _, words = unwrap(command)
        values = [word.value or "" for word in words]
        if words and program(words[0]) in APT and {"remove", "purge", "autoremove"} & set(values) and len(values) > 2:
            raise of.unmet(reading, f"`{words_of(command)}` removes packages, which may not be there any more")


def _may_compile(command: Command) -> bool:
    _, words = unwrap(command)
    if not words:
        return False
    name = program(words[0])
    values = [word.value or "" for word in words[1:]]
    if _PYTHON.match(name):
        module = values[values.index("-m") + 1 : values.index("-m") + 2] if "-m" in values else []
        return any(value.endswith("setup.py") for value in values[:1]) or bool(set(module) & _BUILD_MODULES)
    return name in _COMPILERS or "build_ext" in values
