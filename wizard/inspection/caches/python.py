"""Where pip and uv keep their downloads in a step, and whether they keep any."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from shlex import quote
from typing import NamedTuple

from wizard.assets import knowledge
from wizard.dockerfile.arguments import decode
from wizard.dockerfile.document import Document, Span, Stage
from wizard.dockerfile.installs import Install
from wizard.dockerfile.script import Script
from wizard.dockerfile.stages import base_image, lineage
from wizard.dockerfile.state import State
from wizard.inspection.caches.mounted import Hindrance, set_in
from wizard.inspection.image_names import known_image, name_parts
from wizard.inspection.installs.pip import is_pip
from wizard.inspection.steps import SYSTEM_MANAGERS, read_steps

_OFF = {"pip": "PIP_NO_CACHE_DIR", "uv": "UV_NO_CACHE"}
_PLACE = {"pip": "PIP_CACHE_DIR", "uv": "UV_CACHE_DIR", "poetry": "POETRY_CACHE_DIR"}
_FOLDER = {"poetry": "pypoetry"}
_PARTS = {"poetry": ("artifacts", "cache")}
"""Poetry keeps environments in the same folder, which belong into the image. Source: python-poetry.org, Configuration
(cache-dir, virtualenvs.path); tried with Poetry 2.5.1."""
_ROOT_ONLY = SYSTEM_MANAGERS | {"useradd", "adduser", "groupadd", "addgroup", "usermod", "update-ca-certificates"}
_ON = {"pip": ("",), "uv": ("false", "f", "no", "n", "off", "0")}
"""Values of the first that leave the cache on. pip turns it off for every other one, `false` and `0` too
(pip/_internal/cli/cmdoptions.py, _handle_no_cache_dir), and does not read an empty one; uv refuses an empty one."""
_NO_CACHE = ("--no-cache-dir", "--no-cache")
_OF_PROJECTS = {("uv", "sync"), ("poetry", "install"), ("poetry", "sync")}


class PythonCache(NamedTuple):
    """The cache of one manager in one step."""

    folder: str
    """Absolute, without a slash at its end."""
    switch: str | None
    """What has to stand in front of the install to have a cache at all, where the environment turns it off."""
    parts: tuple[str, ...] = ()
    """Names of the folders in it that hold what was downloaded, where it holds more than that."""

    @property
    def folders(self) -> tuple[str, ...]:
        """What to mount."""
        return tuple(f"{self.folder}/{part}" for part in self.parts) or (self.folder,)


def keeps_cache(install: Install) -> bool:
    """Whether it is an install of pip, uv or Poetry that keeps what it downloads."""
    return is_pip(install) or (install.manager, install.verb) in _OF_PROJECTS


def words_against_cache(manager: str, installs: Iterable[Install]) -> list[Span]:
    """The options that turn the cache off in these installs, as far as they are the manager's."""
    names = (*_NO_CACHE, "-n") if manager == "uv" else _NO_CACHE
    return [
        word.span
        for install in installs
        if install.manager == manager and keeps_cache(install)
        for option in install.options
        if option.name in names and option.words[0].text.partition("=")[0] == option.name
        for word in option.words
    ]


def python_cache(
    document: Document, stage: Stage, state: State, script: Script, manager: str, installs: Collection[Install]
) -> PythonCache | Hindrance:
    """The cache of `pip`, `uv` or `poetry`, as far as the file decides it.

    Where ENV or ARG turns the cache off, the switch turns it on for that one command. The variable itself stays: it is
    part of the image, and pip in the running container, where no mount is, shall go on keeping nothing.
    """
    off, on = _OFF.get(manager, ""), _ON.get(manager, ("",))
    switch = f"{off}={quote(on[0])}"
    switched = all(_turned_on(document, install, off, on[0]) for install in installs)
    names = [name for name in (off, _PLACE[manager], "XDG_CACHE_HOME", "HOME") if name != off or not switched]
    own = next((name for install in installs for name in install.environment if name in names), None)
    own = own or set_in(script, names)
    if own is not None:
        return Hindrance(f"the step sets {own} itself")
    if any(install.has("--cache-dir") for install in installs):
        return Hindrance("the install names a cache folder of its own")
    if manager == "uv" and _links(document, state, installs, script):
        return Hindrance("uv makes the packages links into its cache, which would not be in the image")
    other = next((w for install in installs for w in install.wrappers if w in ("sudo", "gosu", "su-exec")), None)
    if other is not None:
        return Hindrance(f"{manager} runs through {other}, as a user whose cache folder is not known")
    if not state.is_root:
        return Hindrance(f"the step runs as user {state.user}: the mount needs that user's number and home folder")
    image = base_image(document, stage)
    user = _user_of_image(image) if state.user == "" else None
    if user is not None:
        return Hindrance(f"the image {image} runs as {user}, not as root")
    if state.user == "" and not _is_known(image) and not _shows_root(document, stage):
        return Hindrance(f"which user the image {image} runs as is not known: a USER instruction would tell")
    settings = state.settings
    value = settings.get(off, on[0])
    if value is None:
        return Hindrance(f"whether {off} turns the cache of {manager} off is only known in the build")
    base = settings.get("XDG_CACHE_HOME", f"{state.home}/.cache")
    folder = settings.get(_PLACE[manager], f"{base}/{_FOLDER.get(manager, manager)}")
    if folder is None or not re.fullmatch(r"/[\w./@+-]+", folder) or state.home is None:
        return Hindrance(f"where {manager} keeps its cache is not known")
    needed = value.lower() not in on and not switched
    return PythonCache(folder.rstrip("/"), switch if needed else None, _PARTS.get(manager, ()))


def _links(document: Document, state: State, installs: Collection[Install], script: Script) -> bool:
    """Whether the packages are, or may be, symbolic links. Source: docs.astral.sh/uv, link-mode."""
    modes = [state.settings.get("UV_LINK_MODE", "")]
    modes += [option.value for install in installs if (option := install.option("--link-mode")) is not None]
    text = decode(script.span.of(document.source))
    own = re.findall(r"\bUV_LINK_MODE=[\"']?(\w*)", text)
    return any(mode not in ("", "copy", "hardlink", "clone") for mode in (*modes, *own))


def _turned_on(document: Document, install: Install, name: str, value: str) -> bool:
    """Whether the variable is set to this value in front of the command, quoted or not."""
    command = install.command
    before = decode(document.source[command.span.start : command.words[0].span.start])
    return re.search(rf"(?:^|\s){re.escape(name)}=(['\"]?){re.escape(value)}\1(?=\s)", before) is not None


def _user_of_image(image: str) -> str | None:
    """The user that an image is known to run as, None for root."""
    bare, tag, _ = name_parts(image)
    name = f"{bare}:{tag}" if tag else bare
    users = knowledge("image_users")["image"]
    return next((u["user"] for u in users if re.fullmatch(u["match"], bare) or re.fullmatch(u["match"], name)), None)


def _is_known(image: str) -> bool:
    """Whether it is one of the official images (a name of one word) or of our table: these run as root unless the table
    of users names them."""
    name, _, _ = name_parts(image)
    return "/" not in name or known_image(name) is not None


def _shows_root(document: Document, stage: Stage) -> bool:
    """Whether some step, which no USER stands before, does what only root may do."""
    commands = (
        command
        for one in lineage(document, stage)
        for reading in read_steps(document, one)
        if reading.script is not None
        for command in reading.script.commands
    )
    return any(command.name in _ROOT_ONLY for command in commands)
