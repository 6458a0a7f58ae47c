"""Copy the manifests and install the dependencies before copying the sources.

What it does
: The instruction that copies the sources moves below the steps that install packages. Where an install reads
  requirements files, a COPY of exactly these files is put in front of it. Where uv, Poetry or PDM installs the project
  itself too, a step that installs only what it depends on comes above the sources, the old one stays below them.

Why
: BuildKit runs a step again when a file that an earlier COPY brought has changed. With the sources copied first, one
  edited file reinstalls every package; with the manifests first, only an edited manifest does.

When it is safe
: Every step that the sources move past is known not to read them: installs of named packages or of requirements files
  that are in the build context (with all that they include), user creation, cleaning up. No local project is
  installed (`-e .`). A step may change its folder first (`cd backend && …`), where that folder is certain. The sources
  go to a folder that the stage works in (WORKDIR), come with the whole build context or
  hold the manifests: a folder that goes elsewhere may be what an install looks for, and stays. No variable and no
  settings file that is copied leads to them; where PATH does, and programs lie there, the rule waits for a review.
  A RUN whose installs come first, in a plain list joined by `&&`, is divided: what follows them stays below the sources
  in a RUN of its own, with the same mounts (of caches, secrets or ssh). It stays whole where a command behind the
  installs removes, prunes or cleans something, changes owners or modes of a whole folder, or calls the manager of the
  system, and where the installs leave apt's lists for it.
  An install of npm, yarn or pnpm gets package.json, its lock and its settings: where no script of the project runs with
  it, no workspace, patch or local path is named, and node_modules of the host is kept out of the build context (the
  rule adds that line). It waits for a review where a package's own install script may read the project.
  uv, Poetry, PDM and Pipenv get their manifest, lock and settings, as root and where every option and variable of the
  command is known: where nothing is installed from a local path, no plugin asks git for the version, and `.venv` of the
  host is kept out of the build context. `uv sync` of a workspace, or of a project with dynamic metadata, goes by the
  lock alone (`--frozen`) above the sources, and is checked below them as before. `pipenv install` without `--deploy`
  and `pdm install` without `--check`, where that is all it installs, wait for a review: they may write the lock anew.
  conda, mamba and micromamba get their environment file, list or lock, with the requirements files that its section
  `pip` names: where all options are known and no line installs a local path (`- -e .`) or names a local channel. It
  waits for a review where conda writes beside the file as another user than root. This follows the documentation of
  conda: no channel was at hand to build with.
  Otherwise the rule refuses and names the step.
  A build that fetches what it depends on below the sources (`cargo build`, `go build`, `dotnet publish`, `mvn package`
  and the like) stays where it is: the rule names it, and what to fetch first.

Source
: Docker's "Optimize cache usage in builds", order your layers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.editing import Edit, block_text, delete, insert_after, insert_before, splice
from wizard.dockerfile.errors import EditConflict
from wizard.dockerfile.run_joining import split_run
from wizard.dockerfile.script import Command
from wizard.dockerfile.stages import base_stage
from wizard.inspection.copies.barriers import barrier as why_not_after
from wizard.inspection.copies.beside_sources import beside_sources
from wizard.inspection.copies.landing import cannot_land, immovable
from wizard.inspection.copies.manifests import copy_lines
from wizard.inspection.copies.placed import ContextCopy, context_copies, inherited_copies, working_directory
from wizard.inspection.copies.settings import programs_that_come
from wizard.inspection.copies.sources import brings_folders, brings_sources
from wizard.inspection.installs.above_sources import is_divided, kept_out, manifests_to_copy
from wizard.inspection.installs.divided import with_edits, without_what_stays
from wizard.inspection.installs.fetching import fetched_before, late_fetch, unread_fetches
from wizard.inspection.installs.leading import Leading, kept_together, leading_installs
from wizard.inspection.installs.pip import Manifest
from wizard.inspection.installs.reads import reads_of
from wizard.inspection.places import line_at
from wizard.inspection.steps import SYSTEM_MANAGERS, Reading, read_steps, unread_runs
from wizard.rules.base import Category, Proposal, Refusal, View, evidence_at, unread

ID = "dependency-layer"
TITLE = "Install the dependencies before copying the sources"
CATEGORY: Category = "speed"

_INSTALLS = (
    r"\b(?:pip3?|uv(?:\s+pip)?|poetry|pdm|pipenv|npm|pnpm|yarn|conda|(?:micro)?mamba)\b"
    r"[^;&|]{0,300}\b(?:install|ci|sync|create)\b"
)


class _Move(NamedTuple):
    """Which instructions of a stage move below which, and the manifests that stay in front."""

    stage: Stage
    moved: tuple[Instruction, ...]
    below: Instruction
    installs: tuple[Reading, ...]
    manifests: tuple[tuple[Instruction, tuple[Manifest, ...]], ...]
    """Per install that reads manifests which only a moved instruction provides."""
    ignored: Mapping[str, bytes | None]
    """The edit of the ignore file that keeps node_modules or .venv of the host from being copied over what an install
    made."""
    undecided: str | None
    """What a person has to judge about what the installs read."""
    left: str | None
    """Which installs still follow the sources, and why."""
    divided: Reading | None
    """The install of the project that stays below the sources: what it depends on is installed above them."""
    rest: Command | None
    """The first command of `below` that goes into a RUN of its own, below the sources."""


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
    try:
        document = splice(view.document, [edit for move in moves for edit in _edits(view, move)])
    except EditConflict as error:
        return Refusal(ID, f"{line_at(error.line)}: {error.message}")
    first = moves[0]
    copy, install = first.moved[0], first.installs[0].instruction
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="review" if any(move.undecided for move in moves) else "safe",
        why=f"{line_at(copy.start_line).capitalize()} copies the sources before {line_at(install.start_line)} installs "
        "packages, so one edited file runs every install again.",
        evidence=tuple(
            evidence_at(view, item) for move in moves for item in (move.moved[0], move.installs[0].instruction)
        ),
        edits={
            view.dockerfile: document.source,
            **{path: text for move in moves for path, text in move.ignored.items()},
        },
        planned=document.planned,
        risk=_risk(moves),
    )


def _in_stage(view: View, stage: Stage) -> _Move | Refusal | None:
    readings = read_steps(view.document, stage)
    copies = {copy.instruction.index: copy for copy in context_copies(view.document, stage)}
    start = next(
        (
            n
            for n, reading in enumerate(readings)
            if _brings(view, stage, copies.get(reading.instruction.index), readings[n:])
        ),
        None,
    )
    fetching = [
        one
        for one in readings
        if one.installs
        and not _is_fetched(view, stage, one)
        and not is_divided(view.workspace, view.document, stage, one, readings[:start])
    ]
    late = [one for one in fetching if start is None or one.instruction.index >= readings[start].instruction.index]
    if start is None or not late:
        below = [] if start is None else [reading.instruction for reading in readings[start:]]
        hidden = [run for run in unread_runs(view.document, _INSTALLS) if run in below]
        unreadable = [run for run in unread_fetches(view.document) if run in stage.instructions] if below else []
        hidden += unreadable if all(run in below for run in unreadable) else []
        refusal = _brought_below(view, stage, late) or _fetched_late(view, stage) or unread(view, ID, hidden)
        return refusal or _beside_the_project(view, stage, fetching)
    moved: list[Instruction] = []
    destinations: list[str] = []
    passed: list[Reading] = []
    barrier: str | None = None
    divided: Reading | None = None
    rest: Command | None = None
    where = readings[start].instruction
    for number, reading in enumerate(readings[start:], start):
        where = reading.instruction
        if _brings(view, stage, copies.get(where.index), readings[number:]):
            copy = copies[where.index]
            barrier = immovable(view.workspace, view.document, stage, copy)
            moved.append(where)
            destinations.append(copy.destination)
        elif where.keyword in ("COPY", "ADD"):
            place, barrier = beside_sources(
                view.workspace, view.document, stage, where, moved, destinations, readings[number:]
            )
            moved += [where] if place == "along" else []
        else:
            if is_divided(view.workspace, view.document, stage, reading, passed):
                break
            barrier = why_not_after(view.workspace, view.document, stage, reading, destinations)
            if barrier is None and reading.role in ("install", "neutral"):
                passed.append(reading)
                divided = reading if reads_of(view.workspace, view.document, stage, reading).apart else None
            leading = _leading(view, stage, reading, destinations) if barrier is not None else None
            if leading is not None:
                passed.append(leading.reading)
                rest = leading.rest
        if barrier is not None or divided is not None:
            break
    installs = tuple(reading for reading in passed if reading.installs)
    if not installs:
        if barrier is None or not any(r.installs for r in readings if r.instruction.index >= where.index):
            return None
        return Refusal(
            ID,
            f"{line_at(where.start_line)}: {barrier}{_advice(view, readings, where, barrier)}",
            (evidence_at(view, where),),
        )
    last = installs[-1].instruction
    moved = [instruction for instruction in moved if instruction.index < last.index]
    needs = tuple(manifests_to_copy(view.workspace, view.document, stage, installs, moved))
    for instruction in moved:
        problem = cannot_land(view.document, stage, instruction, last, copies.get(instruction.index))
        if problem is not None:
            return Refusal(ID, problem, (evidence_at(view, instruction),))
    brought = [copies[instruction.index] for instruction in moved if instruction.index in copies]
    kept = kept_out(view.workspace, view.document, view.inspection, stage, installs, brought)
    if kept.because is not None:
        return Refusal(ID, f"{line_at(moved[0].start_line)}: {kept.because}", (evidence_at(view, moved[0]),))
    reads = (reads_of(view.workspace, view.document, stage, reading).undecided for reading in installs)
    undecided = next(filter(None, (*_programs(view, stage, brought), *reads)), None)
    left = _left([one for one in readings if rest is None or one.instruction is not where], where, barrier)
    return _Move(stage, tuple(moved), last, installs, needs, kept.edits, undecided, left, divided, rest)


def _leading(view: View, stage: Stage, reading: Reading, destinations: Collection[str]) -> Leading | None:
    """The RUN as far as its installs go, where these read nothing of the sources and the rest can stay below them."""
    for leading in leading_installs(view.document, reading):
        if why_not_after(view.workspace, view.document, stage, leading.reading, destinations) is None:
            apart = reads_of(view.workspace, view.document, stage, leading.reading).apart
            return leading if not apart else None
    return None


def _brings(view: View, stage: Stage, copy: ContextCopy | None, following: Sequence[Reading]) -> bool:
    return brings_sources(view.workspace, view.document, stage, copy, following)


def _is_fetched(view: View, stage: Stage, reading: Reading) -> bool:
    return fetched_before(view.workspace, view.document, stage, reading)


def _fetched_late(view: View, stage: Stage) -> Refusal | None:
    """What a person could do about a build that fetches what the project depends on below its sources."""
    late = late_fetch(view.workspace, view.document, stage)
    if late is None:
        return None
    line, above = line_at(late.instruction.start_line), line_at(late.sources.start_line)
    because = f"{line}: `{late.fetch.words}` fetches what the project depends on after {above} has copied the sources"
    evidence = (evidence_at(view, late.instruction), evidence_at(view, late.sources))
    return Refusal(ID, f"{because} ({late.fetch.fetcher.instead})", evidence)


def _brought_below(view: View, stage: Stage, late: Sequence[Reading]) -> Refusal | None:
    """Why an install stays below sources that the stage it stands on brought."""
    base = base_stage(view.document, stage)
    if not late or base is None:
        return None
    install = late[0].instruction
    for copy in inherited_copies(view.document, base):
        if _brings(view, base, copy, (*_from(view.document, copy.instruction), *late)):
            line = line_at(copy.instruction.start_line)
            because = f"the sources are there already: {line} copies them in the stage that this one stands on"
            advice = "a COPY in each stage that needs them, below its installs, would let these come first"
            evidence = (evidence_at(view, install), evidence_at(view, copy.instruction))
            return Refusal(ID, f"{line_at(install.start_line)}: {because} ({advice})", evidence)
    return None


def _from(document: Document, instruction: Instruction) -> tuple[Reading, ...]:
    """The steps of a stage from one of its instructions on."""
    stage = document.stage_of(instruction)
    return () if stage is None else read_steps(document, stage)[instruction.index - stage.instructions[0].index :]


def _beside_the_project(view: View, stage: Stage, fetching: Sequence[Reading]) -> Refusal | None:
    """Why a folder that goes elsewhere than the project stays above an install."""
    for copy in context_copies(view.document, stage):
        later = next((one for one in fetching if one.instruction.index > copy.instruction.index), None)
        if later is None or not brings_folders(view.workspace, copy):
            continue
        at, install = copy.instruction, later.instruction
        line, below = line_at(at.start_line), line_at(install.start_line)
        evidence = (evidence_at(view, at), evidence_at(view, install))
        because = immovable(view.workspace, view.document, stage, copy)
        if because is not None:
            return Refusal(ID, f"{line}: {because}", evidence)
        because = why_not_after(view.workspace, view.document, stage, later, [copy.destination])
        if because is not None:
            return Refusal(ID, f"{below}: {because}{_advice(view, fetching, install, because)}", evidence)
        because = f"{copy.destination} is not a folder that the stage works in (WORKDIR), so the install of {below}"
        return Refusal(ID, f"{line}: {because} may look there (if it does not, copy the folder below it)", evidence)
    return None


def _left(readings: Sequence[Reading], where: Instruction, barrier: str | None) -> str | None:
    later = [one.instruction for one in readings if one.installs and one.instruction.index >= where.index]
    if barrier is None or not later:
        return None
    place = "" if later[0] is where else f"{line_at(where.start_line)}: "
    return f"{line_at(later[0].start_line)} still installs after the sources: {place}{barrier}"


def _advice(view: View, readings: Sequence[Reading], at: Instruction, barrier: str) -> str:
    """What a person could do about a step that the sources may not move past."""
    reading = next(one for one in readings if one.instruction is at)
    projects = any(install.paths and install.manager not in SYSTEM_MANAGERS for install in reading.installs)
    if barrier.startswith("it installs the local path") and projects:
        return " (what it depends on could be installed before the sources are copied, from a list or a lock)"
    unclear = "changes the folder" in barrier or "cannot be read" in barrier
    if reading.role != "unknown" or unclear:
        return ""
    together = kept_together(view.document, reading) if reading.installs else None
    if together is not None:
        return f" (the installs could come first without it, but `{together}` belongs in one layer with them)"
    if reading.installs:
        return " (if its installs do not need that, a RUN of its own below them lets them come first)"
    later = next(one for one in readings if one.installs and one.instruction.index > at.index)
    line = line_at(later.instruction.start_line)
    return f" (if the install of {line} does not need it, it could stand below that)"


def _programs(view: View, stage: Stage, moved: Sequence[ContextCopy]) -> Iterator[str]:
    """What the moved copies put into PATH: an install that calls one of these programs would find another, or none."""
    for copy in moved:
        folder = programs_that_come(view.workspace, view.document, stage, copy)
        if folder is not None:
            yield f"PATH leads to {folder}/ of the sources, and an install may run what lies there"


def _edits(view: View, move: _Move) -> Iterator[Edit]:
    document = view.document
    for instruction in move.moved:
        yield delete(document, instruction)
    above = {install.index: list(_copies(view, move, install, manifests)) for install, manifests in move.manifests}
    moved = "".join(block_text(document, instruction) for instruction in move.moved)
    if move.divided is None:
        yield insert_after(document, move.below, moved)
        if move.rest is not None:
            yield from split_run(document, move.below, move.rest)
    else:
        apart = reads_of(view.workspace, document, move.stage, move.divided).apart
        alone = [*above.pop(move.below.index, []), with_edits(document, move.below, apart)]
        yield insert_before(document, move.below, "\n".join((*alone, moved)))
        yield from without_what_stays(document, move.divided, apart)
    for install, _ in move.manifests:
        if install.index in above:
            yield insert_before(document, install, "\n".join(above[install.index]))


def _copies(view: View, move: _Move, install: Instruction, manifests: tuple[Manifest, ...]) -> Iterator[str]:
    workdir = working_directory(view.document, move.stage, install)
    return copy_lines(view.workspace, view.document, manifests, workdir)


def _risk(moves: list[_Move]) -> str:
    names = sorted({manifest.path for move in moves for _, found in move.manifests for manifest in found})
    read = (
        f"The installs read {', '.join(names)} and nothing else of the sources"
        if names
        else "The installs read none of the sources"
    )
    asked = next((move.undecided for move in moves if move.undecided), None)
    left = next((move.left for move in moves if move.left), None)
    known = f"{read}; every step in between was recognised." + (f" {left[0].upper()}{left[1:]}." if left else "")
    run = next((move.below for move in moves if move.rest is not None), None)
    if run is not None:
        known += (
            f" What follows the installs in {line_at(run.start_line)} goes into a RUN of its own below the sources."
        )
    divided = next((move.divided.instruction for move in moves if move.divided is not None), None)
    if divided is not None:
        known += f" {line_at(divided.start_line).capitalize()} goes on installing the project itself, from its sources."
    return known if asked is None else f"{known} To judge: {asked}."
