"""Which Dockerfiles the repo has, and which of them is meant."""

from __future__ import annotations

import codecs
import os
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from wizard.errors import BadInput

if TYPE_CHECKING:
    from wizard.inspection.files import Listing
    from wizard.workspace import Workspace

_NAME = re.compile(r"(?:dockerfile|containerfile)(?:[._-].+)?|.+\.(?:dockerfile|containerfile)", re.IGNORECASE)
_OTHER_THING = re.compile(
    # An ignore file, a backup, a template that still has to be rendered, a document, a program or its tests.
    r"""~$|\.(?:dockerignore|containerignore|bak|backup|old|orig|rej|save|swp|swo|tmp|disabled|j2|jinja2?|tmpl|tpl|
    template|erb|mustache|hbs|md|rst|txt|html?|adoc|py|pyi|go|rs|js|ts|jsx|tsx|java|kt|rb|php|cs|c|cc|h|json|ya?ml|
    toml|lua|vim|snap|diff|patch|lock|sum)$""",
    re.IGNORECASE | re.VERBOSE,
)
_LISTED = 20


def is_dockerfile_name(name: str) -> bool:
    """Whether a file of this name is meant to be read as a Dockerfile."""
    return _NAME.fullmatch(name) is not None and _OTHER_THING.search(name) is None


def find_dockerfiles(workspace: Workspace, listing: Listing | None = None) -> tuple[str, ...]:
    """The Dockerfiles in the build context and below, relative to the root, nearest first, then by name."""
    if listing is None:
        from wizard.inspection.files import list_files

        listing = list_files(workspace)
    found = [path for path in listing.below(workspace.context) if is_dockerfile_name(path.rpartition("/")[2])]
    return tuple(sorted(found, key=lambda path: (path.count("/"), path)))


def choose_dockerfile(workspace: Workspace, wanted: str | None, listing: Listing | None = None) -> str:
    """The one Dockerfile in question, relative to the root.

    `wanted` is what the person gave with -f: relative to the build context, or absolute. Without it, the file named
    plainly `Dockerfile` in the build context, else the only one there is. Raises BadInput where there is none, where
    there are several, or where the wanted one is missing or outside of the repository.
    """
    if wanted is not None:
        return _wanted(workspace, wanted)
    plain = workspace.from_context("Dockerfile")
    if workspace.is_file(plain) or os.path.lexists(workspace.root / plain):
        return _readable(workspace, plain)
    found = find_dockerfiles(workspace, listing)
    if len(found) == 1:
        return _readable(workspace, found[0])
    if not found:
        raise BadInput(
            "no Dockerfile here", path=workspace.context, hint="give the folder that has one, or name it with -f"
        )
    names = [workspace.to_context(path) or path for path in found]
    shown = ", ".join(names[:_LISTED]) + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")
    raise BadInput(f"several Dockerfiles: {shown}", path=workspace.context, hint="choose one with -f")


def _wanted(workspace: Workspace, wanted: str) -> str:
    if wanted.startswith("/"):
        pure = PurePosixPath(wanted)
        if not pure.is_relative_to(workspace.root):
            raise BadInput("lies outside of the repository", path=wanted)
        path = workspace.from_context("/".join([".."] * _depth(workspace) + [str(pure.relative_to(workspace.root))]))
    else:
        path = workspace.from_context(wanted)
    if not workspace.is_file(path) and not os.path.lexists(workspace.root / path):
        raise BadInput("no such Dockerfile", path=wanted, hint="-f is relative to the build context")
    return _readable(workspace, path)


def _readable(workspace: Workspace, path: str) -> str:
    """The path, where a Dockerfile can be read there. Raises BadInput that says what is there instead."""
    if workspace.is_dir(path):
        raise BadInput("is a folder, not a Dockerfile", path=path, hint="name the file with -f")
    workspace.locate(path)
    if not (workspace.is_file(path) or (workspace.root / path).exists()):
        raise BadInput("is a link that leads nowhere", path=path, hint="mend the link, or name another file with -f")
    if workspace.read(path).startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise BadInput("is UTF-16, which no builder reads", path=path, hint="save it as UTF-8, or name another with -f")
    return path


def _depth(workspace: Workspace) -> int:
    return 0 if workspace.context == "." else workspace.context.count("/") + 1
