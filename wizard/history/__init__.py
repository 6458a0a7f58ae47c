"""Measurements of a repo over time."""

from wizard.history.store import Entry, History, entries, place, record

__all__ = ["Entry", "History", "entries", "place", "record"]
