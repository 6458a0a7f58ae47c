"""The results as docs/corpus.md."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from tests.corpus.examine import Result
from wizard.rules.registry import RULES

_MOST_REASONS = 12
_NORMALISED = (
    (re.compile(r"\bline \d+: "), ""),
    (re.compile(r"`[^`]*`"), "`…`"),
    (re.compile(r"\"[^\"]*\""), "`…`"),
    (re.compile(r"\b(the )?lines? \d+(?:, \d+)*(?: and \d+)?\b"), "line N"),
    (re.compile(r"--from=\S+"), "--from=…"),
    (re.compile(r"\bthe image \S+"), "the image …"),
    (re.compile(r"\S+ (?=is not the official)"), "… "),
    (re.compile(r"@sha256:[0-9a-f]+"), ""),
    (re.compile(r"\b(at|in) [\w.*-]*Dockerfile[\w.-]*:\d+"), r"\1 …:N"),
    (re.compile(r"(?<![\w`])[\w.~$*{}-]*/[\w./$*{}~+-]*"), "…"),
    (re.compile(r"\b[\w-]+\.(?:txt|in|py|toml|yml|yaml|lock|json|cfg|sh)\b"), "…"),
    (re.compile(r"\b\d+\b"), "N"),
)


def render(results: Sequence[Result]) -> str:
    """The whole page."""
    checked = [result for result in results if result.before is not None]
    repositories = {result.entry.repository for result in results}
    lines = [
        "# The corpus",
        "",
        "Made by `make corpus FOLDER=…` (tests/corpus). Every Dockerfile of tests/corpus/list.tsv is planned with all",
        "proposals taken, review ones too; the result is planned again, and BuildKit's own check reads both.",
        "",
        *table(("What", "Result"), _totals(results, checked, len(repositories))),
        "",
        "## By ecosystem",
        "",
        *table(_COLUMNS, _groups(results, lambda result: (result.ecosystem,))),
        "",
        "A file that several rules touch counts once in each row of the next table.",
        "",
        "## By rule",
        "",
        *table(("Rule", "Proposed", "Refused", "Nothing to say", *_COLUMNS[4:]), _rules(results)),
        "",
        "## Why rules refuse",
        "",
        "Names, paths and numbers in the reasons are replaced by … and N.",
        "",
    ]
    for rule in RULES:
        reasons = Counter(normalised(why) for result in results for name, why in result.refusals if name == rule.ID)
        if not reasons:
            continue
        lines += [f"### {rule.ID}", "", *table(("Files", "Reason"), _most(reasons)), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def normalised(reason: str) -> str:
    """A reason without the names, paths and numbers of the one file."""
    for pattern, instead in _NORMALISED:
        reason = pattern.sub(instead, reason)
    return reason[:1].upper() + reason[1:]


_COLUMNS = (
    "Ecosystem",
    "Files",
    "With proposals",
    "With refusals",
    "Refused by BuildKit",
    "New warnings",
    "Changed by a second run",
)


def _totals(results: Sequence[Result], checked: Sequence[Result], repositories: int) -> Iterable[tuple[object, ...]]:
    early = [result for result in results if result.early_copy is not None and result.bad_input is None]
    moved = sum("dependency-layer" in result.proposals for result in early)
    runs, opaque = sum(result.runs for result in results), sum(len(result.opaque) for result in results)
    times = sorted(result.seconds for result in results)
    yield "Dockerfiles, repositories", f"{len(results)}, {repositories}"
    yield (
        "Not Dockerfiles to us (one clear error); of these accepted by BuildKit",
        (f"{sum(result.bad_input is not None for result in results)}, {sum(result.misread for result in results)}"),
    )
    yield "Crashes", sum(result.crash is not None for result in results)
    yield "With at least one proposal", sum(bool(result.proposals) for result in results)
    if checked:
        yield "Accepted by BuildKit before", sum(not result.before.refused for result in checked if result.before)
        yield "Of these, refused by BuildKit after", sum(result.broken for result in checked)
        yield "With new warnings of BuildKit's check", sum(bool(result.new_warnings) for result in checked)
    else:
        yield "BuildKit's check", "not checked: no engine was reached"
    yield "Changed by a second run", sum(result.second_run is not None for result in results)
    yield "Sources copied before an install (found by another reading)", len(early)
    yield (
        "Of these: moved, refused with the precondition, silent",
        (
            f"{moved}, {len(early) - moved - sum(r.silent_on_early_copy for r in early)}, "
            f"{sum(r.silent_on_early_copy for r in early)}"
        ),
    )
    yield "RUN instructions, of these not read (opaque)", f"{runs}, {opaque} ({opaque / max(1, runs):.1%})"
    yield "Inspection and plan, median and longest", f"{times[len(times) // 2]:.2f} s, {times[-1]:.1f} s"


def _groups(results: Sequence[Result], keys: Callable[[Result], Iterable[str]]) -> Iterable[tuple[object, ...]]:
    groups: defaultdict[str, list[Result]] = defaultdict(list)
    for result in results:
        for key in keys(result):
            groups[key].append(result)
    for name, group in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        yield (
            name,
            len(group),
            sum(bool(result.proposals) for result in group),
            sum(bool(result.refusals) for result in group),
            *_failures(group),
        )


def _rules(results: Sequence[Result]) -> Iterable[tuple[object, ...]]:
    for rule in RULES:
        proposed = [result for result in results if rule.ID in result.proposals]
        refused = sum(any(name == rule.ID for name, _ in result.refusals) for result in results)
        yield rule.ID, len(proposed), refused, len(results) - len(proposed) - refused, *_failures(proposed)


def _failures(group: Sequence[Result]) -> tuple[object, object, int]:
    checked = any(result.after is not None for result in group)
    return (
        sum(result.broken for result in group) if checked else "not checked",
        sum(sum(result.new_warnings.values()) for result in group) if checked else "not checked",
        sum(result.second_run is not None for result in group),
    )


def _most(reasons: Counter[str]) -> Iterable[tuple[object, ...]]:
    shown = reasons.most_common(_MOST_REASONS)
    for reason, files in shown:
        yield files, reason
    rest = sum(reasons.values()) - sum(files for _, files in shown)
    if rest:
        yield rest, f"{len(reasons) - len(shown)} other reasons"


def table(titles: Sequence[str], rows: Iterable[tuple[object, ...]]) -> Iterable[str]:
    yield f"| {' | '.join(titles)} |"
    yield f"|{'---|' * len(titles)}"
    for row in rows:
        yield f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |"
