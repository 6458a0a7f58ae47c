"""Named build contexts: what `COPY --from=NAME` and `FROM NAME` mean where a caller says so.

A caller names them with `--build-context NAME=WHERE`, compose with `additional_contexts`, bake with `contexts`. A local
folder is read with its own .dockerignore, as BuildKit does.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import TYPE_CHECKING

from wizard.inspection.values import Caller, NamedContext

if TYPE_CHECKING:
    from wizard.workspace import Workspace


def measure_named_contexts(workspace: Workspace, callers: Iterable[Caller]) -> tuple[NamedContext, ...]:
    """The named contexts of all callers, each name and place once; local folders of the repo with what they hold.

    Raises a DockwizError for an ignore file that BuildKit refuses.
    """
    found: dict[tuple[str, str], NamedContext] = {}
    for caller in callers:
        for name, where in caller.contexts:
            if (name, where) not in found:
                found[name, where] = _measured(workspace, caller, name, where)
    return tuple(found.values())


def _measured(workspace: Workspace, caller: Caller, name: str, where: str) -> NamedContext:
    place = f"{caller.path}:{caller.line or 1}"
    folder = None if "://" in where or ":" in where or "$" in where else posixpath.normpath(where)
    if folder is None or folder.startswith(("..", "/")) or not workspace.is_dir(folder):
        return NamedContext(name, where, place)
    from wizard.ignorefile import parse, walk

    ignore = posixpath.normpath(posixpath.join(folder, ".dockerignore"))
    patterns = parse(workspace.read(ignore) if workspace.is_file(ignore) else b"", ignore)
    sizes = [entry.size for entry in walk(workspace.root / folder, patterns) if entry.kind in ("file", "link")]
    return NamedContext(name, folder, place, len(sizes), sum(sizes))
