"""Whether copies may bring symbolic links."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from wizard.dockerfile.document import Instruction
from wizard.workspace import Workspace

_ENOUGH = 10_000
"""Files of a context that are looked at; in a larger one there may be some."""


def may_bring_links(workspace: Workspace, copies: Iterable[Instruction]) -> bool:
    """Whether there may be symbolic links among the files of these copies: yes for what another stage has."""
    if any(copy.flag("from") for copy in copies):
        return True
    context = workspace.locate(workspace.from_context("."))
    entries = (Path(folder, name) for folder, names, files in os.walk(context) for name in (*names, *files))
    found = [entry.is_symlink() for entry in islice(entries, _ENOUGH)]
    return any(found) or len(found) == _ENOUGH
