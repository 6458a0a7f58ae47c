"""Which proposals are on: the SELECT options of the command line, as a value."""

from __future__ import annotations

from dataclasses import dataclass

from wizard.rules.base import Proposal

GOALS = ("speed", "size", "reproducible", "secure", "all")


@dataclass(frozen=True, slots=True)
class Selection:
    """The person's choice. With nothing chosen, every safe proposal is on and every review one is off."""

    only: frozenset[str] | None = None
    """Exactly these rules (those among them that propose something)."""
    skip: frozenset[str] = frozenset()
    all: bool = False
    """Review proposals too."""
    goal: str | None = None
    """Review proposals of this category too (`all`: of every category)."""
    toggled: frozenset[str] = frozenset()
    """Rules that the person switched against what the rest of the selection says (the wizard's toggles)."""

    def takes(self, proposal: Proposal) -> bool:
        """Whether this proposal is on."""
        return self._by_default(proposal) != (proposal.rule in self.toggled)

    def _by_default(self, proposal: Proposal) -> bool:
        if proposal.rule in self.skip:
            return False
        if self.only is not None:
            return proposal.rule in self.only
        if proposal.safety == "safe" or self.all:
            return True
        return self.goal in (proposal.category, "all") and not proposal.disputed

    def allows(self, rule: str) -> bool:
        """Whether the person has not ruled it out by name."""
        return rule not in self.skip and (self.only is None or rule in self.only)
