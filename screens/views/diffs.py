"""The diff of a plan, file by file, with line numbers on both sides and the rule that each change comes from."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from screens.lines import Line, Span, fit, line, rule_line, shorten, spread, text_of, width_of
from screens.masking import mask
from screens.views.colours import Coloured

if TYPE_CHECKING:
    from wizard.plan.fold import Plan, Step

CONTEXT = 3
RULE_WIDTH = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file's diff. `old` and `new` are 1-based line numbers."""

    kind: Literal["same", "added", "removed", "gap"]
    old: int | None
    new: int | None
    text: str
    rule: str = ""


@dataclass(frozen=True, slots=True)
class FileDiff:
    """What happens to one file."""

    path: str
    state: Literal["changed", "new", "removed"]
    rows: tuple[Row, ...]

    @property
    def added(self) -> int:
        return sum(row.kind == "added" for row in self.rows)

    @property
    def removed(self) -> int:
        return sum(row.kind == "removed" for row in self.rows)

    @property
    def title(self) -> str:
        new = {"new": " (new)", "removed": " (removed)", "changed": ""}[self.state]
        minus = f" -{self.removed}" if self.removed else ""
        return f"{self.path}{new} +{self.added}{minus}"


def plan_diffs(plan: Plan) -> tuple[FileDiff, ...]:
    """The files that the plan changes, the Dockerfile first, every changed line with its rule."""
    changes = plan.changes
    return tuple(
        file_diff(path, plan.originals[path], changes[path], owners(plan.selected, path))
        for path in sorted(changes, key=lambda path: (path != plan.dockerfile, path))
    )


def step_diffs(step: Step) -> tuple[FileDiff, ...]:
    """The files that one proposal alone changes."""
    diffs = []
    for path in step.files:
        before, after = (space.read(path) if space.is_file(path) else None for space in (step.before, step.after))
        if before != after:
            diffs.append(file_diff(path, before, after, ({}, {})))
    return tuple(diffs)


def file_diff(
    path: str, before: bytes | None, after: bytes | None, owner: tuple[Mapping[int, str], Mapping[int, str]]
) -> FileDiff:
    """The diff of one file; `owner` gives rules by old (removed) and by new (added) line number."""
    old, new = _rows(before), _rows(after)
    rows: list[Row] = []
    groups = list(difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT))
    for group in groups:
        first = group[0]
        rows.append(Row("gap", first[1] + 1, first[3] + 1, ""))
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                for shift in range(old_to - old_from):
                    rows.append(Row("same", old_from + shift + 1, new_from + shift + 1, old[old_from + shift]))
                continue
            for number in range(old_from, old_to):
                rows.append(Row("removed", number + 1, None, old[number], owner[0].get(number + 1, "")))
            for number in range(new_from, new_to):
                rows.append(Row("added", None, number + 1, new[number], owner[1].get(number + 1, "")))
    return FileDiff(path, "new" if before is None else "removed" if after is None else "changed", tuple(rows))


def owners(steps: Sequence[Step], path: str) -> tuple[dict[int, str], dict[int, str]]:
    """Which rule took away each line of the original, and which one wrote each line of the result (1-based)."""
    removed: dict[int, str] = {}
    current: list[tuple[int | None, str]] | None = None
    for step in steps:
        if path not in step.proposal.edits:
            continue
        old, new = (_rows(space.read(path) if space.is_file(path) else None) for space in (step.before, step.after))
        if current is None:
            current = [(number, "") for number in range(1, len(old) + 1)]
        following: list[tuple[int | None, str]] = []
        for tag, old_from, old_to, new_from, new_to in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
            if tag == "equal":
                following.extend(current[old_from:old_to])
                continue
            for origin, _ in current[old_from:old_to]:
                if origin is not None:
                    removed[origin] = step.proposal.rule
            following.extend([(None, step.proposal.rule)] * (new_to - new_from))
        current = following
    return removed, {number: rule for number, (_, rule) in enumerate(current or [], 1) if rule}


def diff_lines(files: Sequence[FileDiff], width: int, rule: str, colours: Mapping[str, Coloured]) -> list[Line]:
    """All files below each other. The rule stands at the right edge of the first line of each run of changes.

    `colours` holds coloured lines by `old:path` and `new:path`.
    """
    result: list[Line] = []
    for file in files:
        result.append(rule_line(file.title, "", width, rule))
        previous = ""
        for row in file.rows:
            result.append(_row(row, row.rule if row.rule != previous else "", width, file.path, colours))
            previous = row.rule
    return result


def hunk_starts(files: Sequence[FileDiff]) -> list[int]:
    """The indexes, among the lines of `diff_lines`, at which a hunk begins."""
    starts: list[int] = []
    index = 0
    for file in files:
        index += 1
        for row in file.rows:
            if row.kind == "gap":
                starts.append(index)
            index += 1
    return starts


def _row(row: Row, rule: str, width: int, path: str, colours: Mapping[str, Coloured]) -> Line:
    if row.kind == "gap":
        return line(Span(f"      @@ line {row.new} @@", "hunk"))
    mark = {"same": " ", "added": "+", "removed": "-"}[row.kind]
    role = "" if row.kind == "same" else row.kind
    head = f"{row.old or '':>4} {row.new or '':>4} {mark} "
    side, number = ("old", row.old) if row.new is None else ("new", row.new)
    coloured = colours.get(f"{side}:{path}")
    spans: Line = (Span(row.text),)
    if coloured and number and number <= len(coloured) and text_of(coloured[number - 1]) == row.text:
        spans = coloured[number - 1]
    body = tuple(Span(span.text, f"{role} {span.role}".strip()) for span in spans)
    left: Line = (Span(head, role or "dim"), *body)
    if rule and width_of(text_of(left)) + RULE_WIDTH + 1 <= width:
        return spread(left, [Span(fit(shorten(rule, RULE_WIDTH), RULE_WIDTH), "dim")], width)
    return left


def _rows(content: bytes | None) -> list[str]:
    if not content:
        return []
    rows = [mask(row) for row in content.decode("utf-8", "replace").split("\n")]
    return rows[:-1] if rows[-1] == "" else rows
