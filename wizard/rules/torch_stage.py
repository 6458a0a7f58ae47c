"""Install PyTorch while the compilers are installed, not after them.

What it does
: In a build that installs compilers in one stage and Python packages in the next, the step that installs PyTorch from
  an index of wheels gets a stage of its own, on the image below the compilers. The stage of the Python packages starts
  with the virtual environment from there.

Why
: A wheel needs no compiler. BuildKit runs stages that do not need each other side by side: PyTorch's wheel (around
  200 MB) is downloaded, unpacked and byte-compiled while apt installs the compilers.

When it is safe
: The stage begins with a virtual environment (`python -m venv` and PATH) and the install of PyTorch's family alone,
  with `--no-deps`, from an index of its own, which holds wheels only. The stage below is not shipped and does nothing
  but install Debian packages, as root, on an official Python image; its settings (ENV, ARG, WORKDIR, SHELL) are
  repeated. No stage is named by its number. The files, their owners, modes and times are the same: COPY keeps them.
  It waits for a review because the build gets one stage more to understand, and the builder keeps the files twice.

Source
: BuildKit's documentation: independent stages of the graph are solved concurrently. Python's documentation of venv: an
  environment keeps its absolute path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from wizard.assets import knowledge
from wizard.dockerfile.arguments import decode
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.editing import Edit, insert_after, replace, splice
from wizard.dockerfile.repeating import REPEATED, repeated, settings_of
from wizard.dockerfile.stages import base_image, base_stage, find_stage, lineage, references
from wizard.dockerfile.state import environment
from wizard.dockerfile.style import style_of
from wizard.inspection.division.lower_stage import more_than_packages
from wizard.inspection.gpu.torch_pulls import is_family_install
from wizard.inspection.image_names import name_parts
from wizard.inspection.installs.environments import environment_made
from wizard.inspection.places import line_at
from wizard.inspection.steps import APT, Reading, read_steps
from wizard.rules.base import Category, Proposal, Refusal, View, evidence_at

ID = "torch-stage"
TITLE = "Install PyTorch while the compilers are installed"
CATEGORY: Category = "speed"

_NAME = "torch-deps"


class _Beginning(NamedTuple):
    """What a stage starts with, up to the install of PyTorch, and what stands below it."""

    stage: Stage
    lower: Stage
    folder: str
    """Of the virtual environment."""
    last: Reading
    """The step that installs PyTorch."""

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        return tuple(i for i in self.stage.instructions[1:] if i.index <= self.last.instruction.index)


def propose(view: View) -> Proposal | Refusal | None:
    """A stage for PyTorch, beside the one with the compilers."""
    document = view.document
    if not document.stages:
        return None
    table = knowledge("gpu_packages")["torch"]
    shipped = lineage(document, document.stages[-1])
    found = next(
        (one for stage in document.stages if stage not in shipped and (one := _beginning(document, stage, table))), None
    )
    if found is None or found.lower in shipped:
        return None
    because = _problem(document, found)
    if because is not None:
        return Refusal(ID, because, (evidence_at(view, found.last.instruction),))
    result = splice(document, _edits(document, found))
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="review",
        why=f"The install of PyTorch waits until {found.lower.buildkit_name} has its compilers, and needs none.",
        evidence=(
            evidence_at(view, found.last.instruction),
            *(evidence_at(view, reading.instruction) for reading in _apt_steps(document, found.lower)),
        ),
        edits={view.dockerfile: result.source},
        planned=result.planned,
        risk="Only wheels are installed in the new stage; the environment is copied from there as it is. The build has "
        "one stage more.",
    )


def _beginning(document: Document, stage: Stage, table: Mapping[str, Any]) -> _Beginning | None:
    """The steps of PyTorch, where the stage stands on one that takes its time and goes on with other installs."""
    lower, made = base_stage(document, stage), environment_made(document, stage)
    if lower is None or made is None or made[0].keyword != "RUN" or not _apt_steps(document, lower):
        return None
    steps = read_steps(document, stage)
    last = next((r for r in reversed(steps) if any(is_family_install(i, table) for i in r.installs)), None)
    rest = steps if last is None else [r for r in steps if r.instruction.index > last.instruction.index]
    if last is None or not any(r.installs for r in rest):
        return None
    return _Beginning(stage, lower, made[1], last)


def _apt_steps(document: Document, stage: Stage) -> list[Reading]:
    return [reading for reading in read_steps(document, stage) if reading.installs and reading.managers <= APT]


def _problem(document: Document, found: _Beginning) -> str | None:
    """Why the steps cannot stand on the image below the compilers."""
    table = knowledge("gpu_packages")["torch"]
    makes = environment_made(document, found.stage)
    if not environment(document, found.stage, found.last.instruction).is_root:
        return f"{line_at(found.last.instruction.start_line)}: the install does not run as root"
    for reading in read_steps(document, found.stage)[1:]:
        instruction = reading.instruction
        if instruction.index > found.last.instruction.index:
            break
        line = line_at(instruction.start_line)
        if instruction.keyword in REPEATED or (makes is not None and instruction is makes[0]):
            continue
        alone = reading.script is not None and len(reading.script.commands) == len(reading.installs) == 1
        if not alone or not is_family_install(reading.installs[0], table):
            return f"{line}: this step stands above the install of PyTorch, and may need the compilers"
        if not reading.installs[0].has("--no-deps"):
            return f"{line}: without --no-deps the install may bring packages that have to be compiled"
        if reading.installs[0].has("--extra-index-url", "--find-links", "-f", "--no-binary", "--index"):
            return f"{line}: the install takes packages from elsewhere too, which may have to be compiled"
    more = more_than_packages(document, found.lower)
    if more is not None:
        return f"{line_at(more.start_line)}: {found.lower.buildkit_name} does more than install Debian packages"
    line = line_at(found.stage.instructions[0].start_line)
    if name_parts(base_image(document, found.lower))[0] != "python":
        return f"{line}: {base_image(document, found.lower)} is not the official Python image"
    number = next((i for i in document.instructions if any(r.isdigit() for r in references(i))), None)
    if number is not None:
        return f"{line_at(number.start_line)}: a stage is named by its number, which a new stage would change"
    if found.stage.instructions[0].flags:
        return f"{line}: the stage names a platform of its own"
    if find_stage(document, _NAME) is not None:
        return f"{line}: there is a stage {_NAME} already"
    return None


def _edits(document: Document, found: _Beginning) -> Iterator[Edit]:
    style = style_of(document)
    first, origin = found.stage.instructions[0], found.lower.instructions[0]
    platform = next((flag for flag in origin.flags if flag.name == "platform"), None)
    written = f"{decode(platform.span.of(document.source))} " if platform is not None else ""
    yield replace(first, f"{written}{found.lower.base} {style.keyword('AS')} {_NAME}")
    below = settings_of(document, found.lower)
    if below:
        yield insert_after(document, first, below)
    between = [instruction for instruction in found.instructions if instruction.keyword in REPEATED]
    yield insert_after(
        document,
        found.last.instruction,
        f"\n# Of the other packages some may have to be compiled.\n{repeated(document, first)}"
        + style.instruction("COPY", f"{found.folder} {found.folder}", (f"--from={_NAME}",))
        + "\n"
        + "".join(repeated(document, instruction) for instruction in between),
    )
