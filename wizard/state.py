"""Where dockwiz keeps what it must remember of a repo: undo journals, raw build logs, the last comparison, history.

Never inside the repo. The folder is the person's state folder (platformdirs), keyed by the repo's place and readable
by the person only. The environment variable DOCKWIZ_STATE names another folder.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from wizard.errors import BadInput


def state_home() -> Path:
    """The folder that holds the state of every repo."""
    chosen = os.environ.get("DOCKWIZ_STATE")
    if chosen:
        return Path(chosen)
    import platformdirs

    return Path(platformdirs.user_state_dir("dockwiz", appauthor=False))


class StateFolder(NamedTuple):
    """The state of one repo."""

    path: Path

    def ensure(self) -> Path:
        """The folder, created with mode 0700 where missing. Raises BadInput where it cannot be."""
        try:
            for folder in (self.path.parent, self.path):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise BadInput(
                f"the state folder cannot be made: {error.strerror}",
                path=str(self.path),
                hint="set DOCKWIZ_STATE to a folder that can be written",
            ) from error
        return self.path


def state_folder(root: Path) -> StateFolder:
    """The state of the repo at `root` (an absolute path). Nothing is created yet."""
    import hashlib

    key = hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
    readable = "".join(c if c.isalnum() or c in "-_." else "-" for c in root.name) or "root"
    return StateFolder(state_home() / f"{readable}-{key}")
