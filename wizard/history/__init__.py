"""Measurements of a repo over time."""

from wizard.history.measurements import branch_and_commit, known, of_comparison
from wizard.history.store import Entry, History, entries, place, record

__all__ = ["Entry", "History", "branch_and_commit", "entries", "known", "of_comparison", "place", "record"]
