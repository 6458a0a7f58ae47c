"""Install PyTorch from the CPU index where nothing uses a GPU.

What it does
: Puts one step in front of the install: the torch family (torch, torchvision, torchaudio) from the CPU index alone.
  Where the packages come from a requirements file, a copy of it, `<name>-docker-cpu.txt`, lists them in the order of
  how often they change, and includes your file, which stays as it is. CUDA libraries that a `pip freeze` left there are
  taken out; then the copy cannot include your file, and the proposal waits for a review. What a local project asks for
  (`pip install .`) is read from the table `project` of its pyproject.toml. For `uv sync` the CPU index
  goes into pyproject.toml, bound to the family on Linux; with `--online` uv makes the lock again.

Why
: On Linux, the wheels of the usual index bring CUDA along: 2.6 to 4.1 GB to download where the CPU build has under
  200 MB. An extra index has no priority for pip, and a `+cpu` version does not exist on every platform: so the family
  is installed first, from one index, and the requirement is satisfied when the rest is installed.

When it is safe
: Nothing in the repo needs a GPU: no CUDA base image, no caller that asks for GPUs, no CUDA index, no GPU-only package,
  no CUDA call that is not guarded by `torch.cuda.is_available()`, no CUDA device that the Dockerfile sets or starts
  with. No hashes are pinned (the CPU wheels have others). The install is pip's or `uv pip`'s, into the environment that
  it looks into (no --target, no --prefix), and does not install again what is there. Evidence of both kinds, CUDA in a
  setting, a script or a notebook, or an index of your own, makes it a review. So does a uv project, whose manifest is
  yours to change. Where a lock cannot be made again here (uv without `--online`, Poetry, PDM, Pipenv) it is refused,
  and what to write and to run is said. Environments of conda are left alone.

Source
: pytorch.org, "Get Started", Linux, pip, CPU; pip's documentation on --extra-index-url; docs.astral.sh/uv, PyTorch;
  the managers' documentation on package sources.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wizard.assets import knowledge
from wizard.dockerfile.document import Stage
from wizard.dockerfile.editing import Edit, splice
from wizard.dockerfile.errors import EditConflict
from wizard.dockerfile.state import environment
from wizard.inspection.ecosystems.requirements import read_requirements
from wizard.inspection.files import read_text
from wizard.inspection.gpu.cpu_requirements import (
    HEADER,
    SUFFIX,
    cpu_listing,
    left_out,
    own_file,
)
from wizard.inspection.gpu.evidence import gpu_use, gpu_verdict
from wizard.inspection.gpu.project_pulls import ProjectPull, project_pulls
from wizard.inspection.gpu.torch_pulls import (
    family_words,
    is_cuda_library,
    is_family_install,
    obstacle,
    package_name,
    pulls_by_stage,
    requirement_word,
    saved_bytes,
)
from wizard.inspection.gpu.torch_step import FamilyStep, family_step
from wizard.inspection.gpu.uv_project import cpu_pyproject, relock, too_old
from wizard.inspection.gpu.uv_project import obstacle as uv_obstacle
from wizard.inspection.gpu.ways_out import brought_by, way_out
from wizard.inspection.installs.environments import environment_begun
from wizard.inspection.installs.pip import PIP_INSTALLS, manifests_of
from wizard.inspection.places import line_at
from wizard.inspection.steps import read_steps, unread_runs
from wizard.inspection.values import Evidence
from wizard.rules.base import Category, Estimate, Proposal, Refusal, Safety, View, evidence_at, unread
from wizard.wording import listed

ID = "torch-cpu-index"
TITLE = "Install PyTorch from the CPU index"
CATEGORY: Category = "size"

_OTHER_INDEX = ("-i", "--index-url", "--index", "--default-index", "-f", "--find-links")
_INDEX_VARIABLES = (
    "PIP_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONFIG_FILE", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX",
)  # fmt: skip


def propose(view: View) -> Proposal | Refusal | None:
    """The CPU index for every stage that brings torch, or our copy of a changed file anew."""
    table = knowledge("gpu_packages")["torch"]
    stages = pulls_by_stage(view.workspace, view.document, table)
    if not stages:
        return _refresh(view, table) or _of_a_project(view, table) or _unread(view)
    refusal = _uses_gpu(view)
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


def _uses_gpu(view: View) -> Refusal | None:
    use = gpu_use(view.inspection.gpu)
    return None if use is None else Refusal(ID, f"this service uses a GPU: {use[0]}", use[1])


def _unread(view: View) -> Refusal | None:
    runs = unread_runs(view.document, PIP_INSTALLS)
    files = (path for ecosystem in view.inspection.ecosystems for path in ecosystem.manifests if runs)
    named = any("torch" in (read_text(view.workspace, path) or "") for path in files)
    return unread(view, ID, [run for run in runs if named or "torch" in run.argument])


# -- the change --


def _proposal(view: View, changes: list[FamilyStep], table: Mapping[str, Any]) -> Proposal:
    index = view.settings.torch_index or str(table["cpu_index"])
    edits = [edit for change in changes for edit in family_step(view.workspace, view.document, change, index)]
    files = {change.own_file.path: change.own_file.content for change in changes if change.own_file is not None}
    verdict = gpu_verdict(view.inspection.gpu)
    private = next((found for change in changes if (found := _other_index(view, change)) is not None), None)
    cut = [name for change in changes if (name := _cut_file(view, change, table)) is not None]
    guarded = [sign.evidence for sign in view.inspection.gpu if sign.kind == "guarded-call"]
    unclear = ("unclear-call", "cuda-call", "cuda-device")
    doubts = [sign.evidence for sign in view.inspection.gpu if sign.kind in unclear]
    upgrades = any(p.install.has("-U", "--upgrade") for c in changes for p in c.pulls if "torch" not in c.pinned)
    safety: Safety = "safe" if verdict == "none" and private is None and not cut and not upgrades else "review"
    versions = (r.version for c in changes for p in c.pulls for r, _ in p.asked if r.name == "torch")
    asked = next((version for version in versions if version), None)
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
        evidence=tuple(dict.fromkeys(brought + guarded[:3] + doubts[:3])),
        edits={view.dockerfile: result.source, **files},
        planned=result.planned,
        estimate=Estimate(None, saved_bytes(asked, table), "catalogue"),
        risk=_risk(view, changes, table, bool(guarded), private, cut),
        disputed=bool(doubts) or private is not None,
    )


# -- projects of uv and others --


def _of_a_project(view: View, table: Mapping[str, Any]) -> Proposal | Refusal | None:
    """The CPU index in the pyproject.toml of a uv project; for the others, why not and what a person can do."""
    found = (project_pulls(view.workspace, view.document, stage, table) for stage in view.document.stages)
    pull = next((pull for pulls in found for pull in pulls), None)
    if pull is None:
        return None
    refusal = _uses_gpu(view)
    if refusal is not None:
        return refusal
    index = view.settings.torch_index or str(table["cpu_index"])
    if pull.install.manager != "uv":
        return Refusal(ID, f"{brought_by(pull)}: {way_out(pull, index)}", pull.evidence)
    text = view.workspace.read(pull.manifest).decode("utf-8", "replace")
    because = uv_obstacle(text, pull.members)
    if because is not None:
        return Refusal(ID, f"{brought_by(pull)}, and {pull.manifest} {because}", pull.evidence)
    if pull.install.has("--no-sources"):
        return Refusal(ID, f"{brought_by(pull)}, and with --no-sources no index is bound to it", pull.evidence)
    old = too_old(view.document.source.decode("utf-8", "replace"))
    if old is not None:
        return Refusal(ID, f"{brought_by(pull)}, and {old} knows no index of a project: 0.4.23 does", pull.evidence)
    pyproject = cpu_pyproject(text, pull.members, pull.direct, index)
    edits: dict[str, bytes | None] = {pull.manifest: pyproject.encode()}
    changed: tuple[str, ...] = ()
    if pull.lock is not None:
        if not view.settings.online:
            reason = (
                f"{brought_by(pull)}, and its lock has to be made again: plan with --online, or {way_out(pull, index)}"
            )
            return Refusal(ID, reason, pull.evidence)
        made = relock(view.workspace, pull.manifest, pyproject, pull.lock, pull.members)
        if made.content is None:
            return Refusal(ID, f"{brought_by(pull)}, and {made.problem}: {way_out(pull, index)}", pull.evidence)
        edits[pull.lock], changed = made.content, made.changed
    doubts = [s.evidence for s in view.inspection.gpu if s.kind in ("unclear-call", "cuda-call", "cuda-device")]
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="review",
        why=f"{brought_by(pull)}: on Linux the CUDA build with NVIDIA's libraries. The code shows no use of a GPU."
        if not doubts
        else f"{brought_by(pull)}: on Linux the CUDA build. Whether this service uses a GPU is not clear.",
        evidence=(*pull.evidence, evidence_at(view, pull.reading.instruction), *doubts[:3]),
        edits=edits,
        estimate=Estimate(None, saved_bytes(pull.members.get("torch"), table), "catalogue"),
        risk=_project_risk(pull, changed),
        disputed=bool(doubts),
    )


def _project_risk(pull: ProjectPull, changed: tuple[str, ...]) -> str:
    parts = [f"{pull.manifest} itself is changed: who syncs from it elsewhere on Linux gets the CPU build too."]
    added = [name for name in pull.members if name not in pull.direct]
    if added:
        parts.append(f"{listed(added)} becomes a direct dependency, because an index is bound to those alone.")
    if pull.lock is not None:
        parts.append(f"uv made {pull.lock} again with the versions that it held" + ("." if not changed else ""))
        parts += [f"but for {listed(changed)}."] if changed else []
    else:
        parts.append("The install reads no lock: versions are found as the image is built, as before.")
    return " ".join(parts)


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


def _other_index(view: View, change: FamilyStep) -> str | None:
    """An index of the person's own that an install uses; None where it is the usual one."""
    for pull in change.pulls:
        used = next((o.name for o in pull.install.options if o.name in _OTHER_INDEX), None)
        state = environment(view.document, pull.stage, pull.reading.instruction)
        variable = next((name for name in _INDEX_VARIABLES if name in state.env or name in state.args), None)
        lines = [
            line.option
            for manifest in pull.manifests
            for line in read_requirements(view.workspace, manifest.path).indexes
            if line.option in _OTHER_INDEX
        ]
        settings = [
            "pip.conf" for i in pull.stage.instructions if "pip.conf" in i.argument or "pip config" in i.argument
        ]
        found = used or variable or next(iter([*lines, *settings]), None)
        if found is not None:
            return found
    return None


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
    left = next((found for change in changes if (found := _left_behind(view, change, table)) is not None), None)
    if left is not None:
        parts.append(f"CUDA libraries that {left} pins are still installed; nothing uses them, take them out.")
    return " ".join(parts)


def _left_behind(view: View, change: FamilyStep, table: Mapping[str, Any]) -> str | None:
    """A requirements file with CUDA libraries that goes on being installed."""
    for pull in change.pulls:
        for manifest in pull.manifests:
            if change.own_file is not None and manifest.path == change.own_file.original:
                continue
            if any(is_cuda_library(r, table) for r in read_requirements(view.workspace, manifest.path).requirements):
                return manifest.path
    return None
