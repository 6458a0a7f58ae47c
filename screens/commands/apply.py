"""`dockwiz apply --yes`: write the selected proposals into the repo, or with --output into another folder."""

from __future__ import annotations

import argparse

from screens.commands.prepare import Repo, open_repo, plan_repo
from wizard.again import undo_command
from wizard.build.checking import Checked, checked
from wizard.errors import BadInput, NoEngine
from wizard.plan.apply import apply, write_copy
from wizard.plan.files import undisturbed
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
    # Whoever presses Ctrl-C while files are written is told that they were.
    with undisturbed():
        print("\n".join([*_said(done), *_write(done.plan, repo, options)]), flush=True)
    return 0


def _write(plan: Plan, repo: Repo, options: argparse.Namespace) -> list[str]:
    if options.output is not None:
        copied = write_copy(plan, options.output)
        return [f"Wrote {', '.join(copied.files)} into {options.output}. The repository is as it was."]
    applied = apply(plan, repo.state)
    return [
        f"Applied {', '.join(applied.rules)}.",
        f"Changed {', '.join(applied.files)}.",
        f"Undo with: {undo_command(options.path)}",
    ]


def _checked(plan: Plan) -> Checked:
    """The plan without what the engine's own check objects to, where an engine answers."""
    from wizard.build.engines import find_engine

    try:
        return checked(plan, find_engine())
    except NoEngine:
        return checked(plan, None)


def _said(done: Checked) -> list[str]:
    return [*(f"Left out {one.rule}: {one.because}." for one in done.dropped), *filter(None, [done.said])]
