"""Install Debian packages without the ones that they merely recommend.

What it does
: Adds `--no-install-recommends` to `apt-get install`.

Why
: Debian's packages recommend others (documentation, desktop helpers, fonts); in an image they are mostly dead weight.

When it is safe
: Never for certain: a recommended package may be what makes the program work (curl without ca-certificates reaches no
  https address, gcc without libc6-dev compiles nothing). So it waits for a review, and what is hardly ever wanted
  without its companion keeps it: those are in assets/knowledge/apt_companions.toml. A command that names packages by a
  variable, or that upgrades, is left alone; so is a file that settles recommends in apt's own settings.

Source
: docs.docker.com, "Building best practices", apt-get; Debian policy 7.2.
"""

from __future__ import annotations

from wizard.assets import knowledge
from wizard.dockerfile.document import Document, Instruction, Span
from wizard.dockerfile.editing import Edit, splice
from wizard.dockerfile.installs import Install
from wizard.dockerfile.run_editing import line_break
from wizard.inspection.division.native import bare
from wizard.inspection.steps import read_steps, unread_runs
from wizard.rules.base import Category, Proposal, Refusal, View, evidence_at, unread

ID = "apt-no-recommends"
TITLE = "Install no merely recommended Debian packages"
CATEGORY: Category = "size"

_INSTALLS = r"\bapt(?:-get)?\b[^;&|]{0,300}\binstall\b"
_SETTING = b"Install-Recommends"
_DECIDED = frozenset({"--no-install-recommends", "--install-recommends", "--install-suggests"})


def propose(view: View) -> Proposal | Refusal | None:
    """The option for every apt install that lacks it."""
    if _SETTING in b"".join(part.span.of(view.document.source) for part in view.document.instructions):
        return None
    edits: list[Edit] = []
    changed: list[Instruction] = []
    for stage in view.document.stages:
        for reading in read_steps(view.document, stage):
            lacking = [install for install in reading.installs if _lacks_it(install)]
            edits += [edit for install in lacking for edit in _edits(install, view.document)]
            changed += [reading.instruction] if lacking else []
    if not edits:
        runs = unread_runs(view.document, _INSTALLS)
        return unread(view, ID, [run for run in runs if "--no-install-recommends" not in run.argument])
    result = splice(view.document, edits)
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="review",
        why="Packages that are only recommended are installed too; most images do not need them.",
        evidence=tuple(evidence_at(view, instruction) for instruction in changed),
        edits={view.dockerfile: result.source},
        planned=result.planned,
        risk="A recommended package may be needed at run time: build it and compare.",
    )


def _lacks_it(install: Install) -> bool:
    if install.manager not in ("apt-get", "apt") or install.verb != "install" or "xargs" in install.wrappers:
        return False
    if any(word.value is None and word.text.lstrip("\"'").startswith(("$", "`")) for word in install.packages):
        return False
    options = {option.name for option in install.options}
    return bool(install.packages) and not options & _DECIDED


def _edits(install: Install, document: Document) -> list[Edit]:
    end = install.verb_word.span.end
    edits = [Edit(Span(end, end), " --no-install-recommends")]
    kept = _companions({bare((word.value or word.text).strip("\"'")) for word in install.packages}, document)
    if kept:
        last = install.packages[-1].span.end
        between = line_break(document, install.packages) or " "
        edits.append(Edit(Span(last, last), "".join(f"{between}{name}" for name in kept)))
    return edits


def _companions(names: set[str], document: Document) -> list[str]:
    """What has to be named now that it is not recommended any more."""
    kept: list[str] = []
    for entry in knowledge("apt_companions")["companion"]:
        if not names & set(entry["packages"]) or names & set(entry.get("unless", ())):
            continue
        if "when" in entry and entry["when"].encode() not in document.source:
            continue
        kept += [name for name in entry["keeps"] if name not in names and name not in kept]
    return kept
