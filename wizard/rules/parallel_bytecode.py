"""Byte-compile Python packages on all cores instead of one.

What it does
: In a build stage, `pip install` leaves the byte-code to one `python -m compileall -j 0` after the last install.

Why
: pip compiles every module that it installs, one after the other: for large packages that is more than half of its
  processor time. `compileall` writes the same files on every core.

When it is safe
: The packages go into a virtual environment that the stage makes and hands on, and that is not shipped in this stage.
  The installs are plain, all of the same user, and nothing sets where byte-code goes or that there shall be none.
  A module that does not compile is left alone, as pip leaves it. The test suites that packages bring are not compiled:
  who imports one gets it compiled then.

Source
: pip's documentation: `--no-compile`. docs.python.org: compileall, `-j`.
"""

from __future__ import annotations

import re

from wizard.dockerfile.document import Document, Span, Stage
from wizard.dockerfile.editing import Edit, insert_after, splice
from wizard.dockerfile.installs import Install
from wizard.dockerfile.stages import lineage
from wizard.dockerfile.state import environment
from wizard.dockerfile.style import style_of
from wizard.inspection.installs.environments import environment_made, is_pip_install
from wizard.inspection.steps import Reading, read_steps
from wizard.rules.base import Category, Proposal, View, evidence_at

ID = "parallel-bytecode"
TITLE = "Byte-compile Python packages on all cores"
CATEGORY: Category = "speed"

_ELSEWHERE = frozenset(
    {"--no-compile", "--compile", "-t", "--target", "--prefix", "--root", "--user", "--python", "--dry-run"}
)
"""Options of pip that decide on byte-code, or lead past the environment."""
_SETTINGS = frozenset(
    {"PIP_NO_COMPILE", "PIP_COMPILE", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_PYTHON", "PIP_DRY_RUN",
     "PIP_CONFIG_FILE", "PYTHONPYCACHEPREFIX"}
)  # fmt: skip
_HANDLED = re.compile(r"compileall|py_compile|__pycache__|\.pyc\b|\bpip\.conf\b|\bpip3?\s+config\b")
"""Somebody minds the byte-code already, or pip has settings that are not read here."""

_COMMENT = "# pip would compile the byte-code on one core; this does it on all, without the packages' own tests."


def propose(view: View) -> Proposal | None:
    """One step that compiles, for every stage that installs into an environment which a later stage copies."""
    document = view.document
    if any(_HANDLED.search(instruction.argument) for instruction in document.instructions):
        return None
    shipped = {stage.index for stage in lineage(document, document.stages[-1])} if document.stages else set()
    made = [(stage, environment_made(document, stage)) for stage in document.stages if stage.index not in shipped]
    all_installs = [(place[1], _installs(view, stage)) for stage, place in made if place is not None]
    found = [(folder, installs) for folder, installs in all_installs if installs]
    if not found:
        return None
    result = splice(document, [edit for folder, installs in found for edit in _edits(document, folder, installs)])
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="safe",
        why="pip compiles what it installs on one core, module by module.",
        evidence=tuple(evidence_at(view, reading.instruction) for _, installs in found for reading, _ in installs),
        edits={view.dockerfile: result.source},
        planned=result.planned,
        risk="The same files as pip writes, but for the packages' own tests. All of it goes into an environment "
        "made in this build.",
    )


def _installs(view: View, stage: Stage) -> list[tuple[Reading, Install]]:
    """The installs into the environment that the stage makes; none where byte-code might go another way."""
    document = view.document
    found = [(r, i) for r in read_steps(document, stage) for i in r.installs if is_pip_install(i)]
    states = [environment(document, stage, reading.instruction) for reading, _ in found]
    if len({state.user for state in states}) > 1:
        return []
    for (reading, install), state in zip(found, states, strict=True):
        if reading.role != "install" or reading.script is None or install.command not in reading.script.top:
            return []
        if install.wrappers or install.unknown or install.has(*_ELSEWHERE):
            return []
        if _SETTINGS & {*state.env, *state.args, *install.environment}:
            return []
    return found


def _edits(document: Document, folder: str, installs: list[tuple[Reading, Install]]) -> list[Edit]:
    ends = [install.verb_word.span.end for _, install in installs]
    compiling = style_of(document).instruction(
        "RUN", f"python -m compileall -qq -j 0 -x '/tests?/' {folder}/lib || true"
    )
    return [
        *(Edit(Span(end, end), " --no-compile") for end in ends),
        insert_after(document, installs[-1][0].instruction, f"{_COMMENT}\n{compiling}"),
    ]
