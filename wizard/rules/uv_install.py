"""Install Python packages with uv instead of pip: the same versions, several times faster.

What it does
: In a build stage, `pip install` becomes `uv pip install` into the same virtual environment, byte-compiled as pip does
  it. uv itself is installed in the build stage only, outside of that environment.

Why
: uv resolves, downloads and unpacks in parallel. What it saves is time: the packages are the same, and so is their
  size.

When it is safe
: The install is plain: requirements files, named packages, an index; no option that uv reads in another way (an extra
  index has priority for uv and none for pip). It waits for a review because uv's resolver may choose other versions
  where a requirement is not pinned.

Source
: docs.astral.sh/uv: "Compatibility with pip", "Using uv in Docker".
"""

from __future__ import annotations

from collections.abc import Iterator

from wizard.dockerfile.document import Span, Stage
from wizard.dockerfile.editing import Edit, insert_before, splice
from wizard.dockerfile.installs import Install
from wizard.dockerfile.stages import base_stage
from wizard.dockerfile.style import style_of
from wizard.inspection.ecosystems.requirements import parse_requirements
from wizard.inspection.pip_installs import manifests_of
from wizard.inspection.steps import Reading, read_steps
from wizard.rules.base import Category, Proposal, Refusal, View, evidence_at

ID = "uv-install"
TITLE = "Install Python packages with uv"
CATEGORY: Category = "speed"

_SAME = frozenset(
    {"-r", "--requirement", "-c", "--constraint", "-i", "--index-url", "--no-deps", "--no-binary", "--only-binary",
     "--no-cache-dir", "--trusted-host", "-U", "--upgrade", "--require-hashes", "--no-build-isolation", "-q", "--quiet", "--pre"}
)  # fmt: skip
"""Options that mean the same to both."""
_MEANINGLESS = frozenset({"--disable-pip-version-check", "--root-user-action", "--no-input", "--progress-bar"})
"""Options of pip that change nothing about what is installed; uv does not have them."""


def propose(view: View) -> Proposal | Refusal | None:
    """uv for every stage that installs into a virtual environment which a later stage copies."""
    document = view.document
    found: list[tuple[Stage, list[tuple[Reading, Install]]]] = []
    for stage in document.stages:
        installs = [(r, i) for r in read_steps(document, stage) for i in r.installs if _is_plain_pip(i)]
        if not installs:
            continue
        problem = _problem(view, stage, installs)
        if problem is not None:
            return Refusal(ID, problem, (evidence_at(view, installs[0][0].instruction),))
        found.append((stage, installs))
    if not found:
        return None
    edits = [edit for stage, installs in found for edit in _edits(view, stage, installs)]
    pinned = all(_pinned(view, stage, reading) for stage, installs in found for reading, _ in installs)
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="review",
        why="pip downloads and unpacks one package after the other; uv does it in parallel.",
        evidence=tuple(evidence_at(view, reading.instruction) for _, installs in found for reading, _ in installs),
        edits={view.dockerfile: splice(document, edits).source},
        risk="The same versions where they are pinned"
        + (
            "; here all direct requirements are."
            if pinned
            else "; here not all direct requirements are, so uv may choose others."
        ),
    )


def _is_plain_pip(install: Install) -> bool:
    """A `pip install` of packages; upgrading pip itself is left alone."""
    if install.manager != "pip" or install.verb != "install":
        return False
    names = {
        (word.value or word.text).partition("=")[0].partition(">")[0].partition("<")[0] for word in install.packages
    }
    return bool(install.requirement_files) or not names <= {"pip", "setuptools", "wheel"}


def _problem(view: View, stage: Stage, installs: list[tuple[Reading, Install]]) -> str | None:
    document = view.document
    line = f"line {installs[0][0].instruction.start_line}"
    current: Stage | None = document.stages[-1]
    while current is not None and current is not stage:
        current = base_stage(document, current)
    if current is stage:
        return f"{line}: the install runs in the stage that is shipped, where uv would stay (split-stages lifts this)"
    if _environment(stage) is None:
        return f"{line}: the install does not go into a virtual environment that this stage makes"
    for reading, install in installs:
        place = f"line {reading.instruction.start_line}"
        if reading.role == "unknown" or reading.script is None or install.command not in reading.script.top:
            return f"{place}: the step is more than a plain list of commands"
        if install.wrappers or install.paths or install.unknown:
            return f"{place}: the install is not a plain one"
        odd = next((o.name for o in install.options if o.name not in _SAME | _MEANINGLESS), None)
        if odd is not None:
            return f"{place}: uv reads {odd} in another way, or not at all"
        manifests = manifests_of(view.workspace, document, stage, reading)
        if manifests.because is not None:
            return f"{place}: {manifests.because}"
        for manifest in manifests.found:
            file = parse_requirements(view.workspace.read(manifest.path), manifest.path)
            extra = next((line for line in file.indexes if line.option in ("--extra-index-url", "--find-links")), None)
            if extra is not None:
                return f"{manifest.path}:{extra.line}: uv gives {extra.option} a priority that pip does not give it"
    return None


def _environment(stage: Stage) -> str | None:
    """The virtual environment that a step of this stage makes and ENV PATH puts first."""
    for instruction in stage.instructions:
        words = instruction.argument.split()
        if instruction.keyword == "RUN" and words[1:3] == ["-m", "venv"] and len(words) == 4:
            folder = words[3]
            if any(i.keyword == "ENV" and f"{folder}/bin:$PATH" in i.argument for i in stage.instructions):
                return folder
    return None


def _edits(view: View, stage: Stage, installs: list[tuple[Reading, Install]]) -> Iterator[Edit]:
    document = view.document
    style = style_of(document)
    folder = _environment(stage)
    assert folder is not None
    makes = next(i for i in stage.instructions if i.keyword == "RUN" and f"-m venv {folder}" in i.argument)
    # Before the environment exists, pip installs uv into the build stage's own Python, which is not copied.
    yield insert_before(document, makes, style.instruction("RUN", "pip install uv"))
    for _, install in installs:
        words = install.command.words
        head = next(n for n, word in enumerate(words) if word.span == install.verb_word.span)
        dropped = {word.span for option in install.options if option.name in _MEANINGLESS for word in option.words}
        yield Edit(
            Span(words[0].span.start, words[head].span.end),
            f"uv pip install --python {folder} --compile-bytecode --link-mode copy",
        )
        for word in words[head + 1 :]:
            if word.span in dropped:
                yield Edit(Span(word.span.start - 1, word.span.end), "")


def _pinned(view: View, stage: Stage, reading: Reading) -> bool:
    manifests = manifests_of(view.workspace, view.document, stage, reading).found
    return all(
        requirement.version is not None
        for manifest in manifests
        for requirement in parse_requirements(view.workspace.read(manifest.path), manifest.path).requirements
    )
