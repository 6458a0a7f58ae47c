"""`dockwiz apply --yes`: write the selected proposals into the repo, or with --output into another folder."""

from __future__ import annotations

import argparse

from screens.commands.prepare import open_repo, plan_repo
from wizard.again import undo_command
from wizard.build.checking import Checked, checked
from wizard.errors import BadInput, NoEngine
from wizard.plan.apply import apply, write_copy
from wizard.plan.fold import Plan


def run(options: argparse.Namespace) -> int:
    repo = open_repo(options)
    plan = plan_repo(repo, options)
    if not plan.changes:
        print("Nothing is selected: no file was changed." if plan.steps else "Nothing to propose: no file was changed.")
        return 0
    if not options.yes:
        place = "" if options.output is None else f" in {options.output}"
        raise BadInput(
            f"would {'change' if options.output is None else 'write'} {', '.join(plan.changes)}{place}: "
            "nothing was written",
            hint="look with --diff of plan; write with --yes",
        )
    done = _checked(plan)
    if not done.plan.changes:
        print("\n".join([*_said(done), "Nothing is left to apply: no file was changed."]))
        return 0
    if options.output is not None:
        copied = write_copy(done.plan, options.output)
        said = [f"Wrote {', '.join(copied.files)} into {options.output}. The repository is as it was."]
    else:
        applied = apply(done.plan, repo.state)
        said = [
            f"Applied {', '.join(applied.rules)}.",
            f"Changed {', '.join(applied.files)}.",
            f"Undo with: {undo_command(options.path)}",
        ]
    print("\n".join([*_said(done), *said]))
    return 0


def _checked(plan: Plan) -> Checked:
    """The plan without what the engine's own check objects to, where an engine answers."""
    from wizard.build.engines import find_engine

    try:
        return checked(plan, find_engine())
    except NoEngine:
        return checked(plan, None)


def _said(done: Checked) -> list[str]:
    return [*(f"Left out {one.rule}: {one.because}." for one in done.dropped), *filter(None, [done.said])]
