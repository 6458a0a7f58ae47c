"""Why one path is in the build context, or is kept out of it: the line that decides."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from wizard.errors import BadInput
from wizard.inspection.context.measure import ignore_file, read_ignore_file

if TYPE_CHECKING:
    from wizard.workspace import Workspace


class Eligibility(NamedTuple):
    """What decides about a path. Paths are relative to the build context, `ignore_file` to the root."""

    path: str
    kind: str
    """`file`, `folder`, `link`, or `missing`: the answer then is about a path of that name."""
    eligible: bool
    """Whether a build gets to see it; of a folder, whether all that the patterns do not name is seen."""
    decided_at: str
    """The path that the deciding pattern matched: the path itself, or the folder above that it went out with."""
    ignore_file: str | None
    line: int | None
    """1-based line of the pattern that decided; None where none matches."""
    pattern: str | None
    """That line as written."""
    behind: str | None = None
    """A link above the path: builds get the link, and nothing of what lies behind it."""
    exceptions: bool = False
    """Whether something below a folder that is kept out can still be let in."""


def explain_path(workspace: Workspace, dockerfile: str, path: str) -> Eligibility:
    """Why a path (relative to the build context, or absolute) is in the context of a build of this Dockerfile.

    Raises BadInput for a path that lies outside of the context, and for an ignore file that BuildKit refuses.
    """
    inside = _inside(workspace, path)
    ignore = read_ignore_file(workspace, dockerfile)
    parts = inside.split("/")
    above = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
    behind = next((one for one in above if (workspace.root / workspace.context / one).is_symlink()), None)
    excluded, line = ignore.explain(inside)
    at = next((one for one in [*above, inside] if ignore.explain(one) == (excluded, line)), inside)
    source = ignore_file(workspace, dockerfile)
    kind = _kind(workspace, inside)
    return Eligibility(
        path=inside,
        kind=kind,
        eligible=not excluded and behind is None and kind != "missing",
        decided_at=at if line is not None else inside,
        ignore_file=source,
        line=line,
        pattern=_written(workspace, source, line),
        behind=behind,
        exceptions=excluded and kind == "folder" and ignore.may_keep_below(inside),
    )


def in_words(found: Eligibility) -> str:
    """The answer as one sentence."""
    if found.kind == "missing":
        would = "would be kept out" if found.line is not None and not _let_in(found) else "would be in the context"
        return f"{found.path} is not there; a file of that name {would}: {_reason(found)}"
    if found.behind is not None:
        return f"{found.path} is not in the build context: {found.behind} is a link, which is sent as a link only"
    if found.eligible:
        return f"{found.path} is in the build context: {_reason(found)}"
    rest = "; what an exception names below it is still sent" if found.exceptions else ""
    return f"{found.path} is kept out of the build context: {_reason(found)}{rest}"


def _reason(found: Eligibility) -> str:
    if found.ignore_file is None:
        return "there is no .dockerignore"
    if found.line is None:
        return f"no pattern of {found.ignore_file} matches it"
    what = "lets it in again" if _let_in(found) else "matches it"
    if found.decided_at != found.path:
        what = f"lets {found.decided_at} in again" if _let_in(found) else f"matches {found.decided_at}, where it lies"
    return f"{found.ignore_file}:{found.line} `{found.pattern}` {what}"


def _let_in(found: Eligibility) -> bool:
    return (found.pattern or "").lstrip("/").startswith("!")


def _inside(workspace: Workspace, path: str) -> str:
    base = workspace.root / workspace.context
    full = posixpath.normpath(posixpath.join(str(base), path))
    relative = posixpath.relpath(full, str(base))
    if relative == ".":
        raise BadInput("is the build context itself", path=path, hint="name a path inside of it")
    if relative.split("/")[0] == "..":
        raise BadInput("lies outside of the build context", path=path, hint="a build sees nothing of it")
    return relative


def _kind(workspace: Workspace, inside: str) -> str:
    path = workspace.from_context(inside)
    if (workspace.root / path).is_symlink():
        return "link"
    if workspace.is_dir(path):
        return "folder"
    return "file" if workspace.exists(path) else "missing"


def _written(workspace: Workspace, source: str | None, line: int | None) -> str | None:
    if source is None or line is None:
        return None
    return workspace.read(source).split(b"\n")[line - 1].decode("utf-8", "replace").strip().removeprefix("\ufeff")
