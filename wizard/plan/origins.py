"""Where in the files on disk the evidence of a proposal is: later rules see files that earlier ones have changed."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace

from wizard.inspection.values import Evidence
from wizard.workspace import Workspace

_ALIKE = 0.6
"""How alike a rewritten line must be to the one that it came from (difflib's ratio)."""


def traced(evidence: Sequence[Evidence], now: Workspace, start: Workspace) -> tuple[Evidence, ...]:
    """The evidence, found in `now`, with the line numbers of `start`.

    A line that has no counterpart there loses its number. A file that is not in `start` keeps its numbers.
    """
    return tuple(_traced(item, now, start) for item in evidence)


def _traced(item: Evidence, now: Workspace, start: Workspace) -> Evidence:
    if item.line is None or not start.is_file(item.path) or not now.is_file(item.path):
        return item
    before, after = start.read(item.path), now.read(item.path)
    if before == after:
        return item
    return replace(item, line=_origin(_rows(before), _rows(after), item.line))


def _origin(old: Sequence[str], new: Sequence[str], line: int) -> int | None:
    """The 1-based line of `old` that line `line` of `new` was: kept in place, else moved, else rewritten."""
    if not 1 <= line <= len(new):
        return None
    for block in difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        if block.b <= line - 1 < block.b + block.size:
            return block.a + line - block.b
    text = new[line - 1]
    if text in old:
        return old.index(text) + 1
    alike = difflib.get_close_matches(text, old, n=1, cutoff=_ALIKE) if text else []
    return old.index(alike[0]) + 1 if alike else None


def _rows(content: bytes) -> list[str]:
    return [row.strip() for row in content.decode("utf-8", "replace").split("\n")]
