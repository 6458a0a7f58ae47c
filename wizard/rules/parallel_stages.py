"""Let stages that do not need each other be built at the same time.

What it does
: A build stage that stands on a stage of run-time packages, and needs none of them, is put on that stage's own base
  image. The settings that it inherited (ENV, ARG, WORKDIR, SHELL) are repeated.

Why
: BuildKit runs independent stages side by side. While one stage installs the run-time packages, the other can compile.

When it is safe
: Everything that the lower stage installs is known to be of use at run time only, so that no build can have needed it;
  the lower stage does nothing else but install, and holds no files.

Source
: BuildKit's documentation: independent stages of the graph are solved concurrently.
"""

from __future__ import annotations

from wizard.dockerfile.arguments import decode
from wizard.dockerfile.document import Instruction, Stage
from wizard.dockerfile.editing import Edit, insert_after, splice
from wizard.dockerfile.stages import base_stage, dependencies, reachable
from wizard.dockerfile.state import environment
from wizard.inspection.native import Catalogue, catalogue
from wizard.inspection.steps import APT, Reading, read_steps
from wizard.rules.base import Category, Proposal, Refusal, View, evidence_at

ID = "parallel-stages"
TITLE = "Build independent stages at the same time"
CATEGORY: Category = "speed"

_REPEATED = frozenset({"ENV", "ARG", "WORKDIR", "SHELL"})
_INHERITED_ONLY = frozenset({"LABEL", "EXPOSE", "CMD", "ENTRYPOINT", "HEALTHCHECK", "STOPSIGNAL", "MAINTAINER"})


def propose(view: View) -> Proposal | Refusal | None:
    """A new base for each build stage that only waits for run-time packages."""
    document = view.document
    if len(document.stages) < 2:
        return None
    tables = catalogue()
    last = document.stages[-1]
    needed = reachable(document, last)
    for stage in document.stages:
        lower = base_stage(document, stage)
        if lower is None or stage is last or stage.index not in needed or not _also_under(view, lower, stage, last):
            continue
        problem = _problem(view, tables, lower)
        here = (evidence_at(view, stage.instructions[0]),)
        if problem is not None:
            return Refusal(ID, problem, here)
        return Proposal(
            rule=ID,
            title=TITLE,
            category=CATEGORY,
            safety="safe",
            why=f"The stage {stage.buildkit_name} waits until {lower.buildkit_name} has installed packages that no build "
            "needs.",
            evidence=here,
            edits={view.dockerfile: splice(document, _edits(view, stage, lower)).source},
            risk=f"Checked: every package of {lower.buildkit_name} is of use at run time only.",
        )
    return None


def _also_under(view: View, lower: Stage, stage: Stage, last: Stage) -> bool:
    """Whether the last stage stands on `lower` and copies from what stands on `stage`: two ways, side by side."""
    document = view.document
    below: Stage | None = last
    while below is not None and below is not lower:
        below = base_stage(document, below)
    copied = any(
        stage.index in reachable(document, other) for other in dependencies(document, last) if other is not lower
    )
    return below is lower and copied


def _problem(view: View, tables: Catalogue, lower: Stage) -> str | None:
    """What a build stage might need of the lower one."""
    installs = False
    for reading in read_steps(view.document, lower)[1:]:
        instruction = reading.instruction
        line = f"line {instruction.start_line}"
        if instruction.keyword in _REPEATED | _INHERITED_ONLY:
            continue
        if reading.role != "install" or not reading.managers <= APT:
            return f"{line}: {lower.buildkit_name} does more than install Debian packages, and a build may need it"
        unknown = _not_run_time(tables, reading)
        if unknown is not None:
            return f"{line}: whether a build needs {unknown} is not known"
        installs = True
    return None if installs else f"{lower.buildkit_name} installs nothing that a build would wait for"


def _not_run_time(tables: Catalogue, reading: Reading) -> str | None:
    """A package that is of use to a build, or that the catalogue does not know."""
    for install in reading.installs:
        for word in install.packages:
            name = word.value or word.text
            if name.startswith(("lib", "tesseract-ocr-", "fonts-", "ttf-")) and tables.purpose(name) != "build":
                continue
            if tables.purpose(name) != "either" or name in _BUILD_TOOLS:
                return name
    return None


_BUILD_TOOLS = frozenset(
    {"git", "nodejs", "npm", "mercurial", "subversion", "unzip", "bzip2", "xz-utils", "zip", "patch", "perl",
     "python3-pip",
     "python3-setuptools", "python3-wheel", "python3-venv", "make", "gettext"}
)  # fmt: skip
"""Packages that serve at run time too, and that builds call."""


def _edits(view: View, stage: Stage, lower: Stage) -> list[Edit]:
    document = view.document
    first, origin = stage.instructions[0], lower.instructions[0]
    edits = [Edit(first.words[0].span, lower.base)]
    platform = next((flag for flag in origin.flags if flag.name == "platform"), None)
    if platform is not None:
        edits.append(Edit(first.words[0].span, f"{decode(platform.span.of(document.source))} {lower.base}"))
        del edits[0]
    text = "".join(_line(view, instruction) for instruction in lower.instructions if _is_repeated(view, instruction))
    if text:
        edits.append(insert_after(document, first, text))
    return edits


def _is_repeated(view: View, instruction: Instruction) -> bool:
    """ENV, ARG and SHELL always; of several WORKDIRs the one that counts."""
    if instruction.keyword != "WORKDIR":
        return instruction.keyword in _REPEATED
    lower = view.document.stage_of(instruction)
    assert lower is not None
    after = [i for i in lower.instructions if i.keyword == "WORKDIR" and i.index > instruction.index]
    return not after or environment(view.document, lower, after[-1]).workdir is None


def _line(view: View, instruction: Instruction) -> str:
    text = decode(instruction.span.of(view.document.source))
    return text if text.endswith("\n") else text + view.document.newline
