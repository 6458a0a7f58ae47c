"""Fetch apt's package lists in the step that installs from them.

What it does
: Moves an `apt-get update` that a RUN of its own runs, or ends in, to the head of the `apt-get install` that uses its
  lists. Installs that follow each other directly become one RUN. One further down fetches the lists anew.

Why
: A step that only fetches the lists stays in the build cache while the packages they name move on: an install that is
  edited months later asks for files that are gone (404), or gets versions of that time. And only where a step fetches
  its own lists can they be cleaned away, or kept in a cache mount.

When it is safe
: The steps run as the same user, by the same shell, with the same flags, and nothing between them changes what apt
  fetches: its sources, keys and settings, the variables that it heeds, a file copied to where it reads, a step whose
  commands are not known. Only plain lists of commands are joined. The lists stay in the layer, so what else uses them
  (a script, an install that cannot fetch them anew, a stage built upon this one) still finds them.

Source
: docs.docker.com, "Building best practices", apt-get.
"""

from __future__ import annotations

from typing import NamedTuple

from wizard.dockerfile.arguments import decode
from wizard.dockerfile.cleaning import cleans
from wizard.dockerfile.document import Document, Instruction, Span, Stage
from wizard.dockerfile.editing import Edit, block, delete, splice
from wizard.dockerfile.errors import EditConflict
from wizard.dockerfile.run_editing import insert_command, remove_commands
from wizard.dockerfile.run_joining import merge_runs
from wizard.dockerfile.shell import parse_run
from wizard.inspection.apt.lists import AptFlow, apt_flow
from wizard.inspection.apt.sources import in_the_way
from wizard.inspection.apt.use import AptUse
from wizard.inspection.places import line_at
from wizard.inspection.steps import APT, Reading, read_steps, unread_runs, words_of
from wizard.rules.base import Category, Proposal, Refusal, View, evidence_at, unread
from wizard.wording import listed

ID = "apt-update-install"
TITLE = "Fetch apt's package lists in the step that installs from them"
CATEGORY: Category = "speed"

_ALONE = r"\bapt(?:-get)?\b[^;&|]{0,300}\bupdate\b(?![\s\S]*\binstall\b)"


class _Joint(NamedTuple):
    """An update and the installs that use its lists. Instructions by their index in the file."""

    update: int
    commands: int
    """How many commands at the end of its RUN move: the update, and upgrades behind it."""
    installs: tuple[int, ...]
    """The first install, and those that follow it directly: they become one RUN."""
    further: tuple[int, ...]
    """Installs further down, each of which fetches the lists anew."""
    kept: tuple[str, ...]
    """Sentences on those that still rely on the lists of the first."""


def propose(view: View) -> Proposal | Refusal | None:
    """The update joined to the installs, for every update in a layer of its own."""
    document = view.document
    flow = apt_flow(view.workspace, document)
    joints: list[_Joint] = []
    left: list[tuple[Instruction, str]] = []
    for stage in document.stages:
        for reading in read_steps(document, stage):
            count = _updating(reading)
            outcome = (
                _joint(view, flow, stage, reading.instruction, count) if count else _tolerated(flow, stage, reading)
            )
            if isinstance(outcome, _Joint):
                joints.append(outcome)
            elif outcome is not None:
                left.append((reading.instruction, outcome))
    if not joints:
        if not left:
            return unread(view, ID, unread_runs(document, _ALONE))
        instruction, because = left[0]
        return Refusal(ID, f"{line_at(instruction.start_line)}: {because}", (evidence_at(view, instruction),))
    result = document
    # From the last one up, so that the indexes of those above stay what they are.
    for joint in reversed(joints):
        result = _joined(result, joint)
    updates = [document.instructions[joint.update] for joint in joints]
    kept = [sentence for joint in joints for sentence in joint.kept]
    kept += [f"{line_at(i.start_line).capitalize()} is left as it is: {because}." for i, because in left]
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="safe",
        why=f"The lists of {listed([line_at(one.start_line) for one in updates])} stay in the build cache while the "
        "packages they name move on: an install that is edited later asks for files that are gone.",
        evidence=tuple(evidence_at(view, one) for one in updates),
        edits={view.dockerfile: result.source},
        planned=result.planned,
        risk=" ".join(["Nothing between the update and the installs changes what apt fetches.", *kept]),
    )


def _updating(reading: Reading) -> int:
    """How many commands at the end of a RUN fetch the lists and only upgrade; 0 where it installs or does more."""
    calls = {install.command: install.verb for install in reading.installs if install.manager in APT}
    for count, command in enumerate(reversed(reading.script.top if reading.script else ()), start=1):
        verb = calls.get(command, "")
        if verb == "update":
            return count
        if not verb.endswith("upgrade"):
            return 0
    return 0


def _tolerated(flow: AptFlow, stage: Stage, reading: Reading) -> str | None:
    """Why an update stays that something else than an upgrade follows in its step, and that later installs use."""
    calls = [install for install in reading.installs if install.manager in APT]
    if (
        reading.script is None
        or not calls
        or calls[-1].verb != "update"
        or not _users(flow, stage, reading.instruction)
    ):
        return None
    update = calls[-1].command
    if update not in reading.script.top:
        return "its update is no part of a plain list of commands joined by &&"
    behind = reading.script.top[reading.script.top.index(update) + 1]
    words = words_of(behind)
    if behind.joined_by == "||" or behind.name == "exit":
        return f"`{words}` lets the step succeed where its update fails, and joined to the install it could not"
    return f"`{words}` follows its update"


def _joint(view: View, flow: AptFlow, stage: Stage, update: Instruction, count: int) -> _Joint | str | None:
    """What becomes of an update; a reason why it stays, or None where nothing uses its lists."""
    document = view.document
    users = list(_users(flow, stage, update))
    if not users:
        found = flow.needs_lists(stage, update)
        return None if found is None else f"{line_at(found[0].start_line)} {found[1]}, and that is another stage"
    first = users[0]
    because = (
        in_the_way(view.workspace, document, flow, stage, update, first)
        or _not_movable(document, update, count)
        or _no_head(document, first)
    )
    if because is not None:
        return because
    installs = [first]
    while _follows(document, installs[-1], users[len(installs) :]):
        installs.append(users[len(installs)])
    further: list[int] = []
    kept: list[str] = []
    for user in users[len(installs) :]:
        because = in_the_way(view.workspace, document, flow, stage, update, user) or _no_head(document, user)
        if because is None:
            further.append(user.index)
        else:
            kept.append(f"{line_at(user.start_line).capitalize()} still uses the lists fetched there: {because}.")
    return _Joint(update.index, count, tuple(one.index for one in installs), tuple(further), tuple(kept))


def _users(flow: AptFlow, stage: Stage, update: Instruction) -> list[Instruction]:
    """The RUNs of the stage that use the lists of this update, up to the next that fetches its own, or cleans."""
    found: list[Instruction] = []
    for other in stage.instructions:
        if other.index <= update.index or other.keyword != "RUN":
            continue
        use = flow.steps.get(other.index, AptUse())
        if use.lists == "refreshes" or use.unseen_refreshes:
            break
        if use.lists == "needs":
            found.append(other)
        if any(cleans(command) == "apt-lists" for command in parse_run(flow.document, other).commands):
            break
    return found


def _not_movable(document: Document, update: Instruction, count: int) -> str | None:
    """Why the commands at the end of the RUN cannot go elsewhere."""
    script = parse_run(document, update)
    if update.heredocs:
        return "it has a heredoc"
    moved = script.top[-count:]
    plain = all(one.kind == "command" and not (one.piped or one.negated or one.background) for one in moved)
    if not plain or any(one.joined_by not in ("", "&&") for one in moved):
        return "its update is no part of a plain list of commands joined by &&"
    if decode(Span(script.top[-1].span.end, update.argument_span.end).of(document.source)).strip():
        return "something follows its last command"
    return None


def _no_head(document: Document, install: Instruction) -> str | None:
    """Why nothing can be put in front of the commands of this RUN."""
    script, line = parse_run(document, install), line_at(install.start_line)
    if not any(one.manager in APT for one in _reading(document, install).installs):
        return f"{line} uses the lists through something else than an install in its own text"
    if install.heredocs or any(one.joined_by not in ("", "&&", "|", "|&") or one.background for one in script.top):
        return f"{line} is no plain list of commands joined by &&"
    return None


def _follows(document: Document, first: Instruction, users: list[Instruction]) -> bool:
    """Whether the next instruction is an install too, and nothing but one, that can be made one RUN with this."""
    if not users or users[0].index != first.index + 1:
        return False
    readings = [_reading(document, one) for one in (first, users[0])]
    # A step that only upgrades is none that installs, and one that changes the folder does so for what follows it.
    if any(r.role not in ("install", "neutral") or r.managers - APT or r.moves for r in readings):
        return False
    try:
        merge_runs(document, first, users[0])
    except EditConflict:
        return False
    return True


def _reading(document: Document, instruction: Instruction) -> Reading:
    stage = document.stage_of(instruction)
    assert stage is not None
    return read_steps(document, stage)[instruction.index - stage.instructions[0].index]


def _joined(document: Document, joint: _Joint) -> Document:
    """The file with one update where it belongs. Edits that lie further down come first."""
    first, update = joint.installs[0], document.instructions[joint.update]
    script = parse_run(document, update)
    moved = script.top[-joint.commands :]
    text = decode(Span(moved[0].span.start, moved[-1].span.end).of(document.source))
    fetch = decode(moved[0].span.of(document.source))
    for index in reversed(joint.further):
        document = splice(document, [_at_the_head(document, index, fetch)])
    for _ in joint.installs[1:]:
        install, following = document.instructions[first : first + 2]
        document = splice(document, merge_runs(document, install, following))
    update = document.instructions[joint.update]
    return splice(document, [*_taken_out(document, update, first, joint.commands), _at_the_head(document, first, text)])


def _at_the_head(document: Document, index: int, text: str) -> Edit:
    script = parse_run(document, document.instructions[index])
    return insert_command(document, script, script.top[0], text)


def _taken_out(document: Document, update: Instruction, first: int, count: int) -> tuple[Edit, ...]:
    """The edits that take the update away; comments above it come to stand above the install."""
    script = parse_run(document, update)
    if count < len(script.top):
        return remove_commands(document, script, script.top[-count:])
    above = Span(block(document, update).start, update.span.start)
    if first == update.index + 1 or above.start == above.end:
        gone = delete(document, update)
        return (gone._replace(span=Span(above.end, gone.span.end)),)
    there = block(document, document.instructions[first]).start
    return delete(document, update), Edit(Span(there, there), decode(above.of(document.source)))
