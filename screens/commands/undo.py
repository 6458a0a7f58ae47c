"""`dockwiz undo`: the files back as before the last apply."""

from __future__ import annotations

import argparse
import sys

from wizard.errors import BadInput
from wizard.plan import journal
from wizard.plan.apply import UndoWouldLose, undo
from wizard.state import state_folder
from wizard.workspace import open_workspace


def run(options: argparse.Namespace) -> int:
    workspace = open_workspace(options.path)
    state = state_folder(workspace.root)
    entry = journal.last(state)
    if entry is None:
        print("Nothing to undo: dockwiz has changed nothing here.")
        return 0
    if not options.yes:
        raise BadInput(
            f"would put back {', '.join(sorted(entry.before))}: nothing was written", hint="write with --yes"
        )
    try:
        done = undo(workspace, state)
    except UndoWouldLose as error:
        print("An undo would lose this:\n", file=sys.stderr)
        print(error.lost, file=sys.stderr)
        raise
    print(f"Put back {', '.join(done.files)}.")
    return 0
