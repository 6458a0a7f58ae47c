"""A plan as `dockwiz.plan/1`, the JSON that other programs read."""

from __future__ import annotations

import posixpath
from typing import Any

from wizard.inspection.questions import asked_for
from wizard.inspection.values import Evidence
from wizard.plan.fold import Plan, Step


def plan_json(plan: Plan) -> dict[str, Any]:
    """The plan as JSON-ready values. Paths are relative to the root; `root` is relative to PATH.

    `against`: the part of the evidence that speaks against. `waiting`: the rules that ask the network first, which
    takes `--online`.
    """
    return {
        "schema": "dockwiz.plan/1",
        "root": posixpath.relpath(".", plan.workspace.context),
        "dockerfile": plan.dockerfile,
        "proposals": [_proposal(step) for step in plan.steps],
        "refusals": [
            {
                "id": refusal.rule,
                "because": refusal.because,
                "evidence": [_evidence(item) for item in refusal.evidence],
                "against": [_evidence(item) for item in refusal.against or ()],
            }
            for refusal in plan.refusals
        ],
        "waiting": [
            {"id": one.rule, "because": one.because, "asks_for": [asked_for(question) for question in one.questions]}
            for one in plan.waiting
        ],
        "diff": plan.diff,
    }


def _proposal(step: Step) -> dict[str, Any]:
    proposal = step.proposal
    estimate = proposal.estimate
    return {
        "id": proposal.rule,
        "title": proposal.title,
        "category": proposal.category,
        "safety": proposal.safety,
        "selected": step.selected,
        "why": proposal.why,
        "details": list(proposal.details),
        "risk": proposal.risk,
        "evidence": [_evidence(item) for item in proposal.evidence],
        "against": [_evidence(item) for item in proposal.against or ()],
        "estimate": estimate and {"seconds": estimate.seconds, "bytes": estimate.bytes, "basis": estimate.basis},
        "files": list(step.files),
        "diff": step.diff,
    }


def _evidence(item: Evidence) -> dict[str, Any]:
    return {"path": item.path, "line": item.line, "text": item.text}
