"""Install Debian packages without the ones that they merely recommend.

What it does
: Adds `--no-install-recommends` to `apt-get install`.

Why
: Debian's packages recommend others (documentation, desktop helpers, fonts); in an image they are mostly dead weight.

When it is safe
: Never for certain: a recommended package may be what makes the program work (curl without ca-certificates reaches no
  https address). So it waits for a review; ca-certificates is kept where curl, wget or git is installed.

Source
: docs.docker.com, "Building best practices", apt-get; Debian policy 7.2.
"""

from __future__ import annotations

from wizard.dockerfile.document import Span
from wizard.dockerfile.editing import Edit, splice
from wizard.dockerfile.installs import Install
from wizard.inspection.steps import APT, read_steps
from wizard.inspection.values import Evidence
from wizard.rules.base import Category, Proposal, Refusal, View

ID = "apt-no-recommends"
TITLE = "Install no merely recommended Debian packages"
CATEGORY: Category = "size"

_NEEDS_CERTIFICATES = frozenset({"curl", "wget", "git"})


def propose(view: View) -> Proposal | Refusal | None:
    """The option for every apt install that lacks it."""
    edits: list[Edit] = []
    evidence: list[Evidence] = []
    for stage in view.document.stages:
        for reading in read_steps(view.document, stage):
            for install in reading.installs:
                if _lacks_it(install):
                    edits += _edits(install)
                    text = f"RUN {reading.instruction.argument}"[:200]
                    evidence.append(Evidence(view.dockerfile, reading.instruction.start_line, text))
    if not edits:
        return None
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="review",
        why="Packages that are only recommended are installed too; most images do not need them.",
        evidence=tuple(dict.fromkeys(evidence)),
        edits={view.dockerfile: splice(view.document, edits).source},
        risk="A recommended package may be needed at run time: build it and compare.",
    )


def _lacks_it(install: Install) -> bool:
    if install.manager not in APT or install.verb != "install" or not install.packages:
        return False
    options = {option.name for option in install.options}
    settings = {option.value for option in install.options if option.name in ("-o", "--option")}
    return not options & {"--no-install-recommends", "--install-recommends", "--install-suggests"} and not any(
        value and "Recommends" in value for value in settings
    )


def _edits(install: Install) -> list[Edit]:
    end = install.verb_word.span.end
    edits = [Edit(Span(end, end), " --no-install-recommends")]
    names = {word.value for word in install.packages}
    if names & _NEEDS_CERTIFICATES and "ca-certificates" not in names:
        last = install.packages[-1].span.end
        edits.append(Edit(Span(last, last), " ca-certificates"))
    return edits
