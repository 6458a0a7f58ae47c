"""Install PyTorch from the CPU index where nothing uses a GPU.

What it does
: Puts one step in front of the install: the torch family (torch, torchvision, torchaudio) from the CPU index alone.
  Where the packages come from a requirements file, a copy of it, `<name>-docker-cpu.txt`, lists them in the order of
  how often they change, and includes your file, which stays as it is. CUDA libraries that a `pip freeze` left there are
  taken out; then the copy cannot include your file, and the proposal waits for a review. What a local project asks for
  (`pip install .`) is read from the table `project` of its pyproject.toml. For projects of uv, Poetry, PDM and Pipenv
  the CPU index goes into the manifest, bound to the family: for uv on Linux, for Poetry on Linux and the image's
  machine, for the others everywhere. A member of the family that only another package brings becomes a dependency of
  its own, where the manager binds no other. With `--online` uv or Poetry makes the lock again, with the versions that
  it held.

Why
: On Linux, the wheels of the usual index bring CUDA along: 2.6 to 4.1 GB to download where the CPU build has under
  200 MB. An extra index has no priority for pip, and a `+cpu` version does not exist on every platform: so the family
  is installed first, from one index, and the requirement is satisfied when the rest is installed.

When it is safe
: Nothing in the repo needs a GPU: no CUDA base image, no caller that asks for GPUs, no CUDA index, no GPU-only package,
  no CUDA call that is not guarded by `torch.cuda.is_available()`, no CUDA device that the Dockerfile sets or starts
  with. No hashes are pinned (the CPU wheels have others). The install is pip's or `uv pip`'s, into the environment that
  it looks into (no --target, no --prefix), and does not install again what is there. Evidence of both kinds, CUDA in a
  setting, a script or a notebook, or an index of your own, makes it a review. So does a project, whose manifest is
  yours to change. The lock of uv and of Poetry waits for `--online`; where it cannot be made again here (Poetry is not
  installed, a package has no wheel, the lock is PDM's or Pipenv's) it is refused, and what to write and to run is said.
  An image for arm64 alone is left as it is below torch 2.11, whose usual wheels have no CUDA there. For conda, where
  PyTorch's own channel stands first, `cpuonly` is asked for beside it, for review: its file is yours, and no
  channel was at hand to try it with. conda-forge picks its CPU build itself where a build shows it no GPU driver;
  `pytorch-cuda` and `cudatoolkit` say that a GPU is wanted. What is saved comes from the file sizes of the indexes with
  `--online`, else of the catalogue; for conda it is not said.

Source
: pytorch.org, "Get Started", Linux, pip, CPU; pip's documentation on --extra-index-url; docs.astral.sh/uv, PyTorch;
  the managers' documentation on package sources; pytorch.org, "Previous versions", Conda.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from wizard.assets import knowledge
from wizard.dockerfile.document import Stage
from wizard.dockerfile.editing import Edit, splice
from wizard.dockerfile.errors import EditConflict
from wizard.inspection.ecosystems.requirements import read_requirements
from wizard.inspection.files import read_text
from wizard.inspection.gpu.arm_builds import is_cpu_build
from wizard.inspection.gpu.conda_torch import conda_torch
from wizard.inspection.gpu.cpu_requirements import (
    HEADER,
    SUFFIX,
    cpu_listing,
    left_out,
    own_file,
)
from wizard.inspection.gpu.download_sizes import download_questions, saved_by_index
from wizard.inspection.gpu.evidence import gpu_use, gpu_verdict
from wizard.inspection.gpu.family_risks import left_behind, other_index
from wizard.inspection.gpu.project_edits import project_edit, project_risk
from wizard.inspection.gpu.project_pulls import ProjectPull, project_pulls
from wizard.inspection.gpu.relocked import changed_format, changed_versions
from wizard.inspection.gpu.torch_pulls import (
    Pull,
    family_words,
    is_family_install,
    obstacle,
    package_name,
    pulls_by_stage,
    requirement_word,
    saved_bytes,
)
from wizard.inspection.gpu.torch_step import FamilyStep, family_step
from wizard.inspection.gpu.ways_out import brought_by, way_out
from wizard.inspection.gpu.weighed import weighed
from wizard.inspection.installs.environments import environment_begun
from wizard.inspection.installs.pip import PIP_INSTALLS, manifests_of
from wizard.inspection.places import line_at
from wizard.inspection.steps import read_steps, unread_runs
from wizard.inspection.values import Evidence
from wizard.rules.base import Asks, Category, Estimate, Proposal, Refusal, Safety, View, evidence_at, unread

ID = "torch-cpu-index"
TITLE = "Install PyTorch from the CPU index"
CATEGORY: Category = "size"


def propose(view: View) -> Proposal | Refusal | Asks | None:
    """The CPU index for every stage that brings torch, or our copy of a changed file anew."""
    table = knowledge("gpu_packages")["torch"]
    stages = tuple(
        pulls
        for pulls in pulls_by_stage(view.workspace, view.document, table)
        if not is_cpu_build(view.document, pulls[0].stage, _pinned(pulls), table)
    )
    if not stages:
        return _refresh(view, table) or _of_a_project(view, table) or _of_conda(view) or _unread(view)
    refusal = _uses_gpu(view, [evidence for pulls in stages for pull in pulls for evidence in pull.evidence])
    if refusal is not None:
        return refusal
    for pull in (pull for pulls in stages for pull in pulls):
        because = obstacle(view.document, pull)
        if because is not None:
            return Refusal(ID, because, pull.evidence[:1])
    changes = [
        FamilyStep(pulls, family_words(pulls, table), own_file(view.workspace, view.dockerfile, pulls[0], table))
        for pulls in stages
    ]
    try:
        return _proposal(view, changes, table)
    except EditConflict as reason:
        here = changes[0].first.evidence[:1]
        return Refusal(ID, f"{line_at(reason.line)}: the step cannot be taken apart, {reason.message}", here)


# -- what must hold --


def _uses_gpu(view: View, brought: Iterable[Evidence]) -> Refusal | None:
    use = gpu_use(view.inspection.gpu)
    if use is None:
        return None
    found = weighed(view.inspection.gpu)
    evidence = dict.fromkeys((*use[1], *found.against, *brought, *found.speaks_for))
    return Refusal(ID, f"this service uses a GPU: {use[0]}", tuple(evidence), found.against)


def _pinned(pulls: Iterable[Pull]) -> str | None:
    """The version of torch that the installs of a stage ask for."""
    return next((r.version for pull in pulls for r, _ in pull.asked if r.name == "torch" and r.version), None)


def _unread(view: View) -> Refusal | None:
    runs = unread_runs(view.document, PIP_INSTALLS)
    files = (path for ecosystem in view.inspection.ecosystems for path in ecosystem.manifests if runs)
    named = any("torch" in (read_text(view.workspace, path) or "") for path in files)
    return unread(view, ID, [run for run in runs if named or "torch" in run.argument])


# -- the change --


def _proposal(view: View, changes: list[FamilyStep], table: Mapping[str, Any]) -> Proposal | Asks:
    index = view.settings.torch_index or str(table["cpu_index"])
    edits = [edit for change in changes for edit in family_step(view.workspace, view.document, change, index)]
    files = {change.own_file.path: change.own_file.content for change in changes if change.own_file is not None}
    verdict = gpu_verdict(view.inspection.gpu)
    private = next(
        (found for change in changes if (found := other_index(view.workspace, view.document, change)) is not None), None
    )
    cut = [name for change in changes if (name := _cut_file(view, change, table)) is not None]
    guarded = any(sign.kind == "guarded-call" for sign in view.inspection.gpu)
    signs = weighed(view.inspection.gpu)
    upgrades = any(p.install.has("-U", "--upgrade") for c in changes for p in c.pulls if "torch" not in c.pinned)
    safety: Safety = "safe" if verdict == "none" and private is None and not cut and not upgrades else "review"
    first = changes[0]
    version = _pinned(pull for change in changes for pull in change.pulls)
    estimate = _estimate(view, first.first, [word.strip("'") for word in first.words], index, version, table)
    if isinstance(estimate, Asks):
        return estimate
    brought = [evidence for change in changes for pull in change.pulls for evidence in pull.evidence]
    result = splice(view.document, edits)
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety=safety,
        why="On Linux this install downloads the CUDA build of torch with NVIDIA's libraries; nothing here uses a GPU."
        if verdict == "none"
        else "On Linux this install downloads the CUDA build of torch; whether this service uses a GPU is not clear.",
        evidence=tuple(dict.fromkeys((*brought, *signs.speaks_for, *signs.against))),
        edits={view.dockerfile: result.source, **files},
        planned=result.planned,
        estimate=estimate,
        risk=_risk(view, changes, table, guarded, private, cut),
        disputed=bool(signs.against) or private is not None,
        against=signs.against,
    )


def _estimate(
    view: View,
    pull: Pull | ProjectPull,
    requirements: Iterable[str],
    index: str,
    version: str | None,
    table: Mapping[str, Any],
) -> Estimate | Asks | None:
    """What is downloaded less: by the indexes' file sizes with `--online`, where they tell, else by the catalogue."""
    questions = download_questions(view.document, pull, requirements, index) if view.settings.online else None
    if questions is not None:
        if any(question not in view.inspection.answers for question in questions):
            return Asks(ID, questions)
        saved = saved_by_index(questions, view.inspection.answers)
        if saved is not None:
            return Estimate(None, saved, "index") if saved > 0 else None
    return Estimate(None, saved_bytes(version, table), "catalogue")


# -- projects of uv and others --


def _of_a_project(view: View, table: Mapping[str, Any]) -> Proposal | Refusal | Asks | None:
    """The CPU index in the manifest of a project, and its lock made again; else why not and what a person can do."""
    found = (project_pulls(view.workspace, view.document, stage, table) for stage in view.document.stages)
    pull = next((pull for pulls in found for pull in pulls), None)
    if pull is None or is_cpu_build(view.document, pull.stage, pull.members.get("torch"), table):
        return None
    refusal = _uses_gpu(view, pull.evidence)
    if refusal is not None:
        return refusal
    index = view.settings.torch_index or str(table["cpu_index"])
    edit = project_edit(view.workspace, view.document, pull, index)
    if isinstance(edit, str):
        return Refusal(ID, f"{brought_by(pull)}, and {edit}: {way_out(pull, index)}", pull.evidence)
    edits: dict[str, bytes | None] = {pull.manifest: edit.manifest}
    changed: tuple[str, ...] = ()
    if pull.lock is not None and edit.question is not None:
        answer = view.inspection.answers.get(edit.question)
        if answer is None:
            return Asks(ID, (edit.question,), f"{brought_by(pull)}, and its lock has to be made again")
        before = view.workspace.read(pull.lock)
        if answer.text is None:
            return Refusal(ID, f"{brought_by(pull)}, and {answer.because}: {way_out(pull, index)}", pull.evidence)
        if changed_format(before, answer.text):
            because = f"the {pull.install.manager} here writes another format of lock than the one that wrote it"
            return Refusal(ID, f"{brought_by(pull)}, and {because}: {way_out(pull, index)}", pull.evidence)
        edits[pull.lock], changed = answer.text.encode(), changed_versions(before, answer.text, pull.members)
    requirements = [f"{name}=={version}" if version else name for name, version in pull.members.items()]
    estimate = _estimate(view, pull, requirements, index, pull.members.get("torch"), table)
    if isinstance(estimate, Asks):
        return estimate
    signs = weighed(view.inspection.gpu)
    here = (*pull.evidence, evidence_at(view, pull.reading.instruction))
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="review",
        why=f"{brought_by(pull)}: on Linux the CUDA build with NVIDIA's libraries. The code shows no use of a GPU."
        if not signs.against
        else f"{brought_by(pull)}: on Linux the CUDA build. Whether this service uses a GPU is not clear.",
        evidence=tuple(dict.fromkeys((*here, *signs.speaks_for, *signs.against))),
        edits=edits,
        estimate=estimate,
        risk=project_risk(pull, edit, changed),
        disputed=bool(signs.against),
        against=signs.against,
    )


# -- environments of conda --


def _of_conda(view: View) -> Proposal | Refusal | None:
    """`cpuonly` beside the pytorch that conda takes from PyTorch's own channel."""
    found = tuple(conda_torch(view.workspace, view.document))
    if not found:
        return None
    here = tuple(dict.fromkeys(one.evidence for one in found))
    refusal = _uses_gpu(view, here)
    if refusal is not None:
        return refusal
    because = next((one.because for one in found if one.because is not None), None)
    if because is not None:
        return Refusal(ID, because, here)
    result = splice(view.document, [one.edit for one in found if one.edit is not None])
    edits: dict[str, bytes | None] = {one.file: one.content for one in found if one.file}
    changed = result.source != view.document.source
    signs = weighed(view.inspection.gpu)
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="review",
        why="The channel pytorch gives the CUDA build unless cpuonly is asked for; nothing here needs a GPU."
        if not signs.against
        else "The channel pytorch gives the CUDA build unless cpuonly is asked for; whether this service uses a GPU is "
        "not clear.",
        evidence=tuple(dict.fromkeys((*here, *signs.speaks_for, *signs.against))),
        edits={**({view.dockerfile: result.source} if changed else {}), **edits},
        planned=result.planned if changed else None,
        risk="conda solves the environment anew, and whoever makes it from the same file for a machine with a GPU gets "
        "the CPU build too. This follows PyTorch's documentation and was not tried with its channel.",
        disputed=bool(signs.against),
        against=signs.against,
    )


# -- our copy of the requirements file --


def _cut_file(view: View, change: FamilyStep, table: Mapping[str, Any]) -> str | None:
    """The person's file of which our copy leaves something out."""
    if change.own_file is None:
        return None
    original = change.own_file.original
    return original if left_out(read_requirements(view.workspace, original), table) else None


def _refresh(view: View, table: Mapping[str, Any]) -> Proposal | None:
    """Our copy of a requirements file, where it no longer holds the packages that the person's file holds."""
    for stage in view.document.stages:
        for reading in read_steps(view.document, stage):
            for manifest in manifests_of(view.workspace, view.document, stage, reading).found:
                original = manifest.path.replace(SUFFIX, "")
                if SUFFIX not in manifest.path or not view.workspace.is_file(original):
                    continue
                old = view.workspace.read(manifest.path)
                new = cpu_listing(view.workspace, read_requirements(view.workspace, original), table)
                if not old.startswith(HEADER.encode()) or sorted(old.split(b"\n")) == sorted(new.split(b"\n")):
                    continue
                edits: dict[str, bytes | None] = {manifest.path: new}
                result = splice(view.document, _family_edits(view, stage, original, table))
                if result.source != view.document.source:
                    edits[view.dockerfile] = result.source
                return Proposal(
                    rule=ID,
                    title=f"Bring {manifest.path} up to date",
                    category=CATEGORY,
                    safety="safe",
                    why=f"{original} changed since {manifest.path} was made from it.",
                    evidence=(Evidence(manifest.path, 1, HEADER), evidence_at(view, reading.instruction)),
                    edits=edits,
                    planned=result.planned,
                    risk="The file is made again from yours; nothing else changes.",
                )
    return None


def _family_edits(view: View, stage: Stage, original: str, table: Mapping[str, Any]) -> list[Edit]:
    """The versions of the torch family in the step that installs it, as the requirements file has them now."""
    requirements = read_requirements(view.workspace, original).requirements
    wanted = {r.name or "": requirement_word(r) for r in requirements}
    begun = environment_begun(view.document, stage)
    return [
        Edit(word.span, wanted[name])
        for one in (stage, *((begun,) if begun is not None else ()))
        for reading in read_steps(view.document, one)
        for install in reading.installs
        if is_family_install(install, table)
        for word in install.packages
        if (name := package_name(word.value)) in wanted and word.text != wanted[name]
    ]


# -- what is said about it --


def _risk(
    view: View, changes: list[FamilyStep], table: Mapping[str, Any], guarded: bool, private: str | None, cut: list[str]
) -> str:
    parts = [
        "Code that asks torch.cuda.is_available() is told no, as without a GPU today."
        if guarded
        else "No code here asks for CUDA."
    ]
    if all("torch" in change.pinned for change in changes):
        parts.append("The same versions are installed.")
    else:
        parts.append(
            "torch is not pinned: should another package ask for an older one, pip would fetch that with CUDA; "
            "pin it to rule that out."
        )
    if any(change.needs_resolver for change in changes):
        parts.append("What torchvision and torchaudio need besides (numpy, pillow) comes in the version of that index.")
    if private is not None:
        parts.append(
            f"The install uses an index of its own ({private}): name your mirror of the CPU wheels with --torch-index."
        )
    parts += [
        f"{name} pins CUDA libraries, so our copy cannot include it: what you add there, `dockwiz apply` brings along."
        for name in cut
    ]
    left = next(
        (found for change in changes if (found := left_behind(view.workspace, change, table)) is not None), None
    )
    if left is not None:
        parts.append(f"CUDA libraries that {left} pins are still installed; nothing uses them, take them out.")
    return " ".join(parts)
