"""Install the counterpart of a package that leaves out what a container without a GPU or a screen cannot use.

What it does
: Writes another name in your requirements file or in the RUN line: `tensorflow-cpu` for `tensorflow` (on x86-64 alone,
  by a marker), `xgboost-cpu` for `xgboost`, `onnxruntime` for `onnxruntime-gpu`, `faiss-cpu` for `faiss-gpu`,
  `opencv-python-headless` for `opencv-python`. The version and the import stay the same.

Why
: The larger ones bring CUDA kernels, NCCL or a window toolkit along: from 13 MB (OpenCV) to 860 MB (faiss) to download.

When it is safe
: Always for a review, because which packages require the larger one by its name is known for those of a catalogue
  alone; with two of them, one folder holds the files of both. Refused where such a package is installed, where a line
  of the code needs what is left out (a CUDA call, a GPU's execution provider, a window of OpenCV), where something asks
  for a GPU, where the release does not exist under the other name, where hashes are pinned or the file is compiled from
  another one, and where another Dockerfile installs from the same file.

Source
: The install pages of TensorFlow, XGBoost, ONNX Runtime, faiss and opencv-python; PyPI's release lists and file sizes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from wizard.dockerfile.editing import Edit, splice
from wizard.dockerfile.errors import EditConflict
from wizard.inspection.ecosystems.requirements import RequirementsFile
from wizard.inspection.files import list_files
from wizard.inspection.gpu.counterparts import (
    Asked,
    Counterpart,
    PipInstalls,
    conflict,
    counterparts,
    in_a_test,
    is_wanted,
    lines_against,
    other_reader,
    pip_installs,
    replaced,
)
from wizard.inspection.gpu.evidence import gpu_use, gpu_verdict
from wizard.inspection.places import place_at
from wizard.inspection.values import Evidence, GpuEvidence
from wizard.rules.base import Category, Estimate, Proposal, Refusal, View
from wizard.wording import listed

ID = "cpu-only-packages"
TITLE = "Install packages without what a container cannot use"
CATEGORY: Category = "size"


class _Change(NamedTuple):
    """A package that is asked for under the name of its counterpart."""

    counterpart: Counterpart
    asked: tuple[Asked, ...]
    doubts: tuple[Evidence, ...]
    """What speaks against it, and does not decide."""


def propose(view: View) -> Proposal | Refusal | None:
    """The counterparts of all packages whose preconditions hold, as one proposal."""
    installs = pip_installs(view.workspace, view.document)
    changes: list[_Change] = []
    refusals: list[Refusal] = []
    for counterpart in counterparts():
        asked = tuple(one for one in installs.asked if is_wanted(one.requirement, counterpart))
        if not asked:
            continue
        found = _examined(view, installs, counterpart, asked)
        if isinstance(found, Refusal):
            refusals.append(found)
        else:
            changes.append(found)
    try:
        return _proposal(view, installs, changes, refusals) if changes else next(iter(refusals), None)
    except EditConflict as reason:
        return Refusal(ID, reason.message, (changes[0].asked[0].evidence,))


# -- what must hold --


def _examined(
    view: View, installs: PipInstalls, counterpart: Counterpart, asked: tuple[Asked, ...]
) -> _Change | Refusal:
    """The change, or the first precondition that does not hold."""
    here = tuple(one.evidence for one in asked)
    if installs.problem is not None:
        return Refusal(ID, f"which files the install reads cannot be told: {installs.problem}", here)
    because = conflict(view.workspace, installs, asked, counterpart)
    if because is not None:
        return Refusal(ID, because, here)
    others = [path for path in view.inspection.dockerfiles if path != view.dockerfile]
    for path in sorted({one.evidence.path for one in asked if one.word is None}):
        reader = other_reader(view.workspace, others, path)
        if reader is not None:
            reason = f"{path} is also read for {place_at(reader.path, reader.line)}, whose image would change with it"
            return Refusal(ID, reason, (*here, reader))
    signs = _other_signs(view, asked)
    use = gpu_use(signs) if counterpart.gpu else None
    if use is not None:
        return Refusal(ID, f"this service uses a GPU: {use[0]}", (*use[1], *here), use[1])
    lines = lines_against(view.workspace, view.document, _paths(view), counterpart)
    firm = [line for line in lines if not in_a_test(view.workspace, line)]
    if firm:
        place = place_at(firm[0].path, firm[0].line)
        return Refusal(
            ID, f"{place} needs {counterpart.lacks} of {counterpart.package}: {firm[0].text}", tuple(firm[:5])
        )
    contradicts = counterpart.gpu and gpu_verdict(signs) == "unclear"
    kinds = ("unclear-call", "cuda-call", "cuda-device") if contradicts else ()
    return _Change(counterpart, asked, (*lines, *(sign.evidence for sign in signs if sign.kind in kinds)))


def _other_signs(view: View, asked: Iterable[Asked]) -> tuple[GpuEvidence, ...]:
    """The signs of a GPU besides the package in question itself."""
    places = {(one.evidence.path, one.evidence.line) for one in asked}
    return tuple(
        sign
        for sign in view.inspection.gpu
        if sign.kind != "gpu-package" or (sign.evidence.path, sign.evidence.line) not in places
    )


def _paths(view: View) -> tuple[str, ...]:
    """The files of the build context and its callers, relative to the root."""
    inside = list_files(view.workspace).below(view.workspace.context)
    return tuple(dict.fromkeys((*inside, *(caller.path for caller in view.inspection.callers))))


# -- the change --


def _proposal(view: View, installs: PipInstalls, changes: list[_Change], refusals: list[Refusal]) -> Proposal:
    """Raises EditConflict where a line cannot be replaced as it stands."""
    files = {file.path: file for file in installs.files}
    contents: dict[str, bytes | None] = {
        path: _rewritten(files[path], changes)
        for path in sorted({one.evidence.path for change in changes for one in change.asked if one.word is None})
    }
    result = splice(view.document, _word_edits(view, changes))
    if result.source != view.document.source:
        contents[view.dockerfile] = result.source
    doubts = [doubt for change in changes for doubt in change.doubts]
    asked = [one.evidence for change in changes for one in change.asked]
    names = listed([f"{change.counterpart.replacement} for {change.counterpart.package}" for change in changes])
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="review",
        why=f"Nothing found here uses {_lacking(changes)}: {names}.",
        evidence=tuple(dict.fromkeys((*asked, *doubts[:3]))),
        edits=dict(contents),
        planned=result.planned,
        estimate=Estimate(None, sum(change.counterpart.saves for change in changes), "catalogue"),
        risk=_risk(changes, refusals, contents, view.dockerfile),
        disputed=bool(doubts),
        against=tuple(dict.fromkeys(doubts[:3])),
    )


def _rewritten(file: RequirementsFile, changes: list[_Change]) -> bytes:
    """The file with the packages under their other names; everything else stays as it is written."""
    by_line = {
        one.requirement.line: (one, change.counterpart)
        for change in changes
        for one in change.asked
        if one.word is None and one.evidence.path == file.path
    }
    parts: list[str] = []
    for line in file.lines:
        if line.requirement is None or line.requirement.line not in by_line:
            parts.append(line.source)
            continue
        one, counterpart = by_line[line.requirement.line]
        if line.source.count(one.requirement.text) != 1:
            raise EditConflict(f"{place_at(file.path, line.line)} is written over several lines", path=file.path)
        end = "\r\n" if line.source.endswith("\r\n") else "\n"
        parts.append(line.source.replace(one.requirement.text, end.join(replaced(one.requirement, counterpart))))
    return "".join(parts).encode(file.encoding)


def _word_edits(view: View, changes: list[_Change]) -> Iterator[Edit]:
    for change in changes:
        for word, requirement in ((one.word, one.requirement) for one in change.asked if one.word is not None):
            inside = next(i for i in view.document.instructions if i.span.start <= word.span.start < i.span.end)
            if inside.json is not None:
                raise EditConflict("the install is written in JSON", path=view.dockerfile, line=inside.start_line)
            texts = replaced(requirement, change.counterpart)
            yield Edit(word.span, " ".join(f"'{text}'" if set(text) & set('<>[];!*~ "$') else text for text in texts))


# -- what is said about it --


def _lacking(changes: list[_Change]) -> str:
    return listed(list(dict.fromkeys(change.counterpart.lacks for change in changes)))


def _risk(changes: list[_Change], refusals: list[Refusal], contents: Iterable[str], dockerfile: str) -> str:
    own = sorted(path for path in contents if path != dockerfile)
    parts = ["No package of the catalogue that is installed here requires the larger one by name; others might."]
    if own:
        parts.append(f"{listed(own)} itself is changed: whoever installs from it elsewhere gets the same.")
    parts += [
        f"{one.replacement} has wheels for x86-64 alone; other machines keep {one.package}."
        for one in (change.counterpart for change in changes)
        if one.machine is not None
    ]
    if any(change.counterpart.module == "cv2" for change in changes):
        parts.append("Libraries that were installed for OpenCV's windows (libgl1) can go once the service ran without.")
    parts += [f"Left as it is: {refusal.because}." for refusal in refusals]
    return " ".join(parts)
