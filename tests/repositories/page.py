"""The plans and the measurements as docs/python-repositories.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tests.corpus.table import table
from tests.repositories.measured import Measured, Selected
from tests.repositories.planned import Planned
from wizard.compare.values import SCENARIOS
from wizard.report.units import change, seconds, size

SLOWER = 1.1
"""An after that takes this much of the before, and `LEAST` seconds more, is named in the text."""
LEAST = 1.0
LARGER = 1.01


def render(plans: Sequence[Planned], measured: Mapping[str, Measured], notes: Mapping[str, str], how: str) -> str:
    """The whole page. `notes` by repository: why it is not measured, or what explains its figures."""
    rows = [(plan, measured.get(f"{plan.entry.repository} default")) for plan in plans]
    built = [(plan, found) for plan, found in rows if found is not None and not found.failed]
    others = [(plan, measured.get(f"{plan.entry.repository} all")) for plan in plans]
    with_all = [(plan, found) for plan, found in others if found is not None and not found.failed]
    lines = [
        "# Python repositories",
        "",
        "Made by `make repositories FOLDER=…` (tests/repositories): our plan on public Python repositories that no",
        "fixture was made from, and what `dockwiz compare` measured on those that can be built without their own",
        "registries and accounts. Nothing here builds them: a person runs `dockwiz compare --json` on a checkout.",
        "",
        how.strip(),
        "",
        *table(("What", "Result"), _totals(plans, measured)),
        "",
        "## Measured: the default selection",
        "",
        *table(_MEASURED, (_row(plan, found) for plan, found in built)),
        "",
    ]
    if with_all:
        lines += ["## Measured: every proposal, `--all`", ""]
        lines += [*table(_MEASURED, (_row(plan, found) for plan, found in with_all)), ""]
    lines += ["## What the figures and verdicts need said", ""]
    lines += [*_remarks(built, "default", notes), *_remarks(with_all, "all", {}), ""]
    lines += ["## Planned", "", "Rules with ? are review proposals: they wait for a person or for `--all`.", ""]
    lines += [*table(("Repository", "Dockerfile", "Base", "Proposals", "Refusals"), map(_planned, plans)), ""]
    lines += [
        "## Not measured",
        "",
        *table(("Repository", "Why (not tried where no error is given)"), _unmeasured(rows, notes)),
        "",
    ]
    lines += ["## Refusals and their reasons", ""]
    for plan in plans:
        if plan.refusals:
            lines += [f"**{plan.entry.repository}**", ""]
            lines += [f"- {rule}: {because}" for rule, because in plan.refusals]
            lines += [""]
    return "\n".join(lines).rstrip("\n") + "\n"


_MEASURED = ("Repository", "Cold", "Unchanged", "Source edit", "Dependency edit", "Size", "Verdict", "Rounds")


def _totals(plans: Sequence[Planned], measured: Mapping[str, Measured]) -> Iterable[tuple[object, ...]]:
    default = [found for key, found in measured.items() if key.endswith(" default")]
    everything = [found for key, found in measured.items() if key.endswith(" all")]
    yield "Repositories planned", len(plans)
    yield "With at least one proposal", sum(bool(plan.safe or plan.review) for plan in plans)
    yield "Changed by the default selection", sum(plan.changed for plan in plans)
    yield "With a refusal and its reason", sum(bool(plan.refusals) for plan in plans)
    found_on = sorted({f"{found.day}, {found.engine}, {found.dockwiz}" for found in measured.values()})
    yield "Measured on, with which engine and dockwiz", "; ".join(found_on) or "-"
    for name, group in (("default selection", default), ("`--all`", everything)):
        both = [found for found in group if not found.failed]
        yield f"Built before and after, {name}", len(both)
        yield f"Built before and not after, {name}", sum(found.broke for found in group)
        yield f"Verdict `different`, {name}", sum(found.verdict == "different" for found in group)


def _row(plan: Planned, found: Measured) -> tuple[object, ...]:
    times = (_pair(found.seconds.get(name)) for name in SCENARIOS)
    sizes = "-"
    if found.size:
        sizes = f"{size(found.size[0])} → {size(found.size[1])} ({change(*found.size)})"
    return (plan.entry.repository, *times, sizes, found.verdict, found.rounds)


def _pair(pair: tuple[float, float] | None) -> str:
    if pair is None:
        return "-"
    shown = f"{seconds(pair[0])} → {seconds(pair[1])}"
    return shown if max(pair) < LEAST else f"{shown} ({change(*pair)})"


def worse(found: Measured) -> tuple[str, ...]:
    """The scenarios that took longer after, and `size` where the image grew."""
    slower = [n for n, (before, after) in found.seconds.items() if after > SLOWER * before and after > before + LEAST]
    larger = ["size"] if found.size and found.size[1] > LARGER * found.size[0] else []
    return (*slower, *larger)


def _remarks(rows: Iterable[tuple[Planned, Measured]], selected: Selected, notes: Mapping[str, str]) -> Iterable[str]:
    for plan, found in rows:
        said = [f"worse: {', '.join(worse(found))}"] if worse(found) else []
        said += [*found.noted]
        note = notes.get(plan.entry.repository)
        if note:
            said.append(note)
        if said:
            yield f"- {plan.entry.repository}{' (`--all`)' if selected == 'all' else ''}: {'; '.join(said)}"


def _planned(plan: Planned) -> tuple[object, ...]:
    proposals = ", ".join((*plan.safe, *(f"{rule}?" for rule in plan.review))) or "none"
    refusals = ", ".join(dict.fromkeys(rule for rule, _ in plan.refusals)) or "none"
    return plan.entry.repository, plan.entry.path, ", ".join(plan.bases), proposals, refusals


def _unmeasured(
    rows: Iterable[tuple[Planned, Measured | None]], notes: Mapping[str, str]
) -> Iterable[tuple[object, ...]]:
    for plan, found in rows:
        if found is None:
            yield plan.entry.repository, notes.get(plan.entry.repository, "not tried")
        elif found.failed:
            why = notes.get(plan.entry.repository, "")
            yield plan.entry.repository, f"{why + ': ' if why else ''}{'; '.join(found.failed)}"
