"""What is compared where the person names nothing: before the last apply, or the plan not yet applied, and now."""

from __future__ import annotations

from wizard.compare.change import change_of_files, change_of_plan
from wizard.compare.sides import Side, side_of_workspace
from wizard.compare.values import Change, Label
from wizard.plan import journal
from wizard.plan.fold import Plan
from wizard.state import StateFolder
from wizard.workspace import Workspace

NOW = "the folder as it is"


def since_last_apply(
    workspace: Workspace, state: StateFolder, dockerfile: str | None = None
) -> tuple[Side, Side, Change] | None:
    """The files as they were before the last apply for this build context that is not undone, and as they are; None
    without such an apply. With `dockerfile` (relative to the root) only an apply to that one counts."""
    applied = journal.entries(state, workspace.context)
    entry = next((one for one in applied if dockerfile in (None, one.dockerfile)), None)
    if entry is None:
        return None
    before = side_of_workspace("before", "before the last apply", workspace.edit(entry.before), entry.dockerfile)
    after = side_of_workspace("after", NOW, workspace, entry.dockerfile)
    return before, after, change_of_files(entry.rules, entry.before, entry.after)


def as_it_is(label: Label, workspace: Workspace, dockerfile: str) -> Side:
    """The folder as it is: the other side of the one that the person named."""
    return side_of_workspace(label, NOW, workspace, dockerfile)


def with_plan(plan: Plan) -> tuple[Side, Side, Change] | None:
    """The files as they are, and as the plan would have them; None where the plan changes nothing."""
    if not plan.changes:
        return None
    before = side_of_workspace("before", NOW, plan.workspace, plan.dockerfile)
    after = side_of_workspace("after", "the plan, not yet applied", plan.result, plan.dockerfile)
    return before, after, change_of_plan(plan)
