"""Which files the project managers of Python read for what a project depends on, and how they install that alone."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from wizard.assets import knowledge
from wizard.dockerfile.document import Document, Span, Stage
from wizard.dockerfile.editing import Edit
from wizard.dockerfile.installs import Install
from wizard.dockerfile.state import State, environment
from wizard.inspection.copies.placed import lies_in
from wizard.inspection.ecosystems.pdm import folders_without_environment, judge_pdm
from wizard.inspection.ecosystems.pipenv import judge_pipenv
from wizard.inspection.ecosystems.poetry import judge_poetry
from wizard.inspection.ecosystems.pyproject import Judgement
from wizard.inspection.ecosystems.uv import judge_uv
from wizard.inspection.installs.pip import Manifest, ManifestsOf
from wizard.inspection.installs.project_files import files_beside
from wizard.inspection.step_folders import folder_of
from wizard.inspection.steps import Reading
from wizard.workspace import Workspace

_Judge = Callable[[Workspace, Mapping[str, str], Install, Mapping[str, str | None]], Judgement]
_JUDGES: Mapping[str, _Judge] = {"uv": judge_uv, "poetry": judge_poetry, "pipenv": judge_pipenv, "pdm": judge_pdm}
_OF_THE_HOST = ".venv"
"""The virtual environment that these managers make in the project's folder, or use where there is one."""
_VERSION = re.compile(r"(?:python|cpython|pypy)?[0-9.@-]*")


def installs_project(install: Install) -> bool:
    """Whether it installs what a project of Python asks for, by its manifest or its lock."""
    return _entry(install) is not None


def _entry(install: Install) -> Mapping[str, Any] | None:
    return _entries().get((install.manager, install.verb))


@cache
def _entries() -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """By manager and verb: asked for every pair of an install and one above it."""
    entries = reversed(knowledge("python_installs")["manager"])
    return {(entry["name"], verb): entry for entry in entries for verb in entry["verbs"]}


def python_project_of(workspace: Workspace, document: Document, stage: Stage, reading: Reading) -> ManifestsOf:
    """The manifests of all project installs of one RUN, with the reason where they may read more."""
    found: dict[str, Manifest] = {}
    makes: list[str] = []
    apart: list[Edit] = []
    undecided: str | None = None
    for install in reading.installs:
        entry = _entry(install)
        if entry is None:
            continue
        read = _project(workspace, document, stage, reading, install, entry)
        if read.because is not None:
            return read
        found |= {manifest.image_path: manifest for manifest in read.found}
        undecided = undecided or read.undecided
        makes += read.makes
        apart += read.apart
    return ManifestsOf(tuple(found.values()), None, undecided, tuple(dict.fromkeys(makes)), tuple(apart))


def _project(
    workspace: Workspace, document: Document, stage: Stage, reading: Reading, install: Install, entry: Mapping[str, Any]
) -> ManifestsOf:
    words, of_pdm = f"{install.manager} {install.verb}", install.manager == "pdm"
    state = environment(document, stage, reading.instruction)
    problem = _unusual(install, entry, words) or _setting(reading, state, entry, words)
    if problem is not None:
        return ManifestsOf(because=problem)
    names = entry["files"]
    found = files_beside(workspace, document, stage, reading, install, names, names, refused=entry.get("more", {}))
    if isinstance(found, str):
        return ManifestsOf(because=found)
    folder = folder_of(document, stage, reading, install.command) or "/"
    made = _environment_folder(install, entry, state, folder)
    if made is None:
        return ManifestsOf(because=f"where `{words}` makes its environment is only known in the build")
    names = (*entry.get("writes", ()), *(folders_without_environment(workspace, document) if of_pdm else ()))
    writes = tuple(posixpath.join(folder, name) for name in names)
    if any(lies_in(path, folder) for path in (made, *writes)) and not state.is_root:
        who = f"user {state.user}" if state.user else "a user that only the build knows"
        return ManifestsOf(because=f"`{words}` runs as {who}, who may have to own {folder} before the sources come")
    files = {posixpath.basename(one.path): one.path for one in found}
    judged = _JUDGES[install.manager](workspace, files, install, state.settings)
    makes = tuple(dict.fromkeys((posixpath.join(folder, _OF_THE_HOST), made, *writes)))
    return ManifestsOf(found, judged.because, judged.undecided, makes, tuple(_apart(install, judged)))


def _unusual(install: Install, entry: Mapping[str, Any], words: str) -> str | None:
    if install.packages:
        return f"what `{words} {install.packages[0].text}` reads is not known to this rule"
    if install.wrappers:
        return f"`{words}` runs through {install.wrappers[0]}, and where it looks for the project is not worked out"
    for option in install.options:
        named = option.name in ("--python", "-p") and not _VERSION.fullmatch(option.value or "-")
        if named or option.name not in entry["options"]:
            return f"which files `{words} {option.name}` reads is not known to this rule"
    return None


def _setting(reading: Reading, state: State, entry: Mapping[str, Any], words: str) -> str | None:
    """A variable of the manager of which it is not known that it names no file."""
    known = [*map(re.escape, entry["variables"]), *entry.get("variable_patterns", [])]
    own = [name for command in reading.script.commands for name in command.assignments] if reading.script else []
    given = [word.text.partition("=")[0] for word in _words_with_values(reading)]
    for name in (*state.settings, *own, *given):
        if name.startswith(entry["prefix"]) and not re.fullmatch("|".join(known), name):
            return f"{name} may point `{words}` to more files"
    # What a command sets for itself, or for those after it, decides about the folder too.
    if any(name in (entry["environment"], "VIRTUAL_ENV") for name in (*own, *given)):
        return f"the step sets where `{words}` makes its environment"
    return None


def _words_with_values(reading: Reading) -> Iterator[Any]:
    for command in reading.script.commands if reading.script else ():
        yield from (word for word in command.words[1:] if "=" in word.text and not word.text.startswith("-"))


def _environment_folder(install: Install, entry: Mapping[str, Any], state: State, folder: str) -> str | None:
    """The environment that the install fills, absolute; None where only the build knows."""
    value = state.settings.get("VIRTUAL_ENV" if install.has("--active") else entry["environment"], "")
    return None if value is None else posixpath.normpath(posixpath.join(folder, value or _OF_THE_HOST))


def _apart(install: Install, judged: Judgement) -> Iterator[Edit]:
    """What makes of the install one that installs only what the project depends on."""
    if judged.add:
        end = install.command.words[-1].span.end
        yield Edit(Span(end, end), " " + " ".join(judged.add))
    for option in install.options:
        if option.name in judged.exchange:
            yield Edit(option.words[0].span, judged.exchange[option.name])
