"""`dockwiz apply --yes`: write the selected proposals into the repo, or with --output into another folder."""

from __future__ import annotations

import argparse

from screens.commands.prepare import open_repo, plan_repo
from wizard.errors import BadInput
from wizard.plan.apply import apply, write_copy


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
    if options.output is not None:
        done = write_copy(plan, options.output)
        print(f"Wrote {', '.join(done.files)} into {options.output}. The repository is as it was.")
        return 0
    done = apply(plan, repo.state)
    print(f"Applied {', '.join(done.rules)}.")
    print(f"Changed {', '.join(done.files)}.")
    print("Undo with: dockwiz undo --yes")
    return 0
