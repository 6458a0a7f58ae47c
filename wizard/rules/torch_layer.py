"""Ship PyTorch in a layer of its own.

What it does
: The stage that installs PyTorch moves its folder out of the virtual environment; the image gets it back in a COPY of
  its own, beside the COPY of the environment.

Why
: PyTorch is most of such an image, and changes least. In a layer of its own it stays when another package is added: it
  is not copied, compressed, pushed and pulled again. On a first build the two layers are copied and compressed side by
  side.

When it is safe
: PyTorch is installed in a stage of its own and pinned, to the same version wherever it is asked for, so that no other
  install replaces it. What the other stage does afterwards needs PyTorch's metadata only, which stays: installs by pip
  or uv of packages that are known not to be built against PyTorch, with no option that installs anew or builds without
  isolation, and the byte-compilation. The image's Python version is known, and only the last stage copies the
  environment. The files of the image are the same. It waits for a review because a step that is added later, and
  imports PyTorch while the image is built, would not find it.

Source
: docs.docker.com, "Optimize cache usage in builds"; PyPA, "Recording installed projects" (an installer knows a package
  by its `.dist-info` folder).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from wizard.assets import knowledge
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.editing import Edit, insert_after, insert_before, splice
from wizard.dockerfile.repeating import REPEATED
from wizard.dockerfile.stages import base_image, find_stage, references
from wizard.dockerfile.style import style_of
from wizard.inspection.division.debian import needs_of
from wizard.inspection.division.native import catalogue
from wizard.inspection.ecosystems.python import python_version
from wizard.inspection.ecosystems.requirements import Requirement, parse_requirements
from wizard.inspection.gpu.torch_pulls import is_family_install, package_name
from wizard.inspection.image_names import Release, name_parts, release_of
from wizard.inspection.installs.environments import environment_begun, environment_made
from wizard.inspection.installs.pip import manifests_of
from wizard.inspection.places import line_at
from wizard.inspection.steps import Reading, read_steps
from wizard.rules.base import Category, Proposal, Refusal, View, evidence_at

ID = "torch-layer"
TITLE = "Ship PyTorch in a layer of its own"
CATEGORY: Category = "speed"

_PLACE = "/opt/torch"
_COMPILES = re.compile(r"python[0-9.]* -m compileall [\w\s./'?()|*-]+(?:\|\| true)?\Z")
_ANEW = frozenset(
    {"--force-reinstall", "-I", "--ignore-installed", "--reinstall", "--reinstall-package", "--no-build-isolation",
     "--no-build-isolation-package", "-U", "--upgrade", "-P", "--upgrade-package", "--exact", "-t", "--target",
     "--prefix", "--root"}
)  # fmt: skip
"""Options with which an install does not go by what is there, or builds beside it."""


class _Stages(NamedTuple):
    """Where PyTorch is installed, where the others are, and what ships them."""

    torch: Stage
    others: Stage
    folder: str
    """Of the virtual environment."""
    ships: Instruction
    """The COPY of the environment in the last stage."""


def propose(view: View) -> Proposal | Refusal | None:
    """A COPY of its own for PyTorch's folder."""
    document = view.document
    found = _stages(document)
    if found is None or any(_PLACE in instruction.argument for instruction in found.torch.instructions):
        return None
    because = _problem(view, found)
    if because is not None:
        return Refusal(ID, because, (evidence_at(view, found.ships),))
    result = splice(document, _edits(document, found))
    step = next(reading for reading in read_steps(document, found.torch) if _installs_torch(reading))
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="review",
        why="Whatever package is added, the whole environment is copied, compressed and sent again, PyTorch with it.",
        evidence=(evidence_at(view, step.instruction), evidence_at(view, found.ships)),
        edits={view.dockerfile: result.source},
        planned=result.planned,
        risk="The other installs read PyTorch's metadata only, and that stays where they look. The files of the image "
        "are the same. A build step that imports PyTorch, should one be added, has to stand in the last stage.",
    )


def _stages(document: Document) -> _Stages | None:
    """The stages, where the last one copies an environment that was begun in a stage with PyTorch alone."""
    if len(document.stages) < 3:
        return None
    for copy in document.stages[-1].instructions:
        words = [word.text for word in copy.words] if copy.keyword == "COPY" else []
        if len(words) != 2 or words[0] != words[1] or [flag.name for flag in copy.flags] != ["from"]:
            continue
        others = find_stage(document, copy.flag("from") or "")
        made = environment_made(document, others) if others is not None else None
        torch = environment_begun(document, others) if others is not None else None
        if others is None or torch is None or made is None or made[1] != words[0]:
            continue
        if any(_installs_torch(reading) for reading in read_steps(document, torch)):
            return _Stages(torch, others, made[1], copy)
    return None


def _installs_torch(reading: Reading) -> bool:
    table = knowledge("gpu_packages")["torch"]
    return any(
        is_family_install(install, table) and any(package_name(word.value) == "torch" for word in install.packages)
        for install in reading.installs
    )


def _problem(view: View, found: _Stages) -> str | None:
    document = view.document
    base = base_image(document, found.torch)
    if name_parts(base)[0] != "python" or python_version(document, found.torch) is None:
        return f"{line_at(found.torch.instructions[0].start_line)}: {base} does not tell Python's version"
    made = environment_made(document, found.others)
    for stage, allowed in ((found.torch, made[0] if made else None), (found.others, found.ships)):
        other = _other_use(document, stage, allowed)
        if other is not None:
            return f"{line_at(other.start_line)}: this step reads the environment too"
    return next(
        filter(None, (_odd_step(view, found, reading) for reading in _steps_after(document, found))), None
    ) or _odd_package(view, found)


def _other_use(document: Document, stage: Stage, allowed: Instruction | None) -> Instruction | None:
    """An instruction that reads the stage's files besides those that are known to."""
    for instruction in document.instructions:
        if instruction is allowed:
            continue
        if any(find_stage(document, reference) is stage for reference in references(instruction)):
            return instruction
        if instruction.keyword == "FROM" and (stage.name or "").lower() == instruction.words[0].text.lower():
            return instruction
    return None


def _steps_after(document: Document, found: _Stages) -> Iterator[Reading]:
    """The steps that run with PyTorch's folder away; byte-code in PyTorch's own stage is compiled before."""
    yield from read_steps(document, found.others)[1:]
    torch = read_steps(document, found.torch)
    last = max(number for number, reading in enumerate(torch) if _installs_torch(reading))
    yield from torch[last + 1 :]


def _odd_step(view: View, found: _Stages, reading: Reading) -> str | None:
    """Why a step might need PyTorch itself, or bring another one."""
    instruction = reading.instruction
    line = line_at(instruction.start_line)
    made = environment_made(view.document, found.others)
    if instruction.keyword in REPEATED or (made is not None and instruction is made[0]):
        return None
    if instruction.keyword == "COPY" and not references(instruction):
        return None
    if instruction.keyword == "RUN" and _COMPILES.match(instruction.argument):
        return None
    if reading.role != "install" or not reading.managers <= {"pip", "uv"}:
        return f"{line}: whether this step needs PyTorch is not known"
    for install in reading.installs:
        anew = next((option.name for option in install.options if option.name in _ANEW), None)
        if anew is not None or install.unknown or install.wrappers:
            return (
                f"{line}: with {anew or 'what it is called with'} the install may not go by the PyTorch that is there"
            )
    return None


def _odd_package(view: View, found: _Stages) -> str | None:
    """A requirement that may be built against PyTorch, or ask for another one."""
    family = knowledge("gpu_packages")["torch"]["family"]
    release = release_of(base_image(view.document, found.torch))
    installed = {r.name: r for r in _requirements(view, found.torch) if r.name in family}
    if "torch" not in installed or installed["torch"].version is None:
        line = line_at(found.torch.instructions[0].start_line)
        return f"{line}: PyTorch is not pinned, and another package may bring another version"
    for asked in _requirements(view, found.others):
        name = asked.name or asked.text
        if name in family:
            if name not in installed or asked.version not in (None, installed[name].version):
                return f"{name} is asked for in another version than {found.torch.buildkit_name} installs"
        elif asked.url is not None or asked.path is not None or not _is_known(asked, release):
            return f"whether {name} is built against PyTorch is not known"
    return None


def _is_known(requirement: Requirement, release: Release | None) -> bool:
    name = requirement.name or ""
    return needs_of(catalogue(), name, requirement.extras, release.name if release else None) is not None


def _requirements(view: View, stage: Stage) -> Iterator[Requirement]:
    for reading in read_steps(view.document, stage):
        for manifest in manifests_of(view.workspace, view.document, stage, reading).found:
            yield from parse_requirements(view.workspace.read(manifest.path), manifest.path).requirements
        for install in reading.installs:
            for word in install.packages if install.manager in ("pip", "uv") else ():
                if package_name(word.value) not in ("pip", "uv", "setuptools", "wheel"):
                    yield from parse_requirements((word.value or "").encode(), view.dockerfile).requirements


def _edits(document: Document, found: _Stages) -> Iterator[Edit]:
    style = style_of(document)
    major, minor = python_version(document, found.torch) or (3, 0)
    place = f"{found.folder}/lib/python{major}.{minor}/site-packages/torch"
    last = list(read_steps(document, found.torch))[-1].instruction
    yield insert_after(
        document, last,
        f"# In the image it gets a layer of its own, which stays when other packages change.\n"
        f"{style.instruction('RUN', f'mv {place} {_PLACE}')}",
    )  # fmt: skip
    stage = found.torch.name or ""
    yield insert_before(document, found.ships, style.instruction("COPY", f"{_PLACE} {place}", (f"--from={stage}",)))
