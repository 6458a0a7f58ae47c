"""`dockwiz plan`: what is proposed, what is refused and why. Writes nothing."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap

from screens.commands.prepare import open_repo, plan_repo
from wizard.plan.fold import Plan, Step
from wizard.plan.view_json import plan_json
from wizard.plan.view_sarif import plan_sarif
from wizard.report.units import size

WIDTH = 100


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
    lines = [f"{plan.dockerfile}: {_count(len(plan.steps), 'proposal')}, {len(plan.selected)} selected"]
    for step in plan.steps:
        lines += ["", *_proposal(step)]
    if plan.refusals:
        lines += ["", "Not proposed, and why:"]
        for refusal in plan.refusals:
            lines += textwrap.wrap(
                f"{refusal.rule}: {refusal.because}", WIDTH, initial_indent="  - ", subsequent_indent="    "
            )
    if plan.changes:
        lines += [
            "",
            f"Would change {', '.join(plan.changes)}. See it with --diff, write it with `dockwiz apply --yes`.",
        ]
    elif not plan.steps:
        lines += ["", "Nothing to do."]
    return lines


def _proposal(step: Step) -> list[str]:
    proposal = step.proposal
    lines = [
        f"[{'x' if step.selected else ' '}] {proposal.rule}: {proposal.title}  ({proposal.safety}, {proposal.category})"
    ]
    lines += textwrap.wrap(proposal.why, WIDTH, initial_indent="    ", subsequent_indent="    ")
    for item in proposal.evidence[:3]:
        place = item.path if item.line is None else f"{item.path}:{item.line}"
        lines.append(textwrap.shorten(f"{place}  {item.text}", WIDTH, placeholder=" …").join(("    ", "")))
    if proposal.estimate is not None:
        saved = [size(proposal.estimate.bytes)] if proposal.estimate.bytes else []
        saved += [f"{proposal.estimate.seconds:.0f} s"] if proposal.estimate.seconds else []
        if saved:
            lines.append(f"    saves about {' and '.join(saved)} ({_BASIS[proposal.estimate.basis]})")
    if proposal.risk:
        lines += textwrap.wrap(f"Risk: {proposal.risk}", WIDTH, initial_indent="    ", subsequent_indent="    ")
    return lines


_BASIS = {
    "measured": "measured here",
    "catalogue": "estimated from our catalogue",
    "index": "from the index's file sizes",
}


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
