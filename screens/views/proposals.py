"""The proposals with their toggles, the refusals below them, and everything about the one under the cursor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from screens.glyphs import Glyphs
from screens.lines import Line, Span, cut, fit, line, paragraph, shorten
from screens.session import Session
from screens.views.diffs import diff_lines, step_diffs
from screens.views.waiting import waits_for
from screens.views.weighing import evidence_rows, side_by_side, stacked
from wizard.report.units import count, seconds, size
from wizard.rules.base import Asks, Estimate, Proposal, Refusal

if TYPE_CHECKING:
    from wizard.plan.fold import Step

ESTIMATED = "~"
BASES = {
    "index": "estimated from file sizes in the package index",
    "measured": "measured here",
    "catalogue": "estimated from the bundled catalogue",
}
ASK_KEY = "o"
"""Lets the rules ask that wait for the network."""


@dataclass(frozen=True)
class Entry:
    """A line of the list: a proposal, a refusal, a rule that waits, or (none of them) a heading."""

    step: Step | None = None
    refusal: Refusal | None = None
    asks: Asks | None = None
    heading: str = ""


def entries(session: Session) -> tuple[Entry, ...]:
    """The list: proposals in fold order, then what waits for the network and the refusals, each under a heading."""
    plan = session.plan
    if plan is None:
        return ()
    rows = [Entry(step=step) for step in plan.steps]
    if not plan.steps:
        rows.append(Entry(heading="Nothing to propose: no rule found anything to improve."))
    if plan.waiting:
        rows.append(Entry(heading=f"Waiting for the network ({len(plan.waiting)}): {ASK_KEY} asks"))
        rows.extend(Entry(asks=asks) for asks in plan.waiting)
    if plan.refusals:
        rows.append(Entry(heading=f"Not proposed ({len(plan.refusals)})"))
        rows.extend(Entry(refusal=refusal) for refusal in plan.refusals)
    return tuple(rows)


def entry_line(entry: Entry, session: Session, width: int, glyphs: Glyphs) -> Line:
    """`[x] Title   safe   -48 s`, `x rule  reason`, or a heading."""
    if entry.step is not None:
        proposal = entry.step.proposal
        on = session.takes(proposal)
        box = Span("[x] " if on else "[ ] ", "good" if on else "")
        effect = saving(proposal.estimate)
        effects = (
            max((len(saving(step.proposal.estimate)) for step in session.plan.steps), default=0) if session.plan else 0
        )
        room = max(width - 4 - 8 - effects, 12)
        return line(
            box,
            Span(fit(proposal.title, room), "" if on else "dim"),
            Span(fit(f" {proposal.safety}", 8), "" if proposal.safety == "safe" else "warn"),
            Span(f"{effect:>{effects}}", "dim"),
        )
    if entry.refusal is not None:
        return _unproposed(entry.refusal.rule, entry.refusal.because, glyphs.cancelled, width)
    if entry.asks is not None:
        return _unproposed(entry.asks.rule, waits_for(entry.asks), glyphs.waiting, width)
    return line(Span(entry.heading, "strong"))


def _unproposed(rule: str, words: str, glyph: str, width: int) -> Line:
    name = fit(rule, min(20, width // 3))
    return line(Span(f" {glyph}  ", "dim"), name, " ", Span(shorten(words, width - len(name) - 5), "dim"))


def saving(estimate: Estimate | None) -> str:
    """`~-48 s`: an estimate, marked as one; `-48 s` where it was measured here; empty where there is none."""
    if estimate is None:
        return ""
    mark = "" if estimate.basis == "measured" else ESTIMATED
    if estimate.bytes:
        return f"{mark}-{size(estimate.bytes)}"
    return f"{mark}-{seconds(estimate.seconds)}" if estimate.seconds else ""


def summary(session: Session) -> tuple[str, str]:
    """The counts at the left; at the right what the figures in the list are."""
    plan = session.plan
    if plan is None:
        return "", ""
    on = [step.proposal for step in plan.steps if session.takes(step.proposal)]
    # No sum: bytes of an image and bytes of a build context do not add up to anything.
    shown = [saving(step.proposal.estimate) for step in plan.steps]
    right = f"{ESTIMATED} estimated; the report measures" if any(one.startswith(ESTIMATED) for one in shown) else ""
    return f"{count(len(plan.steps), 'proposal')}, {len(on)} on", right


def detail_title(entry: Entry, position: int, total: int) -> tuple[str, str]:
    """The rule id and `1 of 7`, for the line above the details."""
    if entry.step is not None:
        return f"{entry.step.proposal.rule} ({entry.step.proposal.category})", f"{position} of {total}"
    if entry.refusal is not None:
        return f"{entry.refusal.rule}: not proposed", ""
    if entry.asks is not None:
        return f"{entry.asks.rule}: waits for --online", ""
    return "", ""


def detail(entry: Entry, width: int, glyphs: Glyphs, *, wide: bool = False) -> list[Line]:
    """Why, evidence for and against, effect, risk, other evidence, and its own diff; for a refusal the reason and what
    it rests on; for a rule that waits what it asks for. `wide`: there is room for evidence in two columns."""
    rows: list[Line] = []
    if entry.refusal is not None:
        rows += paragraph(" Because", entry.refusal.because, width, indent=10)
        rows += _evidence(entry.refusal, width, glyphs, wide=wide)
        rows += paragraph(" Read", f"dockwiz explain {entry.refusal.rule}", width, indent=10, role="dim")
        return rows
    if entry.asks is not None:
        about, how = (
            waits_for(entry.asks),
            f"Press {ASK_KEY}, or start with `dockwiz --online`; nothing is asked before.",
        )
        rows += paragraph(" Waits", f"{about[0].upper()}{about[1:]}.", width, indent=10)
        rows += paragraph(" Ask", how, width, indent=10)
        rows += paragraph(" Read", f"dockwiz explain {entry.asks.rule}", width, indent=10, role="dim")
        return rows
    if entry.step is None:
        return []
    proposal = entry.step.proposal
    rows += paragraph(" Why", proposal.why, width, indent=10)
    rows += [cut(line(" " * 10, row), width) for row in proposal.details]
    evidence = _evidence(proposal, width, glyphs, wide=wide)
    rows += evidence if proposal.against is not None else []
    if proposal.estimate is not None and (saved := saving(proposal.estimate)):
        about = "about " if saved.startswith(ESTIMATED) else ""
        basis = BASES[proposal.estimate.basis]
        rows += paragraph(" Saves", f"{about}{saved.lstrip(f'{ESTIMATED}-')} ({basis})", width, indent=10)
    risk = proposal.risk or ("Every precondition was checked." if proposal.safety == "safe" else "")
    rows += paragraph(" Risk", f"{_safety(proposal)} {risk}", width, indent=10)
    rows += evidence if proposal.against is None else []
    diffs = step_diffs(entry.step)
    rows += (
        diff_lines(diffs, width, glyphs.rule, {}) if diffs else paragraph(" Change", "advice only", width, indent=10)
    )
    return rows


def _safety(proposal: Proposal) -> str:
    if proposal.safety == "safe":
        return "Safe."
    return "Something speaks against it." if proposal.disputed else "Wants your review: off until you switch it on."


def _evidence(outcome: Proposal | Refusal, width: int, glyphs: Glyphs, *, wide: bool) -> list[Line]:
    """What it rests on; where evidence is weighed, the part that speaks against it beside the rest."""
    if outcome.against is None:
        return evidence_rows(" Evidence", outcome.evidence, width)
    speaks_for = [item for item in outcome.evidence if item not in outcome.against]
    if wide:
        return side_by_side(speaks_for, outcome.against, width, glyphs)
    return stacked(speaks_for, outcome.against, width)
