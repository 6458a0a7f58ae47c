"""Planning: the rules folded over a workspace, each seeing what those before it left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from wizard.dockerfile.errors import DockerfileError
from wizard.dockerfile.scanner import parse
from wizard.errors import DockwizError
from wizard.inspection.places import place_at
from wizard.inspection.values import Inspection
from wizard.plan.diff import diff_of
from wizard.plan.gate import doubts, objection
from wizard.plan.origins import after, traced, untouched
from wizard.plan.selection import Selection
from wizard.rules.base import Asks, Proposal, Refusal, Rule, Settings, View
from wizard.rules.registry import RULES
from wizard.workspace import Workspace

MANY_FILES = 10_000
"""In a larger context a rule that leaves the Dockerfile alone is not asked again: it would walk over all files."""


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
    asks: tuple[Asks, ...] = ()
    """The rules that wait for answers of the network."""

    @property
    def selected(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.selected)

    @property
    def waiting(self) -> tuple[Asks, ...]:
        """The rules that only `--online` lets go on."""
        return () if self.settings.online else self.asks

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

    A proposal whose result does not pass the gate, or that its own rule would change again, is dropped, alone, and
    becomes a refusal that says so. Raises DockerfileError where the Dockerfile is bad input, ValueError where the
    inspection names no Dockerfile.
    """
    rules = tuple(rules)
    # What is kept of a workspace holds for one plan: the files may be other ones at the next.
    workspace = replace(workspace)
    plan = _fold(workspace, inspection, selection or Selection(), settings or Settings(), rules)
    restless = _restless(plan, rules)
    if restless is None:
        return plan
    others = make_plan(workspace, inspection, selection, settings, [rule for rule in rules if rule is not restless])
    because = "the result did not pass our own check: a second run would change it again"
    return replace(others, refusals=(*others.refusals, Refusal(restless.ID, because)))


def _fold(
    workspace: Workspace, inspection: Inspection, selection: Selection, settings: Settings, rules: tuple[Rule, ...]
) -> Plan:
    if inspection.dockerfile is None:
        raise ValueError("the inspection names no Dockerfile")
    dockerfile = inspection.dockerfile
    current = workspace
    steps: list[Step] = []
    refusals: dict[str, Refusal] = {}
    asks: dict[str, Asks] = {}
    asked: dict[str, Workspace] = {}
    document = parse(current.read(dockerfile), dockerfile)
    origins = untouched(document)
    known = frozenset(sign.evidence for sign in inspection.gpu)
    # The second time round for those that a later proposal has opened a door to: a second run would find them.
    for number, rule in enumerate((*rules, *rules)):
        if asked.get(rule.ID) is current or any(step.proposal.rule == rule.ID for step in steps):
            continue
        asked[rule.ID] = current
        view = View(current, dockerfile, document, inspection, settings)
        outcome = _ask(rule, view)
        if isinstance(outcome, Asks):
            asks[rule.ID] = outcome
            refusals.pop(rule.ID, None)
            continue
        waited = asks.pop(rule.ID, None)
        if outcome is not None:
            outcome = traced(outcome, origins, current, workspace, known)
        if isinstance(outcome, Refusal) and (number < len(rules) or waited is not None):
            refusals[rule.ID] = outcome
        if not isinstance(outcome, Proposal):
            continue
        edited = current.edit(outcome.edits)
        against = objection(view, outcome, edited)
        if against is not None:
            because = f"the result did not pass our own check: {against}"
            refusals[rule.ID] = Refusal(rule.ID, because, outcome.evidence)
            continue
        refusals.pop(rule.ID, None)
        outcome = replace(outcome, risk=" ".join(filter(None, (outcome.risk, *doubts(view, edited)))))
        taken = selection.takes(outcome)
        steps.append(Step(outcome, taken, current, edited))
        if taken:
            current = edited
            document = parse(current.read(dockerfile), dockerfile)
            origins = after(origins, document, outcome)
    originals = {path: _content(workspace, path) for path in current.overlay}
    return Plan(
        workspace, originals, current, dockerfile, inspection, settings, selection, tuple(steps),
        tuple(refusals.values()), tuple(asks.values()),
    )  # fmt: skip


def _restless(plan: Plan, rules: Iterable[Rule]) -> Rule | None:
    """A rule that would change its own result: what it proposed for this plan cannot be right."""
    large = plan.inspection.context.files > MANY_FILES
    selected = {step.proposal.rule for step in plan.selected if plan.dockerfile in step.files or not large}
    document = parse(plan.result.read(plan.dockerfile), plan.dockerfile)
    view = View(plan.result, plan.dockerfile, document, plan.inspection, plan.settings)
    for rule in rules:
        if rule.ID not in selected:
            continue
        again = _ask(rule, view)
        if isinstance(again, Proposal) and any(
            content != _content(plan.result, path) for path, content in again.edits.items()
        ):
            return rule
    return None


def _ask(rule: Rule, view: View) -> Proposal | Refusal | Asks | None:
    """What the rule says. An edit that cannot be made faithfully is a precondition that does not hold."""
    try:
        return rule.propose(view)
    except DockerfileError as error:
        # About the file that the edits would give: this one was read.
        return Refusal(rule.ID, f"the change cannot be written: the planned {error}")
    except DockwizError as error:
        place = place_at(error.path or view.dockerfile, error.line)
        return Refusal(rule.ID, f"{place}: the change cannot be written: {error.message}")


def _content(workspace: Workspace, path: str) -> bytes | None:
    return workspace.read(path) if workspace.is_file(path) else None


def _diff_between(before: Workspace, after: Workspace, paths: Iterable[str]) -> str:
    return diff_of({path: (_content(before, path), _content(after, path)) for path in paths})
