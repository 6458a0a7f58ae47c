"""Install Python packages with uv instead of pip: the same versions, several times faster.

What it does
: In a build stage, `pip install` becomes `uv pip install` into the same virtual environment, byte-compiled as pip does
  it. uv itself is installed in the build stage only, outside of that environment.

Why
: uv resolves, downloads and unpacks in parallel. What it saves is time: the packages are the same, and so is their
  size.

When it is safe
: The stage stands on an official Python image, makes a virtual environment and is not shipped. The install is plain:
  requirements files, named packages, an index; no option, line or setting that uv reads in another way or not at all
  (an extra index has priority for uv and none for pip; uv reads neither PIP_ variables nor pip.conf). It waits for a
  review because uv's resolver may choose other versions where a requirement is not pinned, and because uv builds every
  package from source in an environment of its own, where pip used what is there for old ones. Of an install in the
  stage that is shipped the rule says nothing: uv would stay in the image. split-stages makes a build stage of it first.

Source
: docs.astral.sh/uv: "Compatibility with pip", "Using uv in Docker".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from wizard.assets import knowledge
from wizard.dockerfile.document import Instruction, Span, Stage
from wizard.dockerfile.editing import Edit, insert_before, remove_spans, splice
from wizard.dockerfile.installs import Install
from wizard.dockerfile.stages import base_image, lineage
from wizard.dockerfile.state import environment
from wizard.dockerfile.style import style_of
from wizard.inspection.ecosystems.python import python_version
from wizard.inspection.ecosystems.requirements import parse_requirements
from wizard.inspection.installs.environments import environment_made, is_pip_install
from wizard.inspection.installs.pip import manifests_of
from wizard.inspection.places import line_at, place_at
from wizard.inspection.steps import Reading, read_steps, unread_runs
from wizard.rules.base import Category, Proposal, Refusal, View, evidence_at, unread

ID = "uv-install"
TITLE = "Install Python packages with uv"
CATEGORY: Category = "speed"

_INSTALLS = r"\bpip3?\b[^;&|]{0,300}\binstall\b"
_SAME = frozenset(
    {"-r", "--requirement", "-c", "--constraint", "-i", "--index-url", "--no-deps", "--no-binary", "--only-binary",
     "--no-cache-dir", "--trusted-host", "-U", "--upgrade", "--require-hashes", "--no-build-isolation", "-q",
     "--quiet", "--pre"}
)  # fmt: skip
"""Options that mean the same to both."""
_MEANINGLESS = frozenset(
    {"--disable-pip-version-check", "--root-user-action", "--no-input", "--progress-bar", "--use-pep517",
     "--no-warn-script-location", "--timeout", "--default-timeout", "--retries", "--no-compile"}
)  # fmt: skip
"""Options of pip that change nothing about what is installed, or are uv's default; uv does not have them."""
_HARMLESS_SETTINGS = frozenset(
    {"PIP_NO_CACHE_DIR", "PIP_DISABLE_PIP_VERSION_CHECK", "PIP_DEFAULT_TIMEOUT", "PIP_ROOT_USER_ACTION", "PIP_NO_INPUT",
     "PIP_PROGRESS_BAR", "PIP_CACHE_DIR", "PIP_RETRIES", "PIP_TIMEOUT", "PIP_NO_COLOR", "PIP_QUIET", "PIP_VERSION"}
)  # fmt: skip
_SAME_LINES = frozenset({"--index-url", "--no-binary", "--only-binary", "--pre", "--require-hashes", "--trusted-host"})
_PIP_CONF = re.compile(r"\bpip\.(?:conf|ini)\b|\bpip3?\s+config\b")
_PYTHON_IMAGE = re.compile(r"(?:[\w./:-]+/)?python(?::[\w.-]+)?(?:@sha256:[0-9a-f]+)?\Z")


class _InStage(NamedTuple):
    """The installs of a build stage, and the virtual environment that they go into."""

    stage: Stage
    makes: Instruction
    folder: str
    installs: list[tuple[Reading, Install]]


def propose(view: View) -> Proposal | Refusal | None:
    """uv for every stage that installs into a virtual environment which a later stage copies."""
    document = view.document
    found: list[_InStage] = []
    shipped = lineage(document, document.stages[-1])
    for stage in document.stages:
        if stage in shipped:
            continue
        installs = [(r, i) for r in read_steps(document, stage) for i in r.installs if is_pip_install(i)]
        if not installs:
            continue
        made = environment_made(document, stage)
        evidence = (evidence_at(view, installs[-1][0].instruction),)
        if made is None:
            return Refusal(ID, _no_environment(installs), evidence)
        problem = _problem(view, stage, made[0], installs)
        if problem is not None:
            return Refusal(ID, problem, evidence)
        found.append(_InStage(stage, *made, installs))
    if not found:
        unseen = [run for run in unread_runs(document, _INSTALLS) if document.stage_of(run) not in shipped]
        return unread(view, ID, unseen)
    edits = [edit for one in found for edit in _edits(view, one)]
    pinned = all(_pinned(view, one.stage, *install) for one in found for install in one.installs)
    result = splice(document, edits)
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="review",
        why="pip downloads and unpacks one package after the other; uv does it in parallel.",
        evidence=tuple(evidence_at(view, reading.instruction) for one in found for reading, _ in one.installs),
        edits={view.dockerfile: result.source},
        planned=result.planned,
        risk="The same versions where they are pinned"
        + (
            "; here all direct requirements are."
            if pinned
            else "; here not all direct requirements are, so uv may choose others."
        ),
    )


def _no_environment(installs: list[tuple[Reading, Install]]) -> str:
    line = line_at(installs[-1][0].instruction.start_line)
    return (
        f"{line}: the install does not go into a virtual environment that this stage makes, and uv would install beside"
        " itself (a step `python -m venv /opt/venv` and `ENV PATH=/opt/venv/bin:$PATH` above it make one)"
    )


def _problem(view: View, stage: Stage, makes: Instruction, installs: list[tuple[Reading, Install]]) -> str | None:
    document = view.document
    line = line_at(installs[-1][0].instruction.start_line)
    if not _PYTHON_IMAGE.match(base_image(document, stage)):
        return (
            f"{line}: {base_image(document, stage)} is not the official Python image, which brings pip to get uv with"
        )
    if not environment(document, stage, makes).is_root:
        return f"{line_at(makes.start_line)}: the stage does not run as root, and uv would not be found"
    settings = next((i for i in document.instructions if _PIP_CONF.search(i.argument)), None)
    if settings is not None:
        return f"{line_at(settings.start_line)}: pip has settings of its own, which uv does not read"
    for reading, install in installs:
        problem = _problem_of(view, stage, reading, install)
        if problem is not None:
            return problem
    return None


def _problem_of(view: View, stage: Stage, reading: Reading, install: Install) -> str | None:
    place = line_at(reading.instruction.start_line)
    if reading.role == "unknown" or reading.script is None or install.command not in reading.script.top:
        return f"{place}: the step is more than a plain list of commands"
    if install.wrappers or install.paths or install.unknown:
        return f"{place}: the install is not a plain one"
    odd = next((o.name for o in install.options if o.name not in _SAME | _MEANINGLESS), None)
    if odd is not None:
        return f"{place}: uv reads {odd} in another way, or not at all"
    state = environment(view.document, stage, reading.instruction)
    setting = next(
        (name for name in (*state.env, *state.args, *install.environment)
         if name.startswith("PIP_") and name not in _HARMLESS_SETTINGS), None,
    )  # fmt: skip
    if setting is not None:
        return f"{place}: uv does not read {setting}"
    manifests = manifests_of(view.workspace, view.document, stage, reading)
    if manifests.because is not None:
        return f"{place}: {manifests.because}"
    for manifest in manifests.found:
        for line in parse_requirements(view.workspace.read(manifest.path), manifest.path).lines:
            if line.kind in ("index", "option") and line.option not in _SAME_LINES:
                return f"{place_at(manifest.path, line.line)}: uv reads {line.option} in another way, or not at all"
            if line.requirement is not None and line.requirement.editable:
                return f"{place_at(manifest.path, line.line)}: uv does not install from version control as editable"
    return None


def _edits(view: View, at: _InStage) -> Iterator[Edit]:
    document = view.document
    # Before the environment exists, pip installs uv into the build stage's own Python, which is not copied.
    step = f"pip install {_uv(python_version(document, at.stage))}"
    yield insert_before(document, at.makes, style_of(document).instruction("RUN", step))
    for reading, install in at.installs:
        words = install.command.words
        compiling = "" if install.has("--no-compile") else " --compile-bytecode"
        yield Edit(
            Span(words[0].span.start, install.verb_word.span.end),
            f"uv pip install --python {at.folder}{compiling} --link-mode copy",
        )
        dropped = [word.span for option in install.options if option.name in _MEANINGLESS for word in option.words]
        yield from remove_spans(document, reading.instruction, dropped)


def _uv(python: tuple[int, int] | None) -> str:
    """What pip is to install: the version that is known, where this Python can have it."""
    known = next(tool for tool in knowledge("tools")["tool"] if tool["name"] == "uv")
    return f"uv=={known['version']}" if python is not None and python >= tuple(known["python"]) else "uv"


def _pinned(view: View, stage: Stage, reading: Reading, install: Install) -> bool:
    """Whether every package that the install names has one version."""
    manifests = manifests_of(view.workspace, view.document, stage, reading).found
    texts = [(view.workspace.read(manifest.path), manifest.path) for manifest in manifests]
    texts += [((word.value or "").encode(), view.dockerfile) for word in install.packages]
    asked = [r for text, path in texts for r in parse_requirements(text, path).requirements]
    # A package may be named in one place and have its version in another, as in the copy for the CPU build of torch.
    pinned = {r.name for r in asked if r.version is not None}
    return all(r.version is not None or (r.name is not None and r.name in pinned) for r in asked)
