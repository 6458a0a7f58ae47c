"""Ship PyTorch in a layer of its own.

What it does
: The step that installs PyTorch moves its folder out of the virtual environment; the image gets it back in a COPY of
  its own, beside the COPY of the environment.

Why
: PyTorch is most of such an image, and changes least. In a layer of its own it stays when another package is added: it
  is not byte-compiled, copied, compressed, pushed and pulled again. On a first build the two layers are copied and
  compressed side by side.

When it is safe
: PyTorch is installed as root in a step of its own, and pinned; every install after it asks for the same version, so
  that none replaces it. What the stage does afterwards needs PyTorch's metadata only, which stays: installs by pip or
  uv of packages that are known not to be built against PyTorch, with no option that installs anew or builds without
  isolation, and the byte-compilation. No package is installed before it, the image's Python version is known, and only
  the last stage copies the environment. The files of the image are the same. It waits for a review where a later
  install leaves PyTorch's version open, and where PyTorch has a stage of its own.

Source
: docs.docker.com, "Optimize cache usage in builds"; PyPA, "Recording installed projects" (an installer knows a package
  by its `.dist-info` folder).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from wizard.assets import knowledge
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.editing import Edit, insert_before, splice
from wizard.dockerfile.errors import EditConflict
from wizard.dockerfile.repeating import REPEATED
from wizard.dockerfile.run_editing import insert_command
from wizard.dockerfile.stages import base_image, find_stage, lineage, references
from wizard.dockerfile.state import environment
from wizard.dockerfile.style import style_of
from wizard.inspection.caches.mounted import covered
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
_TOOLS = frozenset({"pip", "uv", "setuptools", "wheel"})


class _Found(NamedTuple):
    """Where PyTorch is installed, where the others are, and what ships them."""

    torch: Stage
    others: Stage
    """The stage of the other packages: the same one, or one that goes on with its environment."""
    step: Reading
    """The last one that installs PyTorch."""
    folder: str
    """Of the virtual environment."""
    ships: Instruction
    """The COPY of the environment in the last stage."""


def propose(view: View) -> Proposal | Refusal | None:
    """A COPY of its own for PyTorch's folder."""
    document = view.document
    found = _found(document)
    if found is None or any(_PLACE in instruction.argument for instruction in found.torch.instructions):
        return None
    evidence = (evidence_at(view, found.step.instruction), evidence_at(view, found.ships))
    because = _problem(view, found)
    if because is not None:
        return Refusal(ID, because, evidence)
    try:
        result = splice(document, _edits(document, found))
    except EditConflict as error:
        return Refusal(ID, f"{line_at(error.line)}: {error.message}", evidence)
    settled = found.torch is found.others and all(_asks_for_the_same(view, found, r) for r in _after(document, found))
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="safe" if settled else "review",
        why="Whatever package is added, the whole environment is copied, compressed and sent again, PyTorch with it.",
        evidence=evidence,
        edits={view.dockerfile: result.source},
        planned=result.planned,
        risk="The other installs read PyTorch's metadata only, and that stays where they look. The files of the image "
        "are the same. A build step that imports PyTorch, should one be added, has to stand in the last stage.",
    )


def _found(document: Document) -> _Found | None:
    """The stages, where the last one copies an environment that PyTorch was installed into by a step of its own."""
    if len(document.stages) < 2:
        return None
    for copy in document.stages[-1].instructions:
        words = [word.text for word in copy.words] if copy.keyword == "COPY" else []
        if len(words) != 2 or words[0] != words[1] or [flag.name for flag in copy.flags] != ["from"]:
            continue
        others = find_stage(document, copy.flag("from") or "")
        made = environment_made(document, others) if others is not None else None
        if others is None or made is None or made[1] != words[0]:
            continue
        torch = environment_begun(document, others) or others
        steps = [reading for reading in read_steps(document, torch) if _installs_torch(reading)]
        if steps:
            return _Found(torch, others, steps[-1], made[1], copy)
    return None


def _installs_torch(reading: Reading) -> bool:
    table = knowledge("gpu_packages")["torch"]
    return any(
        is_family_install(install, table) and any(package_name(word.value) == "torch" for word in install.packages)
        for install in reading.installs
    )


def _problem(view: View, found: _Found) -> str | None:
    document = view.document
    base = base_image(document, found.torch)
    line = line_at(found.step.instruction.start_line)
    if name_parts(base)[0] != "python" or python_version(document, found.torch) is None:
        return f"{line}: {base} does not tell Python's version"
    state = environment(document, found.torch, found.step.instruction)
    script = found.step.script
    if found.step.role != "install" or script is None or not script.and_list or not state.is_root:
        return (
            f"{line}: the step that installs PyTorch does something else too, goes on after a failure or is not root's"
        )
    if covered(found.step.instruction, state, _PLACE) or covered(found.step.instruction, state, found.folder):
        return f"{line}: what the step writes to {_PLACE} or {found.folder} does not stay in the image"
    before = next(filter(_installs_packages, _before(document, found)), None)
    if before is not None:
        return f"{line_at(before.instruction.start_line)}: packages are installed before PyTorch, maybe PyTorch too"
    made = environment_made(document, found.others)
    allowed = {id(instruction) for instruction in (found.ships, made[0] if made else None) if instruction is not None}
    for stage in (found.torch, found.others):
        other = _other_use(document, stage, allowed)
        if other is not None:
            return f"{line_at(other.start_line)}: this step reads the environment too"
    return next(
        filter(None, (_odd_step(document, found, reading) for reading in _after(document, found))), None
    ) or _odd_package(view, found)


def _before(document: Document, found: _Found) -> Iterator[Reading]:
    """The steps of the stage, and of those below it, that run before PyTorch is installed."""
    for stage in lineage(document, found.torch):
        for reading in read_steps(document, stage):
            if stage is not found.torch or reading.instruction.index < found.step.instruction.index:
                yield reading


def _after(document: Document, found: _Found) -> Iterator[Reading]:
    """The steps that run with PyTorch's folder away."""
    if found.others is not found.torch:
        yield from read_steps(document, found.others)
    for reading in read_steps(document, found.torch):
        if reading.instruction.index > found.step.instruction.index:
            yield reading


def _installs_packages(reading: Reading) -> bool:
    return any(
        install.manager in ("pip", "uv")
        and not (install.packages and {package_name(word.value) for word in install.packages} <= _TOOLS)
        for install in reading.installs
    )


def _other_use(document: Document, stage: Stage, allowed: set[int]) -> Instruction | None:
    """An instruction that reads the stage's files besides those that are known to."""
    for instruction in document.instructions:
        if id(instruction) in allowed:
            continue
        if any(find_stage(document, reference) is stage for reference in references(instruction)):
            return instruction
        if instruction.keyword == "FROM" and (stage.name or "").lower() == instruction.words[0].text.lower():
            return instruction
    return None


def _odd_step(document: Document, found: _Found, reading: Reading) -> str | None:
    """Why a step might need PyTorch itself, or bring another one."""
    instruction = reading.instruction
    line = line_at(instruction.start_line)
    made = environment_made(document, found.others)
    if instruction.keyword in REPEATED | {"FROM"} or (made is not None and instruction is made[0]):
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


def _odd_package(view: View, found: _Found) -> str | None:
    """A requirement that may be built against PyTorch, or ask for another one."""
    family = knowledge("gpu_packages")["torch"]["family"]
    release = release_of(base_image(view.document, found.torch))
    installed = {r.name: r for r in _requirements(view, found, [found.step]) if r.name in family}
    line = line_at(found.step.instruction.start_line)
    if "torch" not in installed or installed["torch"].version is None:
        return f"{line}: PyTorch is not pinned, and another package may bring another version"
    for asked in _requirements(view, found, _after(view.document, found)):
        name = asked.name or asked.text
        if name in family:
            if name not in installed or asked.version not in (None, installed[name].version):
                return f"{name} is asked for in another version than {line} installs"
        elif asked.url is not None or asked.path is not None or not _is_known(asked, release):
            return f"whether {name} is built against PyTorch is not known"
    return None


def _asks_for_the_same(view: View, found: _Found, reading: Reading) -> bool:
    """Whether this step cannot replace PyTorch: it installs nothing, or asks for the version that is there."""
    if not _installs_packages(reading):
        return True
    there = next(r.version for r in _requirements(view, found, [found.step]) if r.name == "torch")
    asked = (r.version for r in _requirements(view, found, [reading]) if r.name == "torch")
    return len(reading.installs) == 1 and there in asked


def _is_known(requirement: Requirement, release: Release | None) -> bool:
    name = requirement.name or ""
    return needs_of(catalogue(), name, requirement.extras, release.name if release else None) is not None


def _requirements(view: View, found: _Found, readings: Iterable[Reading]) -> Iterator[Requirement]:
    """What steps of one of the two stages ask for; pip and its like left out."""
    for reading in readings:
        stage = view.document.stage_of(reading.instruction) or found.others
        for manifest in manifests_of(view.workspace, view.document, stage, reading).found:
            yield from parse_requirements(view.workspace.read(manifest.path), manifest.path).requirements
        for install in reading.installs:
            for word in install.packages if install.manager in ("pip", "uv") else ():
                if package_name(word.value) not in _TOOLS:
                    yield from parse_requirements((word.value or "").encode(), view.dockerfile).requirements


def _edits(document: Document, found: _Found) -> Iterator[Edit]:
    """Raises EditConflict where nothing can be appended to the step."""
    step = found.step
    major, minor = python_version(document, found.torch) or (3, 0)
    place = f"{found.folder}/lib/python{major}.{minor}/site-packages/torch"
    # In the same step: a later one would have to copy the folder, as it lies in a layer below.
    commands = [f"mv {place} {_PLACE}"]
    if any(install.has("--no-compile") for install in step.installs):
        commands.append(f"{{ python -m compileall -qq -j 0 -x '/tests?/' {_PLACE} || true; }}")
    if step.script is None:
        raise EditConflict("the RUN was not read", path=document.path, line=step.instruction.start_line)
    yield insert_before(
        document, step.instruction, "# In the image PyTorch gets a layer of its own, which stays when others change."
    )
    style = style_of(document)
    yield insert_command(document, step.script, None, style.and_break.join(commands))
    copying = style.instruction("COPY", f"{_PLACE} {place}", (f"--from={found.torch.name or ''}",))
    yield insert_before(document, found.ships, copying)
