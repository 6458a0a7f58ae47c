"""What one run of the wizard knows, as a value: each step gives a new Session, and going back loses nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.plan.selection import Selection
from wizard.rules.base import Proposal, Settings
from wizard.workspace import Workspace

if TYPE_CHECKING:
    from wizard.build.buildx import BuildResult
    from wizard.build.checking import Checked
    from wizard.compare.values import Comparison
    from wizard.inspection.values import Engine, Inspection
    from wizard.plan.fold import Plan


class Page(IntEnum):
    """The five steps, numbered as the keys that jump to them."""

    INSPECT = 1
    PROPOSE = 2
    DIFF = 3
    BUILD = 4
    REPORT = 5

    @property
    def title(self) -> str:
        return self.name.capitalize()


@dataclass(frozen=True)
class Session:
    """Everything found, chosen and measured so far. None: not there yet."""

    workspace: Workspace
    """The repo as it was at the start, whatever has been applied since."""
    dockerfile: str | None = None
    """The Dockerfile that the person named, relative to the root."""
    selection: Selection = field(default_factory=Selection)
    settings: Settings = field(default_factory=Settings)
    inspection: Inspection | None = None
    inspected_in: float | None = None
    """Seconds that the inspection took."""
    plan: Plan | None = None
    check: Checked | None = None
    """What the engine's own check said of the plan; None while it was not asked about this one."""
    applied: Mapping[str, bytes | None] = field(default_factory=dict)
    """The changes of the plan that is on disk, and can be undone; empty where none is."""
    earlier: tuple[str, ...] = ()
    """The files of the last apply that is not undone, this run's or an earlier one's."""
    applies: tuple[tuple[str, ...], ...] = ()
    """The files of each apply of this run that is not undone, whatever was looked at since."""
    build: BuildResult | None = None
    """The last finished build."""
    comparison: Comparison | None = None
    """The measured before and after."""
    reached: Page = Page.INSPECT

    def reach(self, page: Page) -> Session:
        """The session with this page open to the number keys."""
        return replace(self, reached=max(self.reached, page))

    def inspected(self, inspection: Inspection, seconds: float) -> Session:
        """A new inspection: plans, builds and measurements before it no longer hold. What was written stays known."""
        return replace(
            self,
            inspection=inspection,
            inspected_in=seconds,
            plan=None,
            check=None,
            applied={},
            build=None,
            comparison=None,
        )

    def planned(self, plan: Plan) -> Session:
        """A plan for the selection; what the check said still holds where it gives the same files, and what the network
        said until the next look."""
        same = self.check is not None and self.check.plan.changes == plan.changes
        found = self.inspection and replace(self.inspection, answers=plan.inspection.answers)
        return replace(self, inspection=found, plan=plan, check=self.check if same else None)

    def checked(self, check: Checked) -> Session:
        """The plan without what the engine's own check objects to."""
        return replace(self, plan=check.plan, selection=check.plan.selection, check=check)

    def wrote(self, changes: Mapping[str, bytes | None]) -> Session:
        """The plan is on disk, in place of an earlier one where that was."""
        before = self.applies[:-1] if self.applied else self.applies
        return replace(self, workspace=self.pinned(), applied=changes, applies=(*before, tuple(sorted(changes))))

    def put_back(self) -> Session:
        """The last apply was undone."""
        return replace(self, applied={}, applies=self.applies[:-1])

    @property
    def written(self) -> tuple[str, ...]:
        """The files that this run wrote and that an undo puts back."""
        return tuple(sorted({path for files in self.applies for path in files}))

    @property
    def place(self) -> Path:
        """The folder of the build context."""
        return self.workspace.root / self.workspace.context

    def toggle(self, proposal: Proposal) -> Session:
        """The proposal switched on or off. The plan is stale until the next `planned`."""
        toggled = self.selection.toggled ^ {proposal.rule}
        return replace(self, selection=replace(self.selection, toggled=toggled))

    def select(self, wanted: frozenset[str] | None) -> Session:
        """Exactly these rules on, among those that propose something; None: every safe one, and no other."""
        return replace(self, selection=Selection(only=wanted))

    def takes(self, proposal: Proposal) -> bool:
        """Whether the person wants this proposal."""
        return self.selection.takes(proposal)

    @property
    def stale(self) -> bool:
        """The plan does not yet follow the selection, or has not asked what it may ask."""
        plan = self.plan
        return plan is not None and (plan.selection, plan.settings) != (self.selection, self.settings)

    def found_engine(self, engine: Engine | None, missing: str | None) -> Session:
        """What the search for an engine gave: an engine, or why there is none."""
        if self.inspection is None:
            return self
        return replace(self, inspection=replace(self.inspection, engine=engine, no_engine=missing))

    @property
    def name(self) -> str:
        """What to call the repo: the folder of the build context."""
        return self.place.resolve().name or "repository"

    @property
    def pending(self) -> bool:
        """The plan differs from what is on disk."""
        return self.plan is not None and dict(self.plan.changes) != dict(self.applied)

    def pinned(self) -> Workspace:
        """The repo as it was when the plan was made, so that planning again works after an apply."""
        return self.workspace.edit(self.plan.originals) if self.plan is not None else self.workspace
