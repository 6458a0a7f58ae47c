"""`dockwiz demo [SAMPLE]`: the wizard on a private copy of a bundled sample, or all of it without a question asked."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from screens.commands import apply, compare, plan
from screens.commands.wizard import has_screen
from screens.options import USUAL_SCENARIOS
from wizard.build.engines import find_engine
from wizard.demo_copies import FOLDER, at_work
from wizard.errors import BadInput
from wizard.samples import lay_out, sample_names
from wizard.state import state_home


def run(options: argparse.Namespace) -> int:
    if options.sample not in sample_names():
        raise BadInput(f"there is no sample {options.sample}", hint=f"choose one of {', '.join(sample_names())}")
    folder = _place(options)
    with at_work(folder):
        return _on(lay_out(options.sample, folder), options)


def _on(sample: Path, options: argparse.Namespace) -> int:
    screen = has_screen() and not options.plain
    print(f"A copy of the sample {options.sample}: {sample}", file=sys.stderr)
    if screen:
        from screens.commands import wizard

        return wizard.run(_for(options, sample))
    return _everything(_for(options, sample))


def _place(options: argparse.Namespace) -> Path:
    if options.into is not None:
        return Path(options.into)
    home = state_home() / FOLDER
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f"{Path(options.sample).name}-", dir=home))
    except OSError as error:
        raise BadInput(f"the copy cannot be made: {(error.strerror or '').lower()}", path=str(home)) from error


def _for(options: argparse.Namespace, sample: Path) -> argparse.Namespace:
    """The options of the commands that follow, on the copy."""
    defaults = {
        "path": sample, "file": None, "json": False, "diff": False, "sarif": False, "exit_code": False, "yes": True,
        "output": None, "before": None, "after": None, "scenario": USUAL_SCENARIOS, "runs": 1, "link": None,
        "builder": None, "target": None, "build_arg": [], "secret": [], "ssh": [],
    }  # fmt: skip
    return argparse.Namespace(**{**vars(options), **defaults})


def _everything(options: argparse.Namespace) -> int:
    """Plan, apply, compare, report."""
    plan.run(options)
    print()
    apply.run(options)
    print()
    find_engine()
    return compare.run(options)
