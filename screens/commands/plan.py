"""`dockwiz plan`: what is proposed, what is refused and why. Writes nothing."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from screens.commands.prepare import open_repo, plan_repo
from screens.commands.text import cut, cut_row, paragraph
from screens.views.waiting import waits_for
from wizard.inspection.values import Evidence
from wizard.plan.fold import Plan, Step
from wizard.plan.view_json import plan_json
from wizard.plan.view_sarif import plan_sarif
from wizard.report.units import count, seconds, size
from wizard.rules.base import Proposal, Refusal
from wizard.wording import listed

INDENT = "    "
MOST_EVIDENCE = 3


def run(options: argparse.Namespace) -> int:
    plan = plan_repo(open_repo(options), options)
    if options.json:
        print(json.dumps(plan_json(plan), indent=2, ensure_ascii=False))
    elif options.sarif:
        print(json.dumps(plan_sarif(plan), indent=2, ensure_ascii=False))
    elif options.diff:
        sys.stdout.write(plan.diff)
    else:
        print("\n".join(_lines(plan)))
    return 1 if options.exit_code and plan.changes else 0


def _lines(plan: Plan) -> list[str]:
    lines = [f"{plan.dockerfile}: {count(len(plan.steps), 'proposal')}, {len(plan.selected)} selected"]
    for step in plan.steps:
        lines += ["", *_proposal(step)]
    if plan.refusals:
        lines += ["", "Not proposed, and why:"]
        for refusal in plan.refusals:
            lines += paragraph(f"{refusal.rule}: {refusal.because}", "  - ")
            lines += _evidence(refusal) if refusal.against is not None else []
    waiting = [step.proposal.rule for step in plan.steps if step.proposal.safety == "review" and not step.selected]
    if waiting:
        lines += [
            "",
            *paragraph(f"Waiting for you to look at them: {listed(waiting)} (take them with --all or --only)."),
        ]
    if plan.waiting:
        lines += ["", *paragraph("Waiting for --online, which asks registries and package indexes:")]
        for one in plan.waiting:
            lines += paragraph(f"{one.rule}: {waits_for(one)}", "  - ")
    if plan.changes:
        lines += ["", *paragraph(f"Would change {listed(list(plan.changes))}.")]
        lines += paragraph("See it with `dockwiz plan --diff`, write it with `dockwiz apply --yes`.")
    elif not plan.steps:
        lines += ["", "Nothing to do."]
    return lines


def _proposal(step: Step) -> list[str]:
    proposal = step.proposal
    lines = [f"[{'x' if step.selected else ' '}] {proposal.rule}  ({proposal.safety}, {proposal.category})"]
    lines += paragraph(f"{proposal.title}.", INDENT)
    lines += paragraph(proposal.why, INDENT)
    lines += [cut_row(row, INDENT) for row in proposal.details]
    lines += _evidence(proposal)
    if proposal.estimate is not None:
        saved = [size(proposal.estimate.bytes)] if proposal.estimate.bytes else []
        saved += [seconds(proposal.estimate.seconds)] if proposal.estimate.seconds else []
        if saved:
            basis = _BASIS[proposal.estimate.basis]
            lines += paragraph(
                f"Saves {'' if basis == _MEASURED else 'about '}{' and '.join(saved)} ({basis}).", INDENT
            )
    if proposal.risk:
        label = "Checked" if proposal.safety == "safe" else "Risk"
        lines += paragraph(f"{label}: {proposal.risk.removeprefix('Checked: ')}", INDENT)
    return lines


def _evidence(outcome: Proposal | Refusal) -> list[str]:
    """What it rests on; what speaks against it in a part of its own, where that is weighed."""
    if outcome.against is None:
        return _places(outcome.evidence)
    speaks_for = [item for item in outcome.evidence if item not in outcome.against]
    parts = (("For:", speaks_for), ("Against:", outcome.against))
    return [line for title, part in parts for line in (f"{INDENT}{title}", *(_places(part) or [f"{INDENT}| nothing"]))]


def _places(evidence: Sequence[Evidence]) -> list[str]:
    lines = []
    for item in evidence[:MOST_EVIDENCE]:
        place = item.path if item.line is None else f"{item.path}:{item.line}"
        lines.append(cut(f"{place}: {item.text}", f"{INDENT}| "))
    more = len(evidence) - MOST_EVIDENCE
    return [*lines, f"{INDENT}| and {more} more"] if more > 0 else lines


_MEASURED = "measured here"
_BASIS = {
    "measured": _MEASURED,
    "catalogue": "estimated from our catalogue",
    "index": "from the index's file sizes",
}
