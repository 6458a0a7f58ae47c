"""`dockwiz [PATH]`: the wizard; without a terminal the same as `dockwiz plan`."""

from __future__ import annotations

import argparse
import os
import sys

from screens.commands.prepare import selection_of, settings_of


def has_screen() -> bool:
    """Whether a full-screen program can run here: both ends are a terminal that can move its cursor."""
    plain = os.environ.get("DOCKWIZ_PLAIN") or os.environ.get("TERM", "dumb") == "dumb"
    return not plain and sys.stdin.isatty() and sys.stdout.isatty()


def run(options: argparse.Namespace) -> int:
    if options.plain or not has_screen():
        from screens.commands import plan

        options.json = options.diff = options.sarif = options.exit_code = False
        return plan.run(options)
    from screens.app import run_wizard

    return run_wizard(
        options.path,
        options.file,
        ascii=options.ascii,
        selection=selection_of(options),
        settings=settings_of(options),
    )
