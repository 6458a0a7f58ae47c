"""Copy into a layer of its own, which stays when what lies below it changes.

What it does
: Adds `--link` to copies that stand on top of something that changes more often than what they copy.

Why
: A linked layer does not depend on those below it, so it is not made anew when they change. Measured with 200 MB from
  another stage on an engine 28.5 with the containerd image store: 1.2 s instead of 5 s. With the classic image store
  the engine ignores the flag, and where nothing below changes more often it gains nothing: then nothing is proposed.

When it is safe
: With `--link` the folders on the way to the destination are made anew (root, mode 0755), links among them are
  replaced, and names of users are not known. So it is proposed only where the destination is new in the image,
  everything above it is one of /, /opt, /srv or a folder that WORKDIR made as root, no step mentions it or changes
  owners or modes around it, and the copy has no --chown, --chmod, --parents or --exclude.

Source
: docs.docker.com, Dockerfile reference, `COPY --link`; moby/buildkit issue 4325; owners, modes and links tried on
  engine 28.5 with both image stores.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.editing import set_flag, splice
from wizard.dockerfile.sources import operands
from wizard.dockerfile.stages import base_image, base_stage, lineage, reachable, triggers
from wizard.dockerfile.state import environment
from wizard.inspection.copies.below_folder import made_by_workdir, names_folder
from wizard.inspection.copies.placed import (
    ContextCopy,
    bytes_at_most,
    context_copies,
    copies_sources,
    lands_at,
    lies_in,
)
from wizard.inspection.frontend import frontend_of
from wizard.inspection.image_names import known_image, name_parts
from wizard.inspection.inputs import Inputs, changes_more_often, inputs_of
from wizard.inspection.places import line_at
from wizard.inspection.steps import read_steps
from wizard.rules.base import Category, Proposal, Refusal, View, evidence_at
from wizard.wording import listed

ID = "copy-link"
TITLE = "Copy into layers that stay when those below change"
CATEGORY: Category = "speed"

_ROOTS_OWN = ("/", "/opt", "/srv")
"""Root's with mode 0755 in every official image, and no links."""
_OF_THE_SYSTEM = frozenset(
    {"bin", "boot", "dev", "etc", "go", "home", "lib", "lib64", "media", "mnt", "proc", "root", "run", "sbin", "sys",
     "tmp", "usr", "var"}
)  # fmt: skip
_ON_FOLDERS = re.compile(r"\b(?:chown|chmod|chgrp|setfacl|ln|mv|install|umask)\b")
_WORTH = 20_000_000
"""Bytes of the context below which a copy takes less than half a second with either image store."""


def propose(view: View) -> Proposal | Refusal | None:
    """`--link` for every copy that is made again for what it does not depend on."""
    document = view.document
    wanted = [(stage, copy, below) for stage, copy, below in _upon_what_changes(view) if _is_large(view, stage, copy)]
    if not wanted:
        return None
    first = wanted[0][1]
    engine, frontend = view.inspection.engine, frontend_of(document, view.inspection.engine)
    if not frontend.has("link"):
        return Refusal(ID, frontend.lacks("link"), (evidence_at(view, first),))
    if engine is not None and engine.driver in (None, "docker") and engine.store != "containerd":
        because = f"the engine's image store ({engine.store}) ignores --link: nothing would be gained"
        return Refusal(ID, because, (evidence_at(view, first),))
    problems = [(copy, _unfit(view, stage, copy)) for stage, copy, _ in wanted]
    able = [(copy, below) for (_, copy, below), (_, because) in zip(wanted, problems, strict=True) if because is None]
    left = [(copy, because) for copy, because in problems if because is not None]
    if not able:
        return Refusal(ID, f"{line_at(first.start_line)}: {left[0][1]}", (evidence_at(view, first),))
    result = splice(document, [set_flag(document, copy, "link", None) for copy, _ in able])
    places = listed([line_at(copy.start_line) for copy, _ in able])
    above = listed(list(dict.fromkeys(line_at(below.start_line) for _, below in able)))
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="safe",
        why=f"Whenever {above} copies something new, {places} copies the same files again.",
        evidence=tuple(evidence_at(view, instruction) for pair in able for instruction in pair),
        edits={view.dockerfile: result.source},
        planned=result.planned,
        risk="The destinations are new in the image. An engine with the classic image store ignores the flag."
        + "".join(f" {line_at(copy.start_line).capitalize()} is left as it is: {because}." for copy, because in left),
    )


def _upon_what_changes(view: View) -> Iterator[tuple[Stage, Instruction, Instruction]]:
    """The copies without the flag that the last stage needs, with their stage and the first instruction below them that
    is known to change more often than what they copy."""
    document, counts = view.document, view.inspection.change_counts
    stages = [document.stages[number] for number in sorted(reachable(document, document.stages[-1]))]
    reading = [
        [
            (instruction, inputs_of(view.workspace, counts, document, stage, instruction))
            for instruction in stage.instructions
            if instruction.keyword in ("COPY", "ADD") or (instruction.keyword == "RUN" and instruction.flags)
        ]
        for stage in document.stages
    ]
    for stage in stages:
        below: dict[Inputs, Instruction] = {}
        copies = any(instruction.keyword == "COPY" for instruction, _ in reading[stage.index])
        for one in lineage(document, stage) if copies else ():
            for instruction, inputs in reading[one.index]:
                linked = any(flag.name == "link" for flag in instruction.flags)
                if one is stage and instruction.keyword == "COPY" and not linked:
                    first = next((first for these, first in below.items() if changes_more_often(these, inputs)), None)
                    if first is not None:
                        yield stage, instruction, first
                if inputs.paths:
                    below.setdefault(inputs, instruction)


def _is_large(view: View, stage: Stage, copy: Instruction) -> bool:
    """Whether the copy takes time: yes for what another stage or image has, whose size is not known."""
    if copy.flag("from"):
        return True
    known = next((one for one in context_copies(view.document, stage) if one.instruction is copy), None)
    return known is not None and bytes_at_most(view.workspace, known) >= _WORTH


def _unfit(view: View, stage: Stage, copy: Instruction) -> str | None:
    """Why the copy would not do the same with `--link`."""
    document = view.document
    odd = next((flag.name for flag in copy.flags if flag.name != "from"), None)
    if odd is not None or copy.heredocs:
        return f"it has --{odd or 'link and a heredoc'}, which does something else with --link"
    target = lands_at(document, stage, copy)
    state = environment(document, stage, copy)
    written = state.expand(operands(copy)[-1])
    if target is None or written is None or (not written.startswith("/") and state.workdir is None):
        return "where it copies to is only known in the build"
    image = base_image(document, stage)
    name, tag, _ = name_parts(image)
    if image != "scratch" and ("/" in name or known_image(name) is None or "onbuild" in tag):
        return f"whether the image {image} has links or owners of its own on the way to {target} is not known"
    if any(triggers(document, base_stage(document, one)) for one in lineage(document, stage)):
        return "an ONBUILD of a stage below may make folders on the way"
    if target in _ROOTS_OWN or target.split("/")[1] in _OF_THE_SYSTEM:
        return f"{target} is a folder of the system, or lies in one: links and owners there are not known"
    return _not_new(view, stage, copy, target, is_folder=written.endswith("/") or written in (".", ".."))


def _not_new(view: View, stage: Stage, copy: Instruction, target: str, *, is_folder: bool) -> str | None:
    """What makes the destination, or changes a folder on the way to it, before the copy does."""
    document = view.document
    way = _way(target)
    workdirs: set[str] = set()
    for one in lineage(document, stage):
        for reading in read_steps(document, one):
            instruction = reading.instruction
            if one is stage and instruction.index >= copy.index:
                break
            place, state = line_at(instruction.start_line), environment(document, one, instruction)
            if instruction.keyword == "WORKDIR":
                made = made_by_workdir(state, instruction)
                if made is None:
                    return f"{place} makes a folder whose name only the build knows"
                if not state.is_root and any(folder in way for folder in _way(made)):
                    return f"{place} may make a folder for another user than root"
                workdirs |= set(_way(made))
            elif instruction.keyword == "RUN":
                text = instruction.span.of(document.source).decode("utf-8", "replace")
                inside = any(state.workdir is not None and lies_in(state.workdir, folder) for folder in way)
                if any(names_folder(text, state, folder) for folder in way) or (
                    inside and (reading.role == "unknown" or reading.moves or _ON_FOLDERS.search(text))
                ):
                    return f"{place} may change a folder on the way to {target}"
            elif instruction.keyword in ("COPY", "ADD"):
                because = _copied(view, document, one, instruction, target, workdirs)
                if because is not None:
                    return f"{place} {because}"
    if target in workdirs and not is_folder:
        return f"{target} is a folder that is there already, and would be replaced (a slash behind it would tell)"
    return None


def _way(target: str) -> tuple[str, ...]:
    """The folders from the root to a path, itself included, without those that every image has."""
    parts = target.strip("/").split("/")
    paths = ("/" + "/".join(parts[: number + 1]) for number in range(len(parts)))
    return tuple(path for path in paths if path not in _ROOTS_OWN)


def _copied(
    view: View, document: Document, stage: Stage, instruction: Instruction, target: str, workdirs: set[str]
) -> str | None:
    """Why an earlier copy may have put something on the way to the destination, or into it."""
    place = lands_at(document, stage, instruction)
    if place is None:
        return "copies to a place that only the build knows"
    if lies_in(place, target):
        return f"copies to {place} already"
    if not lies_in(target, place):
        shared = [folder for folder in _way(target) if lies_in(place, folder) and folder not in workdirs]
        return f"makes {shared[0]} in its own way" if shared else None
    if place not in workdirs and place not in _ROOTS_OWN:
        return f"makes {place} in its own way"
    copy = next((one for one in context_copies(document, stage) if one.instruction is instruction), None)
    if copy is None or instruction.keyword == "ADD":
        return f"may bring something to {target}"
    first = posixpath.relpath(target, place).partition("/")[0]
    return f"may bring something to {target}" if _brings(view, copy, first) else None


def _brings(view: View, copy: ContextCopy, name: str) -> bool:
    """Whether the copy may bring a file or folder of this name directly into its destination."""
    if any(set(source) & set("*?[") for source in copy.sources):
        return True
    if not copies_sources(view.workspace, copy):
        return any(posixpath.basename(source) == name for source in copy.sources)
    paths = (view.workspace.from_context(posixpath.join(source, name)) for source in copy.sources)
    return any(view.workspace.exists(path) for path in paths)
