"""`dockwiz completion SHELL`: a completion script, made from the options."""

from __future__ import annotations

import argparse

from screens.options import make_parser


def run(options: argparse.Namespace) -> int:
    import shtab

    print(shtab.complete(make_parser(), shell=options.shell))
    return 0
