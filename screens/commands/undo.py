"""`dockwiz undo`: the files back as before the last apply for PATH."""

from __future__ import annotations

import argparse
import sys

from wizard.errors import BadInput
from wizard.plan import journal
from wizard.plan.apply import UndoWouldLose, undo
from wizard.plan.files import undisturbed
from wizard.state import state_folder
from wizard.wording import listed
from wizard.workspace import open_workspace

NOTHING = "Nothing to undo: dockwiz has changed nothing here."


def run(options: argparse.Namespace) -> int:
    workspace = open_workspace(options.path)
    state = state_folder(workspace.root)
    entry = journal.last_of(state, workspace.context)
    if entry is None:
        others = sorted({other.context for other in journal.entries(state)})
        elsewhere = f" It has in {listed(others)}, below {workspace.root}." if others else ""
        print(NOTHING + elsewhere)
        return 0
    project = "" if entry.context == workspace.context else f" (applied for {entry.context})"
    if not options.yes:
        raise BadInput(
            f"would put back {', '.join(sorted(entry.before))}{project}: nothing was written", hint="write with --yes"
        )
    # Whoever presses Ctrl-C while files are written is told that they were.
    with undisturbed():
        try:
            done = undo(workspace, state)
        except UndoWouldLose as error:
            print("An undo would lose this:\n", file=sys.stderr)
            print(error.lost, file=sys.stderr)
            raise
        print(f"Put back {', '.join(done.files)}{project}." if done.files else NOTHING, flush=True)
    if next(journal.entries(state, entry.context), None) is not None:
        print("Once more takes back the apply before it.")
    return 0
