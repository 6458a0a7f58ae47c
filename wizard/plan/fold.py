"""Planning: the rules folded over a workspace, each seeing what those before it left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from wizard.dockerfile.scanner import parse
from wizard.errors import DockwizError
from wizard.inspection.places import place_at
from wizard.inspection.values import Inspection
from wizard.plan.diff import diff_of
from wizard.plan.gate import objection
from wizard.plan.origins import after, traced, untouched
from wizard.plan.selection import Selection
from wizard.rules.base import Proposal, Refusal, Rule, Settings, View
from wizard.rules.registry import RULES
from wizard.workspace import Workspace


@dataclass(frozen=True)
class Step:
    """One proposal at its place in the fold."""

    proposal: Proposal
    selected: bool
    before: Workspace
    after: Workspace
    """With the proposal's edits, whether it is selected or not."""

    @property
    def files(self) -> tuple[str, ...]:
        """The files that it would change, sorted."""
        return tuple(sorted(self.proposal.edits))

    @property
    def diff(self) -> str:
        """What this step alone changes."""
        return _diff_between(self.before, self.after, self.proposal.edits)


@dataclass(frozen=True)
class Plan:
    """The proposals and refusals for one Dockerfile, and the files that the selected ones give."""

    workspace: Workspace
    """Before any of them."""
    originals: Mapping[str, bytes | None]
    """Content of the touched files when the plan was made; None for a file that was not there."""
    result: Workspace
    """With the selected ones."""
    dockerfile: str
    inspection: Inspection
    settings: Settings
    selection: Selection
    steps: tuple[Step, ...]
    refusals: tuple[Refusal, ...]

    @property
    def selected(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.selected)

    @property
    def changes(self) -> Mapping[str, bytes | None]:
        """The files whose final content differs from the start: path -> new content, None for a removed file."""
        changed: dict[str, bytes | None] = {}
        for path in sorted(self.result.overlay):
            after = self.result.overlay[path]
            if after != self.originals[path]:
                changed[path] = after
        return changed

    @property
    def diff(self) -> str:
        """The whole diff, all files."""
        return diff_of({path: (self.originals[path], content) for path, content in self.changes.items()})


def make_plan(
    workspace: Workspace,
    inspection: Inspection,
    selection: Selection | None = None,
    settings: Settings | None = None,
    rules: Iterable[Rule] = RULES,
) -> Plan:
    """Fold the rules over the workspace.

    A proposal whose result does not pass the gate is dropped, alone, and becomes a refusal that says so. Raises
    DockerfileError where the Dockerfile is bad input, ValueError where the inspection names no Dockerfile.
    """
    if inspection.dockerfile is None:
        raise ValueError("the inspection names no Dockerfile")
    selection = selection or Selection()
    settings = settings or Settings()
    dockerfile = inspection.dockerfile
    current = workspace
    steps: list[Step] = []
    refusals: list[Refusal] = []
    document = parse(current.read(dockerfile), dockerfile)
    origins = untouched(document)
    known = frozenset(sign.evidence for sign in inspection.gpu)
    for rule in rules:
        view = View(current, dockerfile, document, inspection, settings)
        outcome = _ask(rule, view)
        if outcome is not None:
            outcome = traced(outcome, origins, current, workspace, known)
        if isinstance(outcome, Refusal):
            refusals.append(outcome)
        if not isinstance(outcome, Proposal):
            continue
        edited = current.edit(outcome.edits)
        against = objection(view, edited)
        if against is not None:
            refusals.append(
                Refusal(outcome.rule, f"the result did not pass our own check: {against}", outcome.evidence)
            )
            continue
        taken = selection.takes(outcome)
        steps.append(Step(outcome, taken, current, edited))
        if taken:
            current = edited
            document = parse(current.read(dockerfile), dockerfile)
            origins = after(origins, document, outcome)
    originals = {path: _content(workspace, path) for path in current.overlay}
    return Plan(
        workspace, originals, current, dockerfile, inspection, settings, selection, tuple(steps), tuple(refusals)
    )


def _ask(rule: Rule, view: View) -> Proposal | Refusal | None:
    """What the rule says. An edit that cannot be made faithfully is a precondition that does not hold."""
    try:
        return rule.propose(view)
    except DockwizError as error:
        place = place_at(error.path or view.dockerfile, error.line)
        return Refusal(rule.ID, f"{place}: the change cannot be written: {error.message}")


def _content(workspace: Workspace, path: str) -> bytes | None:
    return workspace.read(path) if workspace.is_file(path) else None


def _diff_between(before: Workspace, after: Workspace, paths: Iterable[str]) -> str:
    return diff_of({path: (_content(before, path), _content(after, path)) for path in paths})
