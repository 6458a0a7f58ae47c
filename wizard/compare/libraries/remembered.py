"""What comparisons found missing, kept in the repo's state folder: the next plan keeps it in the image."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from wizard.errors import BadInput
from wizard.inspection.division.proven import ProvenNeed
from wizard.state import StateFolder
from wizard.wording import listed

if TYPE_CHECKING:
    from wizard.compare.values import Comparison

_FILE = "needs.json"
_VERSION = 1
_TAKES_OUT = "split-stages"
"""The rule that takes packages out of the image, and heeds what is remembered here."""


def needs_in(comparison: Comparison) -> tuple[ProvenNeed, ...]:
    """The Debian packages that the new image misses because the stages were divided; one entry for each package."""
    from wizard.compare.libraries.faults import library_faults

    after = comparison.after
    release = after.libraries.release if after.libraries is not None else None
    rules = {proposal.rule for proposal in comparison.change.proposals}
    if _TAKES_OUT not in rules or after.base is None or release is None or " " in release:
        return ()
    found: dict[str, ProvenNeed] = {}
    for fault in library_faults(comparison.before, after):
        package = fault.provider.package if fault.provider is not None else None
        if package is not None and fault.kind == "library" and fault.severity == "harmful" and fault.elsewhere is None:
            found.setdefault(package, ProvenNeed(package, fault.name, fault.files[0], after.base, release))
    return tuple(found.values())


def kept_next(comparison: Comparison) -> str:
    """What the next plan makes of it, for people; empty where there is nothing to keep."""
    packages = [need.package for need in needs_in(comparison)]
    if not packages:
        return ""
    again = " Undo the change and plan again." if comparison.change.undo else ""
    return f"From the next plan on {_TAKES_OUT} keeps {listed(packages)} in the image.{again}"


def remember(comparison: Comparison, state: StateFolder, dockerfile: str) -> tuple[ProvenNeed, ...]:
    """Keep what the comparison found beside what earlier ones did, and return what it found.

    Raises BadInput where it cannot be written.
    """
    new = needs_in(comparison)
    if not new:
        return ()
    import json

    kept = _read(state)
    again = {(need.package, need.base) for need in new}
    earlier = [need for need in kept.get(dockerfile, ()) if (need.package, need.base) not in again]
    kept[dockerfile] = (*earlier, *new)
    needs = {name: [need._asdict() for need in found] for name, found in kept.items()}
    path = state.ensure() / _FILE
    fresh = path.with_suffix(".new")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump({"version": _VERSION, "needs": needs}, file)
        fresh.replace(path)
    except OSError as error:
        raise BadInput(f"cannot be written: {(error.strerror or '').lower()}", path=str(path)) from error
    return new


def remembered(state: StateFolder, dockerfile: str) -> tuple[ProvenNeed, ...]:
    """What comparisons of this Dockerfile (relative to the root) found; nothing where the file cannot be read."""
    return _read(state).get(dockerfile, ())


def _read(state: StateFolder) -> dict[str, tuple[ProvenNeed, ...]]:
    path = state.path / _FILE
    if not path.is_file():
        return {}
    import json

    try:
        data = json.loads(path.read_text("utf-8"))
        if data["version"] != _VERSION:
            return {}
        return {name: tuple(ProvenNeed(**need) for need in needs) for name, needs in data["needs"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
