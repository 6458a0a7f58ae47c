"""`dockwiz report`: the report of the last comparison for PATH."""

from __future__ import annotations

import argparse
import json
import sys

from screens.commands.compare import write_report
from wizard.compare.last import load_last
from wizard.errors import BadInput
from wizard.report.json import comparison_json
from wizard.report.markdown import markdown
from wizard.state import state_folder
from wizard.workspace import open_workspace


def run(options: argparse.Namespace) -> int:
    workspace = open_workspace(options.path)
    kept = load_last(state_folder(workspace.root), workspace.context)
    if kept is None:
        raise BadInput("nothing was compared here yet", hint="run `dockwiz compare` first")
    comparison = kept.value
    if kept.context != workspace.context:
        print(f"dockwiz: the comparison for {kept.context}", file=sys.stderr)
    text = json.dumps(comparison_json(comparison), indent=2) if options.format == "json" else markdown(comparison)
    if options.output is None:
        print(text)
    else:
        write_report(options.output, text)
    return 0
