"""A plan as SARIF 2.1.0, for code hosts and editors."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import quote

import wizard
from wizard.inspection.values import Evidence
from wizard.plan.fold import Plan
from wizard.rules.registry import RULES


def plan_sarif(plan: Plan) -> dict[str, Any]:
    """Every proposal as one result at a line of a file that is in the repo.

    A finding about a file that is not there yet sits on the line that causes it: the first evidence in an existing
    file, else the first line of the Dockerfile.
    """
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "dockwiz", "version": wizard.__version__, "rules": _rules()}},
                "results": [
                    {
                        "ruleId": step.proposal.rule,
                        "level": "warning" if step.proposal.safety == "safe" else "note",
                        "message": {"text": f"{step.proposal.title}. {step.proposal.why}"},
                        "locations": [_location(plan, step.proposal.evidence)],
                    }
                    for step in plan.steps
                ],
            }
        ],
    }


def _rules() -> list[dict[str, Any]]:
    return [
        {
            "id": rule.ID,
            "shortDescription": {"text": rule.TITLE},
            "fullDescription": {"text": (rule.__doc__ or "").strip()},
        }
        for rule in RULES
    ]


def _location(plan: Plan, evidence: tuple[Evidence, ...]) -> dict[str, Any]:
    cause = next((item for item in evidence if item.line is not None and plan.workspace.is_file(item.path)), None)
    path, line = (cause.path, cause.line) if cause else (plan.dockerfile, 1)
    return {"physicalLocation": {"artifactLocation": {"uri": _address(path)}, "region": {"startLine": line}}}


def _address(path: str) -> str:
    """A path relative to the root as a relative reference of RFC 3986, which SARIF 2.1.0 (3.4.3) asks for: whatever is
    no unreserved character is percent-encoded, byte by byte. A colon too: it would end a scheme (4.2)."""
    return quote(os.fsencode(path))
