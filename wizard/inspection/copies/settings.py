"""What an install finds besides its manifests: settings, keys and caches of the home folder, and folders that variables
name."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.state import State, search_path
from wizard.inspection.copies.placed import IMAGE_FOLDER, ContextCopy, brought, inherited_copies, lies_in
from wizard.inspection.files import read_text
from wizard.workspace import Workspace

_A_HOME = re.compile(r"/home/[^/]+$")
_IN_A_HOME = re.compile(r"/(?:root|home/[^/]+)/\.[^/]")
_OF_A_HOME = (
    ".netrc", ".pip", ".config", ".cache", ".local", ".pypirc", ".npmrc", ".yarnrc", ".yarnrc.yml", ".yarn", ".ssh",
    ".gitconfig", ".git-credentials", ".gnupg", ".cargo", ".m2", ".gradle", ".nuget", ".gem", ".bundle", ".composer",
    ".condarc", ".mambarc", ".curlrc", ".wgetrc", ".aws", ".docker", ".pydistutils.cfg",
)  # fmt: skip
"""What programs that fetch or build look for in the home folder, each as its own documentation says."""
_SETTINGS_FOLDERS = ("/etc", "/usr/local/etc")
_BETWEEN = re.compile(r"[:;,=\s\"']+|(?:^|\s)-[IL]")


def lies_in_home_settings(destination: str) -> bool:
    """Whether a copy goes into a folder of settings of a home: `/root/.ssh/`, `/home/app/.config/pip/`."""
    return _IN_A_HOME.match(destination) is not None


def home_settings(workspace: Workspace, copy: ContextCopy, home: str | None) -> str | None:
    """What the copy brings that programs look for in a home folder; None where it brings nothing of the kind.

    Without a known `home` that is the one which the copy goes to, or root's.
    """
    named = _A_HOME.match(copy.destination)
    home = home or (named.group() if named else "/root")
    if not lies_in(home, copy.destination):
        return None
    inside = posixpath.relpath(home, copy.destination)
    for name in _OF_A_HOME:
        wanted = posixpath.normpath(posixpath.join(inside, name))
        if any(
            workspace.exists(workspace.from_context(posixpath.join(source, wanted)))
            or (inside == "." and posixpath.basename(source) == name)
            for source in copy.sources
        ):
            return name
    return None


def setting_that_names(state: State, destination: str) -> str | None:
    """A variable that the file sets and that leads to a folder beside the one that the step works in: headers and
    libraries (`CFLAGS`, `LD_LIBRARY_PATH`), a cache, a program's home. None where there is none.

    The folder that the step works in is the project's own: half of all files name it in a variable.
    """
    if destination in ("/", IMAGE_FOLDER) or (state.workdir is not None and lies_in(state.workdir, destination)):
        return None
    for name, value in state.settings.items():
        if any(lies_in(path, destination) or lies_in(destination, path) for path in _paths(value or "")):
            return name
    return None


def file_that_names(
    workspace: Workspace, document: Document, stage: Stage, at: Instruction, destination: str
) -> str | None:
    """A file of settings, copied to the system's or a home's before `at`, that leads to a folder: a list of apt
    (`deb file:/app/repo ./`), a pip.conf (`find-links = /app/wheels`). Its path in the context; None where there is
    none."""
    naming = re.compile(rf"(?<![\w.-]){re.escape(destination)}(?![\w.-])")
    for copy in _copies_of_settings(document, stage):
        if copy.instruction.index > at.index:
            continue
        for path, _ in brought(workspace, document.path, copy) or ():
            if naming.search(read_text(workspace, workspace.from_context(path)) or ""):
                return path
    return None


@lru_cache(maxsize=256)
def _copies_of_settings(document: Document, stage: Stage) -> tuple[ContextCopy, ...]:
    """Kept: it is asked for every step of the stage."""
    return tuple(
        copy
        for copy in inherited_copies(document, stage)
        if any(lies_in(copy.destination, folder) for folder in _SETTINGS_FOLDERS)
        or lies_in_home_settings(copy.destination)
    )


def programs_that_come(workspace: Workspace, document: Document, stage: Stage, copy: ContextCopy) -> str | None:
    """A folder of the context that the copy puts into PATH with all its programs; None where there is none."""
    for folder in search_path(document, stage):
        if lies_in(folder, copy.destination):
            inside = posixpath.relpath(folder, copy.destination)
            for source in copy.sources:
                path = posixpath.normpath(posixpath.join(source, inside))
                if path != "." and workspace.is_dir(workspace.from_context(path)):
                    return path
    return None


def _paths(value: str) -> Iterator[str]:
    """The absolute paths in a value, without the root folder."""
    for part in _BETWEEN.split(value):
        path = posixpath.normpath(part) if part.startswith("/") else "/"
        if path != "/":
            yield path
