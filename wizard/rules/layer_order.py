"""Put what changes often below what changes rarely.

What it does
: An ARG or ENV that is another one with every build (GIT_SHA, BUILD_DATE, VERSION …) moves below the last step that
  does not need it, with the ENV and LABEL that are made of it. A COPY of manifests moves below the installs that do not
  read them. A COPY moves below another one that brings at least 20 MB, and changes less often.

Why
: BuildKit runs a step again when an ARG or ENV above it has another value, or a file copied above it has changed. With
  `ARG GIT_SHA` on top every commit installs every package again; with requirements.txt copied on top every new
  requirement runs apt-get again. (A LABEL alone costs nothing: BuildKit keeps it beside the layers.)

When it is safe
: A setting passes installs of named packages or of requirements files and other steps that are known, which do not
  name it; never a step that may look at it. It keeps its value: nothing that it is made of changes in between, and
  nothing that uses it stands above it. So the image has the same configuration. A COPY passes a step that is known and
  does not read its files; it goes to a folder of the application and keeps its meaning there (WORKDIR, variables,
  owner). How often files change is counted in git; what a step takes is what an earlier build on this machine measured,
  where there was one. Whatever else stands in between, the rule refuses and names it.
  Sources above installs are left to dependency-layer, and nothing moves that stands below sources.

Source
: docs.docker.com, "Build cache invalidation" and "Optimize cache usage in builds"; what invalidates a step tried on
  engine 28.5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from wizard.dockerfile.arguments import decode, pairs
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.editing import Edit, block_text, delete, insert_after, splice
from wizard.dockerfile.stages import lineage
from wizard.dockerfile.state import environment
from wizard.inspection.copies.barriers import WITHOUT_PROJECT, is_read
from wizard.inspection.copies.landing import cannot_land, immovable
from wizard.inspection.copies.passing import cannot_pass_step, named_files, overlaps
from wizard.inspection.copies.placed import ContextCopy, bytes_at_most, context_copies
from wizard.inspection.copies.sources import brings_sources
from wizard.inspection.inputs import changes_more_often, inputs_of
from wizard.inspection.installs.project import installs_project
from wizard.inspection.installs.reads import reads_of
from wizard.inspection.per_build import Changing, changing, mentions
from wizard.inspection.places import line_at
from wizard.inspection.step_times import StepTime, time_of
from wizard.inspection.steps import SYSTEM_MANAGERS, Reading, read_steps
from wizard.rules.base import Category, Estimate, Proposal, Refusal, View, evidence_at
from wizard.wording import listed

ID = "layer-order"
TITLE = "Put what changes often below what changes rarely"
CATEGORY: Category = "speed"

_MOST_INSTRUCTIONS = 150
"""Of one stage; each may go past each. The longest of 2,500 files in 400 public repositories has 51."""
_LARGE = 20_000_000
"""Bytes below which a copy takes less than half a second."""
_NOTICED = 0.5
"""Seconds below which nobody minds that a measured step runs again."""


class _Copy(NamedTuple):
    """A copy that may go down."""

    places: ContextCopy
    files: frozenset[str] | None
    """Where its files land; None for one that brings more than named files, and so passes no step."""


class _Move(NamedTuple):
    """An instruction that goes down in its stage."""

    instruction: Instruction
    passed: tuple[Instruction, ...]
    """The steps that no longer run again for it; none for a LABEL, which only comes along."""


class _Stop(NamedTuple):
    """Why an instruction stays above a costly step."""

    instruction: Instruction
    at: Instruction
    because: str


class _Order(NamedTuple):
    stage: Stage
    order: tuple[Instruction, ...]
    """As they are to stand."""
    moves: tuple[_Move, ...]
    stops: tuple[_Stop, ...]


def propose(view: View) -> Proposal | Refusal | None:
    """The new order of every stage that has one."""
    document = view.document
    orders = [_in_stage(view, stage) for stage in document.stages]
    moves = [move for order in orders for move in order.moves]
    stops = [stop for order in orders for stop in order.stops]
    if not moves:
        if not stops:
            return None
        first = stops[0]
        because = f"{line_at(first.at.start_line)}: {first.because}"
        evidence = dict.fromkeys((evidence_at(view, first.instruction), evidence_at(view, first.at)))
        return Refusal(ID, because, tuple(evidence))
    result = splice(document, [edit for order in orders for edit in _edits(document, order)])
    costly = [move for move in moves if move.passed]
    again = dict.fromkeys(step for move in costly for step in move.passed)
    left = "".join(
        f" {line_at(stop.instruction.start_line).capitalize()} stays above {line_at(stop.at.start_line)}: "
        f"{stop.because}." for stop in stops
    )  # fmt: skip
    saved, estimate = _saving(view, costly)
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="safe",
        why=f"What {listed([line_at(move.instruction.start_line) for move in costly])} "
        f"{'set or copy' if len(costly) > 1 else 'sets or copies'} changes often, and makes "
        f"{listed([line_at(step.start_line) for step in sorted(again, key=lambda one: one.index)])} run again without "
        f"need.{saved}",
        evidence=tuple(
            dict.fromkeys(evidence_at(view, one) for move in costly for one in (move.instruction, move.passed[0]))
        ),
        edits={view.dockerfile: result.source},
        planned=result.planned,
        estimate=estimate,
        risk=f"Every step in between is known not to need what moves below it.{left}",
    )


def _in_stage(view: View, stage: Stage) -> _Order:
    install = next((reading for reading in read_steps(view.document, stage) if reading.installs), None)
    if len(stage.instructions) > _MOST_INSTRUCTIONS:
        because = (
            f"the stage has more than {_MOST_INSTRUCTIONS} instructions, and how so many may stand is not worked out"
        )
        at = stage.instructions[0] if install is None else install.instruction
        return _Order(stage, stage.instructions, (), (_Stop(at, at, because),))
    own = _own_settings(view.document, stage) if install is not None else ()
    settings = {one.instruction.index: one for one in own}
    copies = dict(_movable(view, stage))
    while True:
        found = _sunk(view, stage, settings, copies)
        idle = _idle(found, settings)
        if not idle:
            return found
        settings = {index: one for index, one in settings.items() if index not in idle}


def _own_settings(document: Document, stage: Stage) -> tuple[Changing, ...]:
    """Without those of which a stage below sets some: these make every step of this one run again already."""
    found = changing(stage)
    inherited = {
        name for lower in lineage(document, stage)[:-1] if found for one in changing(lower) for name in one.names
    }
    return tuple(one for one in found if not one.names & inherited)


def _movable(view: View, stage: Stage) -> Iterator[tuple[int, _Copy]]:
    """The copies that may go down, by the number of their instruction. What stands below sources runs again with every
    edit of them: nothing is gained there."""
    copies = context_copies(view.document, stage)
    if not copies or any(_is_source(view, lower, copy) for lower, copy in _copies_below(view, stage)):
        return
    for copy in copies:
        sources = _is_source(view, stage, copy)
        if immovable(view.workspace, view.document, stage, copy) is None and not copy.instruction.heredocs:
            files = None if sources else named_files(view.workspace, view.document, copy)
            yield copy.instruction.index, _Copy(copy, files)
        if sources:
            return


def _copies_below(view: View, stage: Stage) -> Iterator[tuple[Stage, ContextCopy]]:
    """The copies of the stages that this one is built upon."""
    for lower in lineage(view.document, stage)[:-1]:
        yield from ((lower, copy) for copy in context_copies(view.document, lower))


def _is_source(view: View, stage: Stage, copy: ContextCopy) -> bool:
    following = read_steps(view.document, stage)[copy.instruction.index - stage.instructions[0].index :]
    return brings_sources(view.workspace, view.document, stage, copy, following)


def _idle(found: _Order, settings: Mapping[int, Changing]) -> frozenset[int]:
    """Settings that would move although what they are made of stays, and makes the steps run again all the same."""
    moved = {move.instruction.index for move in found.moves}
    idle: set[int] = set()
    for index in moved & settings.keys():
        made_of = settings[index].made_of
        makers = [one.instruction.index in moved for n, one in settings.items() if n < index and one.names & made_of]
        only_along = settings[index].instruction.keyword == "LABEL"
        if makers and not (any(makers) if only_along else all(makers)):
            idle.add(index)
    return frozenset(idle)


def _sunk(view: View, stage: Stage, settings: Mapping[int, Changing], copies: Mapping[int, _Copy]) -> _Order:
    """Lets the lowest sink first: so what is made of a setting is out of its way."""
    order = list(stage.instructions)
    readings = {reading.instruction.index: reading for reading in read_steps(view.document, stage)}
    moves: list[_Move] = []
    stops: list[_Stop] = []
    for instruction in reversed(stage.instructions):
        moving = settings.get(instruction.index) or copies.get(instruction.index)
        if moving is None:
            continue
        copy = moving if isinstance(moving, _Copy) else None
        following = [readings[one.index] for one in order[order.index(instruction) + 1 :]]
        passed: list[Instruction] = []
        costly: list[Instruction] = []
        for number, step in enumerate(following):
            because = _holds(view, stage, moving, step)
            if because is not None:
                if because and any(below.installs for below in following[number:]):
                    stops.append(_Stop(instruction, step.instruction, because))
                break
            passed.append(step.instruction)
            costly += [step.instruction] if _takes_time(view, stage, copy, step) else []
        if not costly:
            continue
        below = next(one for one in reversed(passed) if one.keyword == "RUN" or one in costly)
        if copy is not None and cannot_land(view.document, stage, instruction, below, copy.places) is not None:
            continue
        order.remove(instruction)
        order.insert(order.index(below) + 1, instruction)
        moves.append(_Move(instruction, tuple(costly) if instruction.keyword != "LABEL" else ()))
    for move in reversed(moves):
        if move.instruction.keyword == "LABEL":
            _rise(order, move.instruction, settings)
    return _Order(stage, tuple(order), tuple(reversed(moves)), tuple(reversed(stops)))


def _rise(order: list[Instruction], label: Instruction, settings: Mapping[int, Changing]) -> None:
    """Puts a label directly below what it is made of, and the settings that stood above it there."""
    made_of = settings[label.index].made_of
    at = max(n for n, one in enumerate(order) if one.index in settings and settings[one.index].names & made_of)
    order.remove(label)
    at += 1
    while at < len(order) and order[at].index in settings and order[at].index < label.index:
        at += 1
    order.insert(at, label)


def _takes_time(view: View, stage: Stage, copy: _Copy | None, step: Reading) -> bool:
    """Whether it takes time to do a step again for what stands above it."""
    other = step.instruction
    measured = _measured(view, other)
    if copy is None or other.keyword == "RUN":
        return bool(step.installs) if measured is None else measured.seconds >= _NOTICED
    known = next((one for one in context_copies(view.document, stage) if one.instruction is other), None)
    if known is None:
        return False
    counts = view.inspection.change_counts
    these = inputs_of(view.workspace, counts, view.document, stage, copy.places.instruction)
    those = inputs_of(view.workspace, counts, view.document, stage, other)
    own = _measured(view, copy.places.instruction)
    if measured is not None and own is not None and counts:
        # Seconds saved with each commit above, against those that the other's commits cost from now on.
        return measured.seconds >= _NOTICED and these.most * measured.seconds > those.commits * own.seconds
    large = bytes_at_most(view.workspace, known) >= _LARGE if measured is None else measured.seconds >= _NOTICED
    return large and changes_more_often(these, those)


def _measured(view: View, instruction: Instruction) -> StepTime | None:
    return time_of(view.inspection.step_times, view.document, instruction)


def _saving(view: View, costly: Sequence[_Move]) -> tuple[str, Estimate | None]:
    """What the moves save with each change of what moves, as a sentence and a figure; nothing without a measurement."""
    times = [(move, [time for step in move.passed if (time := _measured(view, step))]) for move in costly]
    best = max(times, key=lambda one: sum(time.seconds for time in one[1]), default=None)
    if best is None or not best[1]:
        return "", None
    move, found = best
    seconds = sum(time.seconds for time in found)
    line = line_at(move.instruction.start_line)
    copies = move.instruction.keyword in ("COPY", "ADD")
    what = f"edit of what {line} copies" if copies else f"new value in {line}"
    said = f" About {seconds:.0f} s saved per {what}, from the build of {max(time.date for time in found)}."
    return said, Estimate(seconds, None, "measured")


def _holds(view: View, stage: Stage, moving: Changing | _Copy, step: Reading) -> str | None:
    """Why a setting or a copy may not stand below an instruction; empty where that needs it, None where it may."""
    if isinstance(moving, _Copy):
        return _holds_copy(view, stage, moving, step)
    return _holds_setting(view, stage, moving, step)


def _holds_setting(view: View, stage: Stage, setting: Changing, step: Reading) -> str | None:
    """Why a setting may not stand below an instruction; empty where that needs it, None where it may."""
    instruction, other = setting.instruction, step.instruction
    text = decode(other.span.of(view.document.source))
    if other.keyword == "ONBUILD" or mentions(text, setting.names):
        return ""
    if other.keyword in ("ARG", "ENV"):
        return "" if mentions(instruction.argument, (pair.name for pair in pairs(other))) else None
    if other.keyword == "LABEL" and instruction.keyword == "LABEL":
        return "" if _keys(instruction) & _keys(other) else None
    if other.keyword != "RUN" or instruction.keyword == "LABEL":
        return None
    line = line_at(instruction.start_line)
    if setting.steady:
        words = listed([f"`{name}`" for name in sorted(setting.steady)])
        several = len(setting.names) > len(setting.steady)
        instead = " (what tells of the build could have an instruction of its own below it)" if several else ""
        return f"whether this step needs {words} of {line} is not known{instead}"
    because = _may_look(view, stage, step)
    name = min(setting.names)
    instead = f"if it does not, {line} could stand below it"
    return because and f"whether this step looks at `{name}` of {line} is not known: {because} ({instead})"


def _keys(label: Instruction) -> frozenset[str]:
    return frozenset(pair.name.strip("\"'") for pair in pairs(label))


def _may_look(view: View, stage: Stage, step: Reading) -> str | None:
    """Why code of the project, or a program that is not known, may run in a step and look at its variables."""
    if step.role == "unknown":
        return step.because
    for install in step.installs:
        if (installs_project(install) or not is_read(install)) and not install.has(*WITHOUT_PROJECT):
            return f"`{install.manager} {install.verb}` may run code of the project"
    return reads_of(view.workspace, view.document, stage, step).because


def _holds_copy(view: View, stage: Stage, copy: _Copy, step: Reading) -> str | None:
    """Why a copy may not stand below an instruction; empty where that needs it, None where it may."""
    document, other = view.document, step.instruction
    if other.keyword in ("COPY", "ADD"):
        return "" if overlaps(view.workspace, document, stage, copy.places, copy.files, other) else None
    if other.keyword in ("VOLUME", "ONBUILD"):
        return ""
    if other.keyword == "WORKDIR":
        # As another user it would make a folder that the copy makes for root.
        return None if environment(document, stage, other).is_root else ""
    if other.keyword != "RUN":
        return None
    if copy.files is None:
        return ""
    because = cannot_pass_step(view.workspace, document, stage, copy.places, copy.files, step)
    if not because or step.role != "unknown" or not step.managers or not step.managers <= SYSTEM_MANAGERS:
        return because and ""
    return f"whether this step needs what {line_at(copy.places.instruction.start_line)} copies is not known: {because}"


def _edits(document: Document, order: _Order) -> Iterator[Edit]:
    moved = {move.instruction.index for move in order.moves}
    above = first = order.stage.instructions[0]
    texts: dict[int, list[str]] = {}
    for instruction in order.order:
        if instruction.index in moved:
            texts.setdefault(above.index, []).append(block_text(document, instruction))
        else:
            above = instruction
    for instruction in order.stage.instructions:
        if instruction.index in moved:
            yield delete(document, instruction, first)
        else:
            first = document.instructions[min(instruction.index + 1, len(document.instructions) - 1)]
    for index, lines in texts.items():
        yield insert_after(document, document.instructions[index], "".join(lines))
