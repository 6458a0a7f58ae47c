"""Copy the manifests and install the dependencies before copying the sources.

What it does
: The instruction that copies the sources moves below the steps that install packages. Where an install reads
  requirements files, a COPY of exactly these files is put in front of it.

Why
: BuildKit runs a step again when a file that an earlier COPY brought has changed. With the sources copied first, one
  edited file reinstalls every package; with the manifests first, only an edited manifest does.

When it is safe
: Every step that the sources move past is known not to read them: installs of named packages or of requirements files
  that are in the build context (with all that they include), user creation, cleaning up. No local project is
  installed (`-e .`). The sources do not go to a system folder, and no pip setting in the environment points into them.
  Otherwise the rule refuses and names the step.

Source
: Docker's "Optimize cache usage in builds", order your layers.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from wizard.dockerfile.arguments import decode
from wizard.dockerfile.document import Document, Instruction, Span, Stage
from wizard.dockerfile.editing import Edit, block, delete, insert_after, insert_before, splice
from wizard.dockerfile.state import environment
from wizard.dockerfile.style import style_of
from wizard.inspection.barriers import barrier as why_not_after
from wizard.inspection.barriers import named_by
from wizard.inspection.copies import (
    IMAGE_FOLDER,
    MANIFESTS,
    ContextCopy,
    brings_only,
    context_copies,
    context_path,
    copies_more_than_manifests,
    copies_sources,
    lands_at,
    lies_in,
    working_directory,
)
from wizard.inspection.pip_installs import Manifest, manifests_of, requirement_files
from wizard.inspection.places import line_at
from wizard.inspection.steps import Reading, read_steps, unread_runs
from wizard.rules.base import Category, Proposal, Refusal, View, evidence_at, unread

ID = "dependency-layer"
TITLE = "Install the dependencies before copying the sources"
CATEGORY: Category = "speed"

_INSTALLS = r"\b(?:pip3?|uv\s+pip)\b[^;&|]*\binstall\b"
_SYSTEM_FOLDERS = ("/etc", "/usr/local", "/usr/share", "/usr/lib", "/usr/bin", "/bin", "/sbin", "/lib", "/run", "/dev")
_SYSTEM_NAMES = ("etc", "usr", "bin", "lib", "opt", "root", "var", "home")
_HOME_SETTINGS = (".netrc", ".pip", ".config", ".pypirc")


class _Move(NamedTuple):
    """Which instructions of a stage move below which, and the manifests that stay in front."""

    stage: Stage
    moved: tuple[Instruction, ...]
    below: Instruction
    installs: tuple[Reading, ...]
    manifests: tuple[tuple[Instruction, tuple[Manifest, ...]], ...]
    """Per install that reads manifests which only a moved instruction provides."""


def propose(view: View) -> Proposal | Refusal | None:
    """The move for every stage that copies its sources too early."""
    moves: list[_Move] = []
    refusals: list[Refusal] = []
    for stage in view.document.stages:
        outcome = _in_stage(view, stage)
        if isinstance(outcome, _Move):
            moves.append(outcome)
        elif isinstance(outcome, Refusal):
            refusals.append(outcome)
    if not moves:
        return refusals[0] if refusals else None
    document = splice(view.document, [edit for move in moves for edit in _edits(view, move)])
    first = moves[0]
    copy, install = first.moved[0], first.installs[0].instruction
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="safe",
        why=f"{line_at(copy.start_line).capitalize()} copies the sources before {line_at(install.start_line)} installs "
        "packages, so one edited file runs every install again.",
        evidence=tuple(
            evidence_at(view, item) for move in moves for item in (move.moved[0], move.installs[0].instruction)
        ),
        edits={view.dockerfile: document.source},
        planned=document.planned,
        risk=_risk(moves),
    )


def _in_stage(view: View, stage: Stage) -> _Move | Refusal | None:
    readings = read_steps(view.document, stage)
    copies = {copy.instruction.index: copy for copy in context_copies(view.document, stage)}
    start = next(
        (n for n, reading in enumerate(readings) if _brings_sources(view, reading, copies, readings[n:])), None
    )
    if start is None or not any(reading.installs for reading in readings[start:]):
        below = [] if start is None else [reading.instruction for reading in readings[start:]]
        return unread(view, ID, [run for run in unread_runs(view.document, _INSTALLS) if run in below])
    moved: list[Instruction] = []
    destinations: list[str] = []
    passed: list[Reading] = []
    barrier: str | None = None
    where = readings[start].instruction
    for number, reading in enumerate(readings[start:], start):
        where = reading.instruction
        if _brings_sources(view, reading, copies, readings[number:]):
            copy = copies[where.index]
            barrier = _immovable(view, stage, copy)
            moved.append(where)
            destinations.append(copy.destination)
        elif where.keyword in ("COPY", "ADD"):
            place, barrier = _beside(view, stage, reading, copies, moved, destinations, readings[number:])
            moved += [where] if place == "along" else []
        else:
            barrier = why_not_after(view.workspace, view.document, stage, reading, destinations)
            if barrier is None and reading.role in ("install", "neutral"):
                passed.append(reading)
        if barrier is not None:
            break
    installs = tuple(reading for reading in passed if reading.installs)
    if not installs:
        if barrier is None or not any(r.installs for r in readings if r.instruction.index >= where.index):
            return None
        return Refusal(ID, f"{line_at(where.start_line)}: {barrier}", (evidence_at(view, where),))
    last = installs[-1].instruction
    moved = [instruction for instruction in moved if instruction.index < last.index]
    needs = tuple(_needed_manifests(view, stage, installs, frozenset(i.index for i in moved)))
    for instruction in moved:
        problem = _cannot_land(stage, instruction, last, copies.get(instruction.index))
        if problem is not None:
            return Refusal(ID, problem, (evidence_at(view, instruction),))
    return _Move(stage, tuple(moved), last, installs, needs)


def _brings_sources(
    view: View, reading: Reading, copies: dict[int, ContextCopy], following: tuple[Reading, ...]
) -> bool:
    """Whether it copies more than what later installs read, to a place where sources live."""
    copy = copies.get(reading.instruction.index)
    if reading.role != "context-copy" or copy is None or reading.instruction.heredocs:
        return False
    if (
        copy.destination.startswith(tuple(f"{folder}/" for folder in _SYSTEM_FOLDERS))
        or copy.destination in _SYSTEM_FOLDERS
    ):
        return False
    if brings_only(view.workspace, copy, MANIFESTS):
        return False
    if copies_more_than_manifests(view.workspace, copy):
        return True
    wanted = {posixpath.basename(name) for later in following for i in later.installs for name in requirement_files(i)}
    return bool({posixpath.basename(source) for source in copy.sources} - wanted) and any(
        source.endswith(".py") for source in copy.sources
    )


def _immovable(view: View, stage: Stage, copy: ContextCopy) -> str | None:
    """Why the copy of the sources may not move at all."""
    instruction = copy.instruction
    odd = next(
        (flag.name for flag in instruction.flags if flag.name in ("exclude", "parents", "keep-git-dir", "checksum")),
        None,
    )
    if odd is not None:
        return f"the copy uses --{odd}, and what it brings is not worked out"
    state = environment(view.document, stage, instruction)
    if copy.destination in ("/", IMAGE_FOLDER):
        over = next((name for name in _SYSTEM_NAMES if _brings(view, copy, name)), None)
        if over is not None:
            return f"the sources are copied over the root folder and bring {over}/, which installs may read"
    if copy.destination == state.home:
        settings = [name for name in _HOME_SETTINGS if view.workspace.exists(view.workspace.from_context(name))]
        if settings:
            return f"the sources go to the home folder and bring {settings[0]}, which installs may read"
    return None


def _brings(view: View, copy: ContextCopy, name: str) -> bool:
    """Whether the copy puts something of this name directly into its destination."""
    return any(view.workspace.exists(view.workspace.from_context(f"{source}/{name}")) for source in copy.sources)


def _beside(
    view: View,
    stage: Stage,
    reading: Reading,
    copies: dict[int, ContextCopy],
    moved: list[Instruction],
    destinations: list[str],
    following: tuple[Reading, ...],
) -> tuple[str, str | None]:
    """What becomes of another copy that stands between the sources and an install: it `stays` or goes `along`.

    With the reason why the sources may not move past it, where it puts files among them that an install may need.
    """
    instruction = reading.instruction
    place = lands_at(view.document, stage, instruction)
    if place is None:
        return "stays", "where this copy goes depends on a value that only the build knows"
    if not any(lies_in(place, folder) or lies_in(folder, place) for folder in destinations):
        return "stays", None
    copy = copies.get(instruction.index)
    if copy is not None:
        return ("stays" if _same_files(view, copy, [copies[i.index] for i in moved]) else "along"), None
    if place in destinations or any(lies_in(folder, place) for folder in destinations):
        return "stays", "this copy puts files among the sources that are not in the build context"
    for later in following:
        if later.installs:
            state = environment(view.document, stage, later.instruction)
            manifests = manifests_of(view.workspace, view.document, stage, later).found
            if any(named_by(later, state, place)) or any(lies_in(m.image_path, place) for m in manifests):
                return "stays", f"an install may read what this copy puts to {place}"
    return "along", None


def _same_files(view: View, copy: ContextCopy, before: list[ContextCopy]) -> bool:
    """Whether the sources may be copied after this one too: of these files they bring the same ones, or none."""
    if copies_sources(view.workspace, copy) or not brings_only(view.workspace, copy, MANIFESTS):
        return False
    for source in copy.sources:
        target = (
            f"{copy.destination.rstrip('/')}/{posixpath.basename(source)}" if copy.into_folder else copy.destination
        )
        found = context_path(view.workspace, tuple(before), target)
        if found is not None and (found[0] != source or _ownership(found[1]) != _ownership(copy)):
            return False
    return True


def _ownership(copy: ContextCopy) -> tuple[str | None, str | None]:
    return copy.instruction.flag("chown"), copy.instruction.flag("chmod")


def _needed_manifests(
    view: View, stage: Stage, installs: tuple[Reading, ...], moved: frozenset[int]
) -> Iterator[tuple[Instruction, tuple[Manifest, ...]]]:
    """For each install the manifests that it would no longer find; each manifest once, at its first reader."""
    given: set[str] = set()
    for reading in installs:
        found = manifests_of(view.workspace, view.document, stage, reading).found
        missing = tuple(m for m in found if m.copy.instruction.index in moved and m.image_path not in given)
        given |= {manifest.image_path for manifest in missing}
        if missing:
            yield reading.instruction, missing


def _cannot_land(stage: Stage, instruction: Instruction, last: Instruction, copy: ContextCopy | None) -> str | None:
    """Why this copy would mean something else below `last`; None where it means the same."""
    line = line_at(instruction.start_line)
    text = instruction.argument + "".join(flag.value or "" for flag in instruction.flags)
    between = [i for i in stage.instructions if instruction.index < i.index <= last.index]
    if "$" in text and any(i.keyword in ("ARG", "ENV") for i in between):
        return f"{line}: the copy uses variables, and ARG or ENV stand between it and the install"
    if any(i.keyword == "WORKDIR" for i in between):
        target = (instruction.json or tuple(word.text for word in instruction.words))[-1]
        if not target.startswith("/"):
            return f"{line}: the copy is relative to a WORKDIR that changes before the install"
    if copy is None and not instruction.flag("from"):
        return f"{line}: where this copy goes depends on a value that only the build knows"
    return None


def _edits(view: View, move: _Move) -> Iterator[Edit]:
    document = view.document
    for instruction in move.moved:
        yield delete(document, instruction)
    yield insert_after(document, move.below, "".join(_moved_text(document, instruction) for instruction in move.moved))
    for install, manifests in move.manifests:
        workdir = working_directory(document, move.stage, install)
        yield insert_before(document, install, "\n".join(_copy_lines(view, manifests, workdir)))


def _moved_text(document: Document, instruction: Instruction) -> str:
    span = block(document, instruction)
    text = decode(span.of(document.source))
    apart = document.source[: span.start].endswith((b"\n\n", b"\r\n\r\n"))
    return ("\n" if apart else "") + text + ("" if text.endswith("\n") else "\n")


def _copy_lines(view: View, manifests: tuple[Manifest, ...], workdir: str | None) -> Iterator[str]:
    """COPY instructions that put the manifests where the sources' copy would have put them."""
    style = style_of(view.document)
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for manifest in manifests:
        flags = tuple(
            decode(Span(f.span.start, f.span.end).of(view.document.source))
            for f in manifest.copy.instruction.flags
            if f.name in ("chown", "chmod")
        )
        source = view.workspace.to_context(manifest.path) or manifest.path
        folder, name = posixpath.split(manifest.image_path)
        if workdir is not None and lies_in(folder, workdir):
            target = f"./{posixpath.relpath(folder, workdir)}/".replace("/./", "/")
        else:
            target = f"{folder.rstrip('/')}/"
        if name != posixpath.basename(source):
            target += name
        groups.setdefault((target, flags), []).append(source)
    for (target, flags), sources in groups.items():
        words = [*sources, target]
        plain = not any(set(word) & set(" \t\"'[]$\\*?") for word in words)
        yield style.instruction("COPY", " ".join(words) if plain else json.dumps(words, ensure_ascii=False), flags)


def _risk(moves: list[_Move]) -> str:
    names = sorted({manifest.path for move in moves for _, found in move.manifests for manifest in found})
    read = (
        f"The installs read {', '.join(names)} and nothing else of the sources"
        if names
        else "The installs read none of the sources"
    )
    return f"{read}; every step in between was recognised."
