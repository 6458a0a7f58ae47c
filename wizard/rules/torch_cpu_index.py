"""Install PyTorch from the CPU index where nothing uses a GPU.

What it does
: Puts one step in front of the install: the torch family (torch, torchvision, torchaudio) from the CPU index alone.
  Where the packages come from a requirements file, a copy of it, `<name>-docker-cpu.txt`, lists them in the order of
  how often they change, without the CUDA libraries that a `pip freeze` leaves there. Your file stays as it is.

Why
: On Linux, the wheels of the usual index bring CUDA along: 2.6 to 4.1 GB to download where the CPU build has under
  200 MB. An extra index has no priority for pip, and a `+cpu` version does not exist on every platform: so the family
  is installed first, from one index, and the requirement is satisfied when the rest is installed.

When it is safe
: Nothing in the repo needs a GPU: no CUDA base image, no caller that asks for GPUs, no CUDA index, no GPU-only package,
  no CUDA call that is not guarded by `torch.cuda.is_available()`. No hashes are pinned (the CPU wheels have others).
  The install is pip's or `uv pip`'s, into the environment that it looks into (no --target, no --prefix). Evidence of
  both kinds makes it a review.

Source
: pytorch.org, "Get Started", Linux, pip, CPU; pip's documentation on --extra-index-url; docs.astral.sh/uv, PyTorch.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from wizard.assets import knowledge
from wizard.dockerfile.document import Instruction, Stage
from wizard.dockerfile.editing import Edit, insert_before, splice
from wizard.dockerfile.installs import Install
from wizard.dockerfile.state import environment
from wizard.dockerfile.style import style_of
from wizard.errors import DockwizError
from wizard.inspection.context import read_ignore_file
from wizard.inspection.ecosystems.requirements import (
    Requirement,
    RequirementsFile,
    normalise_name,
    parse_requirements,
    read_tree,
)
from wizard.inspection.git import line_change_counts
from wizard.inspection.gpu import CPU_INDEX, gpu_verdict
from wizard.inspection.pip_installs import Manifest, ManifestsOf, is_pip, manifests_of
from wizard.inspection.steps import Reading, read_steps
from wizard.inspection.values import Evidence
from wizard.rules.base import Category, Estimate, Proposal, Refusal, Safety, View, evidence_at

ID = "torch-cpu-index"
TITLE = "Install PyTorch from the CPU index"
CATEGORY: Category = "size"

_SUFFIX = "-docker-cpu"
_HEADER = "# Made by dockwiz from"
_KEPT_OPTIONS = frozenset(
    {"--no-cache-dir", "--user", "--break-system-packages", "--root-user-action", "--system", "-q", "--quiet", "--pre",
     "--disable-pip-version-check", "--no-input", "--trusted-host", "--timeout", "--retries", "--progress-bar"}
)  # fmt: skip
_ELSEWHERE = ("-t", "--target", "--prefix", "--root")
_OTHER_INDEX = ("-i", "--index-url", "--index", "--default-index", "--no-index", "-f", "--find-links")
_INDEX_VARIABLES = ("PIP_INDEX_URL", "PIP_NO_INDEX", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX")


@dataclass(frozen=True)
class _Pull:
    """An install that brings torch, and what of the family it asks for."""

    stage: Stage
    reading: Reading
    install: Install
    manifests: tuple[Manifest, ...]
    family: tuple[str, ...]
    """Requirements for pip's command line, e.g. `torch==2.1.0`."""
    evidence: tuple[Evidence, ...]
    pinned: bool
    hashed: Evidence | None
    direct_reference: Evidence | None
    version: str | None


def propose(view: View) -> Proposal | Refusal | None:
    """The CPU index for the first install of every stage that brings torch, or our copy of a changed file anew."""
    table = knowledge("gpu_packages")["torch"]
    pulls = [pull for stage in view.document.stages for pull in _pulls(view, stage, table)[:1]]
    if not pulls:
        return _refresh(view, table)
    refusal = _refusal(view, pulls)
    if refusal is not None:
        return refusal
    return _proposal(view, pulls, table)


def _refresh(view: View, table: Mapping[str, Any]) -> Proposal | None:
    """Our copy of a requirements file, where it no longer holds the packages that the person's file holds."""
    for stage in view.document.stages:
        for reading in read_steps(view.document, stage):
            for manifest in manifests_of(view.workspace, view.document, stage, reading).found:
                original = manifest.path.replace(_SUFFIX, "")
                if _SUFFIX not in manifest.path or not view.workspace.is_file(original):
                    continue
                old = view.workspace.read(manifest.path)
                new = _listing(view, read_tree(view.workspace, original)[0], table).encode("utf-8", "surrogateescape")
                if not old.startswith(_HEADER.encode()) or sorted(old.split(b"\n")) == sorted(new.split(b"\n")):
                    continue
                edits: dict[str, bytes | None] = {manifest.path: new}
                family = _family_edits(view, stage, original, table)
                if family:
                    edits[view.dockerfile] = splice(view.document, family).source
                return Proposal(
                    rule=ID,
                    title=f"Bring {manifest.path} up to date",
                    category=CATEGORY,
                    safety="safe",
                    why=f"{original} changed since {manifest.path} was made from it.",
                    evidence=(Evidence(manifest.path, 1, _HEADER), evidence_at(view, reading.instruction)),
                    edits=edits,
                    risk="The file is made again from yours; nothing else changes.",
                )
    return None


def _family_edits(view: View, stage: Stage, original: str, table: Mapping[str, Any]) -> list[Edit]:
    """The versions of the torch family in the step that installs it, as the requirements file has them now."""
    family = frozenset(table["family"])
    wanted = {
        r.name: _requirement_text(r) for r in parse_requirements(view.workspace.read(original), original).requirements
    }
    return [
        Edit(word.span, wanted[name])
        for reading in read_steps(view.document, stage)
        for install in reading.installs
        if _is_family_install(install, family)
        for word in install.packages
        if (name := _name(word.value)) in wanted and word.text != wanted[name]
    ]


def _is_family_install(install: Install, family: frozenset[str]) -> bool:
    """Whether it installs the torch family, and nothing else, from an index of its own."""
    names = {_name(word.value) for word in install.packages}
    return is_pip(install) and bool(names) and names <= family and install.has("-i", "--index-url", "--default-index")


def _name(word: str | None) -> str:
    return normalise_name(re.split(r"[\s\[=<>!~;@]", word or "", maxsplit=1)[0])


def _pulls(view: View, stage: Stage, table: Mapping[str, Any]) -> list[_Pull]:
    """The installs that bring torch from somewhere else than a CPU index, in order."""
    found: list[_Pull] = []
    for reading in read_steps(view.document, stage):
        if any(_is_family_install(install, frozenset(table["family"])) for install in reading.installs):
            return []
        manifests = manifests_of(view.workspace, view.document, stage, reading) if reading.installs else ManifestsOf()
        for install in reading.installs:
            if is_pip(install) and not _has_cpu_index(view, stage, reading, install, manifests):
                pull = _pull(view, stage, reading, install, manifests, table)
                found += [pull] if pull is not None else []
    return found


def _has_cpu_index(view: View, stage: Stage, reading: Reading, install: Install, manifests: ManifestsOf) -> bool:
    """Whether the install already looks into a CPU index: by an option, a line of its files, or the environment."""
    state = environment(view.document, stage, reading.instruction)
    texts = [option.value or "" for option in install.options]
    texts += [
        state.env.get(name) or ""
        for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_TORCH_BACKEND", "UV_INDEX_URL")
    ]
    for manifest in manifests.found:
        file = parse_requirements(view.workspace.read(manifest.path), manifest.path)
        texts += [line.text for line in file.lines if line.kind in ("index", "requirement")]
    return any(CPU_INDEX.search(text) for text in texts) or install.option("--torch-backend") is not None


def _pull(
    view: View, stage: Stage, reading: Reading, install: Install, manifests: ManifestsOf, table: Mapping[str, Any]
) -> _Pull | None:
    family = frozenset(table["family"])
    line = reading.instruction.start_line
    asked: list[tuple[Requirement, Evidence]] = []
    hashed: Evidence | None = None
    for word in install.packages:
        for requirement in parse_requirements((word.value or "").encode(), view.dockerfile).requirements:
            asked.append((requirement, Evidence(view.dockerfile, line, word.text)))
    for manifest in manifests.found:
        file = parse_requirements(view.workspace.read(manifest.path), manifest.path)
        for requirement in file.requirements:
            asked.append((requirement, Evidence(file.path, requirement.line, requirement.text)))
        if file.hashed and hashed is None:
            hashed = Evidence(file.path, 1, "hashes are pinned")
    members = [(r, e) for r, e in asked if r.name in family]
    pullers = [(r, e) for r, e in asked if _pulls_torch(r, table)]
    if not members and not pullers:
        return None
    direct = next((e for r, e in members if r.url is not None or r.path is not None), None)
    words = tuple(dict.fromkeys(_requirement_text(r) for r, _ in members)) or ("torch",)
    return _Pull(
        stage=stage,
        reading=reading,
        install=install,
        manifests=manifests.found,
        family=words,
        evidence=tuple(e for _, e in members) or tuple(e for _, e in pullers[:3]),
        pinned=bool(members) and all(r.version is not None for r, _ in members),
        hashed=hashed,
        direct_reference=direct,
        version=next((r.version for r, _ in members if r.name == "torch"), None),
    )


def _pulls_torch(requirement: Requirement, table: Mapping[str, Any]) -> bool:
    for entry in table["pulled_by"]:
        if requirement.name in entry["names"]:
            extra = entry.get("extra")
            return extra is None or extra in requirement.extras
    return False


def _requirement_text(requirement: Requirement) -> str:
    extras = f"[{','.join(requirement.extras)}]" if requirement.extras else ""
    marker = f"; {requirement.marker}" if requirement.marker else ""
    text = f"{requirement.name}{extras}{requirement.specifier.replace(' ', '')}{marker}"
    return f"'{text}'" if set(text) & set('<>[];!*~ "$') else text


def _refusal(view: View, pulls: Iterable[_Pull]) -> Refusal | None:
    """The precondition that does not hold, if one does not."""
    if gpu_verdict(view.inspection.gpu) == "gpu":
        signs = tuple(s for s in view.inspection.gpu if s.kind not in ("guarded-call", "unclear-call", "cpu-index"))
        words = {
            "base-image": "a CUDA base image",
            "caller": "a caller that asks for GPUs",
            "cuda-index": "a CUDA index",
            "cuda-call": "a CUDA call that is not guarded",
            "gpu-package": "a package that exists for GPUs only",
        }
        first = signs[0]
        place = f"{first.evidence.path}:{first.evidence.line}" if first.evidence.line else first.evidence.path
        return Refusal(
            ID,
            f"this service uses a GPU: {words.get(first.kind, first.kind)} at {place}",
            tuple(s.evidence for s in signs[:5]),
        )
    for pull in pulls:
        here = pull.evidence[:1]
        if pull.hashed is not None:
            return Refusal(
                ID,
                f"{pull.hashed.path} pins hashes, and the CPU wheels have others: lock it against the CPU index "
                "(for example `pip-compile --generate-hashes --index-url` with that index)",
                here,
            )
        if pull.direct_reference is not None:
            return Refusal(
                ID, f"{pull.direct_reference.path} takes torch from a direct reference", (pull.direct_reference,)
            )
        elsewhere = next((o.name for o in pull.install.options if o.name in _ELSEWHERE), None)
        if elsewhere is not None:
            return Refusal(
                ID, f"the install uses {elsewhere}: pip would not see the CPU build there and install CUDA again", here
            )
        if pull.install.has("--no-deps") or pull.install.has("--require-hashes"):
            return Refusal(
                ID, "the install uses --no-deps or --require-hashes: what it installs is fixed elsewhere", here
            )
    return None


def _proposal(view: View, pulls: list[_Pull], table: Mapping[str, Any]) -> Proposal:
    index = view.settings.torch_index or str(table["cpu_index"])
    edits: list[Edit] = []
    files: dict[str, bytes | None] = {}
    for pull in pulls:
        own_file = _own_file(view, pull, table)
        edits += _dockerfile_edits(view, pull, index, own_file)
        if own_file is not None:
            files[own_file.path] = own_file.content
    document = splice(view.document, edits)
    verdict = gpu_verdict(view.inspection.gpu)
    private = _other_index(view, pulls)
    safety: Safety = "safe" if verdict == "none" and private is None else "review"
    guarded = [sign.evidence for sign in view.inspection.gpu if sign.kind == "guarded-call"]
    doubts = [sign.evidence for sign in view.inspection.gpu if sign.kind in ("unclear-call", "cuda-call")]
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety=safety,
        why="On Linux this install downloads the CUDA build of torch with NVIDIA's libraries; nothing here uses a GPU."
        if verdict == "none"
        else "On Linux this install downloads the CUDA build of torch; whether this service uses a GPU is not clear.",
        evidence=tuple(dict.fromkeys([e for pull in pulls for e in pull.evidence] + guarded[:3] + doubts[:3])),
        edits={view.dockerfile: document.source, **files},
        estimate=_estimate(pulls, table),
        risk=_risk(pulls, guarded, private),
        disputed=bool(doubts) or private is not None,
    )


@dataclass(frozen=True, slots=True)
class _OwnFile:
    """The copy of a requirements file for the image."""

    original: str
    path: str
    content: bytes


def _own_file(view: View, pull: _Pull, table: Mapping[str, Any]) -> _OwnFile | None:
    """The copy, where exactly one requirements file is installed and a COPY names it; None elsewhere."""
    if len(pull.install.requirement_files) != 1:
        return None
    name = posixpath.normpath(pull.install.requirement_files[0])
    first = next((m for m in pull.manifests if posixpath.basename(m.image_path) == posixpath.basename(name)), None)
    if first is None or first.image_path not in _image_paths(view, pull):
        return None
    stem, suffix = posixpath.splitext(first.path)
    path = f"{stem}{_SUFFIX}{suffix or '.txt'}"
    if view.workspace.exists(path) or _ignored(view, path):
        return None
    try:
        file = read_tree(view.workspace, first.path)[0]
    except DockwizError:
        return None
    return _OwnFile(first.path, path, _listing(view, file, table).encode("utf-8", "surrogateescape"))


def _image_paths(view: View, pull: _Pull) -> frozenset[str]:
    """Where the manifests stand that a COPY names one by one (a COPY of a whole folder brings our file by itself)."""
    return frozenset(m.image_path for m in pull.manifests if _names(view, m) or m.copy.sources == (".",))


def _names(view: View, manifest: Manifest) -> bool:
    return (view.workspace.to_context(manifest.path) or manifest.path) in manifest.copy.sources


def _ignored(view: View, path: str) -> bool:
    inside = view.workspace.to_context(path)
    return inside is None or read_ignore_file(view.workspace, view.dockerfile).explain(inside)[0]


def _listing(view: View, file: RequirementsFile, table: Mapping[str, Any]) -> str:
    """The file's packages, those first that change least, and the file itself last, so that no addition is missed."""
    counts = line_change_counts(view.workspace, file.path)
    family = frozenset(table["family"])
    options = [line for line in file.lines if line.kind in ("index", "option")]
    packages = [line for line in file.lines if line.requirement is not None]
    dropped = [line for line in packages if _is_cuda_library(line.requirement, table)]
    kept = [line for line in packages if line not in dropped]
    others = [line for line in file.lines if line.kind in ("include", "constraint")]

    def frequency(line: Any) -> tuple[bool, int]:
        name = normalise_name(line.requirement.name or "")
        return name not in family, counts.get(name, 0)

    lines = [
        f"{_HEADER} {posixpath.basename(file.path)} for the image without a GPU: the same packages,",
        "# those first that change least. The Dockerfile installs the torch family before, from the CPU index.",
        *(line.text for line in [*options, *sorted(kept, key=frequency), *others]),
    ]
    if dropped:
        lines.append(
            f"# Left out, because only the CUDA build of torch uses them: {', '.join(line.text for line in dropped)}"
        )
    else:
        lines += ["# What is added there later is installed too:", f"-r {posixpath.basename(file.path)}"]
    return "\n".join(lines) + "\n"


def _is_cuda_library(requirement: Requirement | None, table: Mapping[str, Any]) -> bool:
    name = requirement.name if requirement is not None else None
    return name is not None and any(fnmatch.fnmatchcase(name, pattern) for pattern in table["cuda_runtime"])


def _dockerfile_edits(view: View, pull: _Pull, index: str, own_file: _OwnFile | None) -> Iterable[Edit]:
    style = style_of(view.document)
    tool = "uv pip install" if pull.install.manager == "uv" else _pip_words(pull.install)
    kept = [word.text for option in pull.install.options if option.name in _KEPT_OPTIONS for word in option.words]
    alone = ["--no-deps"] if pull.pinned and len(pull.family) == 1 else []
    # pip takes packages over plain http only from a host that it was told to trust, as of a mirror in one's own network.
    trusted = ["--trusted-host", urlsplit(index).netloc] if urlsplit(index).scheme == "http" else []
    words = [tool, *kept, *alone, *trusted, "--index-url", index, *pull.family]
    place = _first_place(view, pull)
    yield insert_before(view.document, place, style.instruction("RUN", " ".join(words)))
    if own_file is None:
        return
    old, new = posixpath.basename(own_file.original), posixpath.basename(own_file.path)
    for option in pull.install.options:
        if option.name in ("-r", "--requirement", "--requirements") and option.value is not None:
            word = option.words[-1]
            yield Edit(word.span, word.text.replace(old, new))
    for copy in {m.copy.instruction.index: m.copy for m in pull.manifests if _names(view, m)}.values():
        for source in copy.instruction.words[:-1]:
            if posixpath.basename(source.text) == old:
                yield Edit(source.span, f"{source.text} {source.text.replace(old, new)}")


def _pip_words(install: Install) -> str:
    """The words up to the verb, as the person calls pip: `pip`, `pip3`, `python -m pip`."""
    words = install.command.words
    end = next(n for n, word in enumerate(words) if word.span == install.verb_word.span)
    return " ".join(word.text for word in words[: end + 1])


def _first_place(view: View, pull: _Pull) -> Instruction:
    """Above the COPY of the manifests where that stands directly before the install, so that an edited manifest does
    not fetch torch again; else above the install."""
    instructions = view.document.instructions
    place = pull.reading.instruction
    copies = {m.copy.instruction.index for m in pull.manifests if _names(view, m)}
    while place.index - 1 in copies and instructions[place.index - 1].keyword == "COPY":
        place = instructions[place.index - 1]
    return place


def _other_index(view: View, pulls: Iterable[_Pull]) -> str | None:
    """An index of the person's own that the install uses; None where it is the usual one."""
    for pull in pulls:
        used = next((o.name for o in pull.install.options if o.name in _OTHER_INDEX), None)
        state = environment(view.document, pull.stage, pull.reading.instruction)
        variable = next((name for name in _INDEX_VARIABLES if name in state.env or name in state.args), None)
        lines = [
            line.text
            for manifest in pull.manifests
            for line in parse_requirements(view.workspace.read(manifest.path), manifest.path).indexes
            if line.option in _OTHER_INDEX
        ]
        found = used or variable or (lines[0].split()[0] if lines else None)
        if found is not None:
            return found
    return None


def _estimate(pulls: Iterable[_Pull], table: Mapping[str, Any]) -> Estimate:
    """From the catalogue: the sizes of the release asked for, or of the nearest one known."""
    wanted = next((_numbers(pull.version) for pull in pulls if pull.version), None)
    entries = sorted(table["sizes"], key=lambda entry: _numbers(entry["version"]))
    at_most = [entry for entry in entries if wanted is None or _numbers(entry["version"]) <= wanted]
    entry = (at_most or entries)[-1]
    return Estimate(None, entry["cuda_wheel"] + entry["cuda_libraries"] - entry["cpu_wheel"], "catalogue")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("+")[0].split(".") if part.isdigit())


def _risk(pulls: Iterable[_Pull], guarded: list[Evidence], private: str | None) -> str:
    parts = [
        "The same versions are installed; code that asks torch.cuda.is_available() is told no, as without a GPU today."
    ]
    if not guarded:
        parts = ["The same versions are installed; no code here asks for CUDA."]
    if not all(pull.pinned for pull in pulls):
        parts.append(
            "torch is not pinned: should another package ask for an older one, pip would fetch that with CUDA; "
            "pin it to rule that out."
        )
    if private is not None:
        parts.append(
            f"The install uses an index of its own ({private}): name your mirror of the CPU wheels with --torch-index."
        )
    return " ".join(parts)
