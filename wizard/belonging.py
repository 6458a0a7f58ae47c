"""What of the things kept for a repository belongs to a PATH in it: a repository may hold several projects."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from wizard.errors import BadInput
from wizard.wording import listed

Value = TypeVar("Value")


class SeveralProjects(BadInput):
    """Things of several projects below a PATH, and none of the PATH itself."""


@dataclass(frozen=True)
class Kept(Generic[Value]):
    """One of them, and what it was made for. Paths are relative to the root."""

    context: str
    """The build context."""
    files: tuple[str, ...]
    """The files that it is about."""
    value: Value


def newest_of(kept: Iterable[Kept[Value]], path: str) -> Kept[Value] | None:
    """The first (the newest) that was made for the build context `path`; else the first about a file below it.

    None where there is neither. Raises SeveralProjects where those below were made for more than one build context.
    """
    kept = tuple(kept)
    own = [one for one in kept if one.context == path]
    if own:
        return own[0]
    below = [one for one in kept if any(path == "." or file.startswith(f"{path}/") for file in one.files)]
    projects = sorted({one.context for one in below})
    if len(projects) > 1:
        raise SeveralProjects(
            f"holds several projects that dockwiz worked on, {listed(projects)}", path=path, hint="name one as PATH"
        )
    return below[0] if below else None
