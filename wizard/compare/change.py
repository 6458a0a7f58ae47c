"""What a plan or an apply changed, as the report names it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Literal

from wizard.compare.values import Applied, Change, FileChange
from wizard.plan.fold import Plan


def change_of_plan(plan: Plan) -> Change:
    """A plan, applied by now or not: before is what was there when it was made."""
    files = [file_change(path, plan.originals[path], content) for path, content in plan.changes.items()]
    proposals = (step.proposal for step in plan.selected)
    return Change(tuple(Applied(p.rule, p.title, p.why) for p in proposals), tuple(files))


def change_of_files(
    rules: Iterable[str], before: Mapping[str, bytes | None], after: Mapping[str, bytes | None]
) -> Change:
    """An apply that a journal remembers."""
    from wizard.rules.registry import RULES

    titles = {rule.ID: rule.TITLE for rule in RULES}
    files = tuple(file_change(path, before.get(path), after[path]) for path in sorted(after))
    return Change(tuple(Applied(rule, titles.get(rule, rule)) for rule in rules), files, undo=True)


def file_change(path: str, before: bytes | None, after: bytes | None) -> FileChange:
    """Lines added and removed, as a diff counts them."""
    old, new = (before or b"").splitlines(), (after or b"").splitlines()
    added = removed = 0
    for tag, start, end, first, last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            removed += end - start
            added += last - first
    kind: Literal["new", "changed", "removed"] = "new" if before is None else "removed" if after is None else "changed"
    return FileChange(path, added, removed, kind)
