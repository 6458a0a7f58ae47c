"""What we propose and refuse for one public Python repository, from its checkout and without an engine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.corpus.entries import Entry
from wizard.dockerfile.scanner import parse
from wizard.inspection import inspect
from wizard.plan.fold import make_plan
from wizard.plan.selection import Selection
from wizard.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan of one Dockerfile."""

    entry: Entry
    bases: tuple[str, ...]
    """The images that it is built on, as written, each once."""
    safe: tuple[str, ...]
    """Rules of the default selection."""
    review: tuple[str, ...]
    """Rules whose proposals wait for a person, found with all proposals taken."""
    refusals: tuple[tuple[str, str], ...]
    """Rule and reason, of the default selection."""
    changed: bool
    """The default selection changes a file."""


def plan_entry(entry: Entry, checkouts: Path) -> Planned:
    """Plan twice: as `dockwiz plan` does, and as `dockwiz plan --all` does. Raises DockwizError for bad input."""
    workspace = Workspace(checkouts / entry.checkout, entry.context)
    inspection = inspect(workspace, entry.path, with_history=False)
    default = make_plan(workspace, inspection, Selection())
    everything = make_plan(workspace, inspection, Selection(all=True))
    selected = tuple(step.proposal.rule for step in default.selected)
    stages = parse(workspace.read(entry.path), entry.path).stages
    names = {stage.name for stage in stages}
    return Planned(
        entry=entry,
        bases=tuple(dict.fromkeys(stage.base for stage in stages if stage.base not in names)),
        safe=selected,
        review=tuple(step.proposal.rule for step in everything.steps if step.proposal.rule not in selected),
        refusals=tuple((refusal.rule, refusal.because) for refusal in default.refusals),
        changed=bool(default.changes),
    )
