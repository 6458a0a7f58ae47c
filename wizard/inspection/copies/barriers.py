"""Why sources may not be copied later than a step: the step reads some of them, or writes among them."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath

from wizard.dockerfile.document import Document, Stage
from wizard.dockerfile.installs import Install, program, unwrap
from wizard.dockerfile.script import Command
from wizard.dockerfile.state import State, environment
from wizard.inspection.copies.placed import IMAGE_FOLDER, context_copies, context_path, lies_in
from wizard.inspection.copies.settings import file_that_names, setting_that_names
from wizard.inspection.installs.conda import reads_environment
from wizard.inspection.installs.fetching import fetch_of
from wizard.inspection.installs.node import is_global, reads_project
from wizard.inspection.installs.pip import Manifest, reads_manifests
from wizard.inspection.installs.project import installs_project
from wizard.inspection.installs.reads import reads_of
from wizard.inspection.places import line_at
from wizard.inspection.step_folders import needed_folders, state_of
from wizard.inspection.steps import SYSTEM_MANAGERS, Reading, read_steps, words_of
from wizard.workspace import Workspace

_SETTINGS = (
    "PIP_CONFIG_FILE", "PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT", "PIP_REQUIREMENT", "PIP_FIND_LINKS", "PIP_CERT",
    "PIP_CLIENT_CERT", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "UV_CONSTRAINT", "UV_BUILD_CONSTRAINT", "UV_OVERRIDE",
    "UV_CONFIG_FILE", "UV_FIND_LINKS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC",
)  # fmt: skip
"""Variables that give pip or uv a file to read, or a folder to write to."""
_PATH_OPTIONS = frozenset({
    "-f", "--find-links", "-t", "--target", "--prefix", "--root", "--cert", "--client-cert", "-d", "--dest", "-w",
    "--wheel-dir", "--src", "--python", "-p", "--overrides", "--override", "--config-file", "--directory", "--project",
    "--report", "--log", "--keyring-provider", "--build-constraint",
})  # fmt: skip
_OF_NODE = ("npm_config_", "yarn_", "pnpm_", "corepack_", "node_options", "node_extra_ca_certs")
WITHOUT_PROJECT = ("--no-install-project", "--no-install-workspace", "--no-root", "--no-self")
"""Options with which uv, Poetry and PDM install what a project depends on, and not the project."""
_SETTINGS_FILES = frozenset({"-c", "--config-file", "--config", "--repositories-file", "--keys-dir", "--setopt"})
_MAKES_HOME = frozenset({"useradd", "adduser", "usermod"})


def barrier(
    workspace: Workspace, document: Document, stage: Stage, reading: Reading, destinations: Collection[str]
) -> str | None:
    """Why sources that go to these folders may not be copied after this step; None where they may."""
    if reading.role == "unknown":
        return reading.because
    if reading.instruction.keyword == "VOLUME":
        return "a VOLUME stands between the sources and the install"
    for command in reading.script.commands if reading.script else ():
        because = _makes_folders(command, state_of(document, stage, reading, command), destinations)
        if because is not None:
            return because
    because = _enters(workspace, document, stage, reading, destinations)
    if because is not None:
        return because
    if not reading.installs:
        return None
    odd = next((i for i in reading.installs if not is_read(i)), None)
    if odd is not None:
        return _why_unread(document, stage, reading, odd)
    for folder in destinations:
        file = file_that_names(workspace, document, stage, reading.instruction, folder)
        if file is not None:
            return f"{file} leads to what the copy brings"
    states = [(install, state_of(document, stage, reading, install.command)) for install in reading.installs]
    system = ((install, state) for install, state in states if install.manager in SYSTEM_MANAGERS)
    because = next((b for install, state in system if (b := _settings_file(install, state, destinations))), None)
    if because is not None:
        return because
    others = [(install, state) for install, state in states if install.manager not in SYSTEM_MANAGERS]
    if not others:
        return None
    step = environment(document, stage, reading.instruction)
    named = next((name for folder in destinations if (name := setting_that_names(step, folder))), None)
    if named is not None:
        return f"{named} leads to what the copy brings"
    for install, state in others:
        because = _setting(reading, state, destinations) or _operand(install, state, destinations)
        if because is not None:
            return because
    if any(
        install.manager == "uv"
        and reads_manifests(install)
        and _finds_uv_settings(workspace, document, stage, reading, state)
        for install, state in others
    ):
        return "uv reads its settings from uv.toml or pyproject.toml among the sources"
    return reads_of(workspace, document, stage, reading).because


def is_read(install: Install) -> bool:
    """Whether it is known which files an install reads."""
    return (
        install.manager in SYSTEM_MANAGERS
        or reads_manifests(install)
        or reads_project(install)
        or is_global(install)
        or installs_project(install)
        or reads_environment(install)
    )


def _why_unread(document: Document, stage: Stage, reading: Reading, install: Install) -> str:
    words = f"{install.manager} {install.verb}"
    if install.has(*WITHOUT_PROJECT):
        return f"`{words}` reads a lock that the sources bring (copy pyproject.toml and the lock before it)"
    for earlier in read_steps(document, stage):
        if earlier.instruction.index < reading.instruction.index and any(
            one.manager == install.manager and one.has(*WITHOUT_PROJECT) for one in earlier.installs
        ):
            line = line_at(earlier.instruction.start_line)
            return f"`{words}` installs the project itself, from its sources; {line} has installed what it depends on"
    fetch = fetch_of(install.command)
    instead = "" if fetch is None else f" ({fetch.fetcher.instead})"
    return f"which files `{words}` reads is not known to this rule yet{instead}"


def _finds_uv_settings(workspace: Workspace, document: Document, stage: Stage, reading: Reading, state: State) -> bool:
    """Whether uv may find settings of a project: in the build context, or in the folder that the install runs in."""
    names = ("uv.toml", "pyproject.toml")
    copies = tuple(c for c in context_copies(document, stage) if c.instruction.index < reading.instruction.index)
    return any(
        workspace.exists(workspace.from_context(name))
        or context_path(workspace, copies, posixpath.join(state.workdir or IMAGE_FOLDER, name)) is not None
        for name in names
    )


def _enters(
    workspace: Workspace, document: Document, stage: Stage, reading: Reading, destinations: Collection[str]
) -> str | None:
    """Why a `cd` of the step needs the sources: its folder is theirs, and no manifest is copied to it before them."""
    manifests = reads_of(workspace, document, stage, reading).found
    for folder in needed_folders(document, stage, reading):
        if not any(lies_in(folder, place) or lies_in(place, folder) for place in destinations):
            continue
        if not any(lies_in(one.image_path, folder) and not one.optional for one in manifests):
            return f"the step changes to {folder}, which only the sources bring"
        link = next((one.path for one in manifests if _lies_behind_link(workspace, one)), None)
        if link is not None:
            return f"{link} lies behind a link, and what a COPY of it makes is not worked out"
    return None


def _lies_behind_link(workspace: Workspace, manifest: Manifest) -> bool:
    above = PurePosixPath(manifest.path).parents
    return any(workspace.locate(str(folder)).is_symlink() for folder in above if str(folder) != ".")


def _makes_folders(command: Command, state: State, destinations: Collection[str]) -> str | None:
    """Why a command that makes folders needs the sources to be there, or not to be there yet."""
    _, words = unwrap(command)
    name = program(words[0]) if words else ""
    if name not in _MAKES_HOME | {"mkdir"}:
        return None
    parents = any(word.text.startswith("-") and ("p" in word.text.lstrip("-")[:3]) for word in words[1:])
    for word in words[1:]:
        path = _absolute(state, word.value if word.value is not None else state.expand(word.text), bare=name == "mkdir")
        if path is None or not any(lies_in(path, folder) for folder in destinations):
            continue
        if name in _MAKES_HOME or not parents:
            return f"`{words_of(command)}` makes a folder where the sources go"
    return None


def _setting(reading: Reading, state: State, destinations: Collection[str]) -> str | None:
    """A variable that points pip or uv into the sources."""
    settings = state.settings
    for name in _SETTINGS:
        value = settings.get(name, "")
        if value is None or (value and "://" not in value and _among(state, value, destinations)):
            return f"{name} may point into the sources"
    for name, value in settings.items() if any(reads_project(install) for install in reading.installs) else ():
        if name.lower().startswith(_OF_NODE) and (value is None or _names_a_file(state, value, destinations)):
            return f"{name} may point into the sources"
    for command in reading.script.commands if reading.script else ():
        own = [*command.assignments, *(word.text.partition("=")[0] for word in command.words[1:])]
        name = next((name for name in own if name in _SETTINGS or name.lower().startswith(_OF_NODE)), "")
        if name:
            return f"`{words_of(command)}` sets {name}"
    return None


def _names_a_file(state: State, value: str, destinations: Collection[str]) -> bool:
    return (("/" in value and "://" not in value) or value.startswith(".")) and _among(state, value, destinations)


def _settings_file(install: Install, state: State, destinations: Collection[str]) -> str | None:
    """A file of settings, keys or sources that a manager of the system is given, and that may be among the sources."""
    for option in install.options:
        written = option.value if option.value is not None else option.words[-1].text
        value = written.rpartition("=")[2]
        named = option.name in _SETTINGS_FILES or (option.name in ("-o", "--option") and "/" in value)
        if named and "://" not in value and _among(state, value, destinations):
            return f"`{' '.join(word.text for word in option.words)}` may point into the sources"
    config = state.env.get("APT_CONFIG", "")
    if "APT_CONFIG" in install.environment or config is None or (config and _among(state, config, destinations)):
        return "APT_CONFIG may point into the sources"
    return None


def _operand(install: Install, state: State, destinations: Collection[str]) -> str | None:
    """A word of an install that stands for files among the sources, or may do so."""
    # Of the installs of a project every option is judged where it is read.
    for option in install.options if not installs_project(install) else ():
        if option.name not in _PATH_OPTIONS:
            continue
        if option.name == "-f" and reads_environment(install):
            continue
        value = option.value if option.value is not None else _expanded(state, option.words[-1].text)
        if value is None:
            return f"where `{' '.join(word.text for word in option.words)}` points is only known in the build"
        if "://" not in value and _among(state, value, destinations):
            return f"`{' '.join(word.text for word in option.words)}` may point into the sources"
    for word in install.packages:
        if word.value is None and word.text.lstrip("\"'").startswith(("$", "`")):
            return f"what `{word.text}` installs is only known in the build"
    return None


def _expanded(state: State, text: str) -> str | None:
    return state.expand(text) if "`" not in text and "$(" not in text else None


def _among(state: State, value: str, destinations: Collection[str]) -> bool:
    path = _absolute(state, value, bare=True)
    return path is None or any(lies_in(path, folder) or lies_in(folder, path) for folder in destinations)


def _absolute(state: State, value: str | None, *, bare: bool) -> str | None:
    """An operand as an absolute path; None for an option, an unknown value or (not `bare`) a word without a slash."""
    if value is None or value.startswith("-") or not (bare or value.startswith("/")):
        return None
    return posixpath.normpath(posixpath.join(state.workdir or IMAGE_FOLDER, value))


def named_by(document: Document, stage: Stage, reading: Reading, folder: str) -> Iterator[str]:
    """Words of a step, and variables that it runs with, that name a folder or something in it."""
    for command in reading.script.commands if reading.script else ():
        state = state_of(document, stage, reading, command)
        for word in command.words:
            path = _absolute(state, word.value if word.value is not None else _expanded(state, word.text), bare=True)
            if path is not None and lies_in(path, folder):
                yield word.text
    env = environment(document, stage, reading.instruction).env
    yield from (name for name, value in env.items() if value is None or folder in value)
