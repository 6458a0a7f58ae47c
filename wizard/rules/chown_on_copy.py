"""Give copied files their owner as they are copied, instead of in a second layer.

What it does
: Turns `COPY … /app` followed by `RUN chown -R app:app /app` into `COPY --chown=app:app … /app`. Where the folder
  itself was there before the copy (WORKDIR made it), the chown stays for that one folder, without `-R`: COPY leaves the
  owner of folders that it finds as it is.

Why
: A layer holds whole files: `chown -R` writes every one of them a second time.

When it is safe
: Everything below the folder comes from these copies. Folders that COPY would make above it are there already: they
  would get the owner too. User and group are numbers, or nothing between copy and chown can make them. Steps between
  neither write below the folder nor care who owns it. The image is one of the official ones, which have nothing there.

Source
: docs.docker.com, Dockerfile reference, `COPY --chown`; owners of folders that are there, and of those that COPY makes,
  tried on engine 28.5.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.editing import Edit, delete, remove_span, set_flag, splice
from wizard.dockerfile.errors import EditConflict
from wizard.dockerfile.installs import program, unwrap
from wizard.dockerfile.run_editing import remove_command
from wizard.dockerfile.script import Command, ShellWord
from wizard.dockerfile.stages import base_image, lineage
from wizard.dockerfile.state import State, environment
from wizard.inspection.caches.mounted import set_in
from wizard.inspection.copies.below_folder import ACCOUNT_MAKERS, effect_on, made_by_workdir, may_reach
from wizard.inspection.copies.links import may_bring_links
from wizard.inspection.copies.placed import context_copies, copies_sources, lands_at, lies_in
from wizard.inspection.copies.unknown_content import parents_there, unknown_content
from wizard.inspection.places import line_at
from wizard.inspection.shipped import shipped_stages
from wizard.inspection.step_folders import folder_of, state_of
from wizard.inspection.steps import SYSTEM_MANAGERS, Reading, read_steps, unread_runs, words_of
from wizard.rules.base import Category, Proposal, Refusal, View, evidence_at, unread
from wizard.wording import listed

ID = "chown-on-copy"
TITLE = "Give files their owner as they are copied"
CATEGORY: Category = "size"

_CHOWNS = r"\bchown\s+(?:-R|--recursive)\b"
_OWNER = re.compile(r"(?P<user>[\w${}-]+)(?::(?P<group>[\w${}-]+))?")
_VARIABLES = re.compile(r"\$\{?(\w+)\}?")
_SPECIAL_BITS = re.compile(rb"\bsetcap\b|\bchmod\s+(?:-R\s+)?(?:0?[2-7][0-7]{3}\b|[ugoa]*[-+=][rwxX]*[st])")


class _Chown(NamedTuple):
    """A `chown -R` of one folder or file."""

    stage: Stage
    reading: Reading
    command: Command
    switch: ShellWord
    """The `-R`."""
    owner: str
    target: str
    """Absolute."""

    @property
    def instruction(self) -> Instruction:
        return self.reading.instruction


class _Found(NamedTuple):
    """What a rewrite of one chown needs."""

    copies: tuple[Instruction, ...]
    owner: str
    """For `--chown`."""
    there_before: bool
    """Whether the folder is there before the first copy."""


def propose(view: View) -> Proposal | Refusal | None:
    """`--chown` for every copy whose files a later step gives to somebody as a whole."""
    document = view.document
    edits: list[Edit] = []
    done: list[Instruction] = []
    copies: list[Instruction] = []
    problems: list[tuple[Instruction, str]] = []
    for stage in shipped_stages(document, view.inspection.callers):
        for reading in read_steps(document, stage):
            for command in reading.script.commands if reading.script else ():
                outcome = _outcome(view, stage, reading, command)
                if isinstance(outcome, str):
                    problems.append((reading.instruction, outcome))
                if outcome is None or isinstance(outcome, str):
                    continue
                chown, found = outcome
                if chown.instruction in done or set(found.copies) & set(copies):
                    problems.append((reading.instruction, "another chown gives the same files to somebody"))
                    continue
                try:
                    edits += _edits(document, chown, found)
                except EditConflict as error:
                    problems.append((reading.instruction, error.message))
                    continue
                done.append(chown.instruction)
                copies += found.copies
    if not done:
        if problems:
            place, because = problems[0]
            return Refusal(ID, f"{line_at(place.start_line)}: {because}", (evidence_at(view, place),))
        return unread(view, ID, unread_runs(document, _CHOWNS))
    result = splice(document, edits)
    places = listed([line_at(instruction.start_line) for instruction in done])
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="safe",
        why=f"The chown of {places} writes every copied file into a second layer.",
        evidence=tuple(evidence_at(view, instruction) for instruction in (*copies, *done)),
        edits={view.dockerfile: result.source},
        planned=result.planned,
        risk="Everything there comes from these copies, and the user is known before them."
        + "".join(
            f" {line_at(place.start_line).capitalize()} is left as it is: {because}." for place, because in problems
        ),
    )


def _edits(document: Document, chown: _Chown, found: _Found) -> Iterator[Edit]:
    """Raises EditConflict where the command cannot be taken out of its list."""
    if found.there_before:
        yield remove_span(document, chown.instruction, chown.switch.span)
    elif chown.reading.script is not None and chown.reading.script.top == (chown.command,):
        yield delete(document, chown.instruction)
    elif chown.reading.script is not None:
        yield remove_command(document, chown.reading.script, chown.command)
    yield from (set_flag(document, copy, "chown", found.owner) for copy in found.copies)


def _outcome(view: View, stage: Stage, reading: Reading, command: Command) -> tuple[_Chown, _Found] | str | None:
    """What becomes of one command: None where it is no chown of copied files, else the rewrite or why there is none."""
    wrappers, words = unwrap(command)
    options = [word for word in words[1:] if word.text.startswith("-")]
    operands = [word for word in words[1:] if not word.text.startswith("-")]
    if not words or program(words[0]) != "chown" or len(operands) < 2:
        return None
    if not any(map(_is_recursive, options)):
        return None
    document = view.document
    state = state_of(document, stage, reading, command)
    moved = folder_of(document, stage, reading, command) is None
    targets = [None if moved and word.text[:1] != "/" else _target(state, word) for word in operands[1:]]
    here = [i for i in stage.instructions if i.keyword in ("COPY", "ADD") and i.index < reading.instruction.index]
    places = [lands_at(document, stage, instruction) for instruction in here]
    if not any(target is None or (place and lies_in(place, target)) for target in targets for place in places):
        return _copied_below(document, stage, targets)
    target = targets[0]
    if target is None or len(targets) > 1:
        return "the chown names several paths, or one that only the build knows"
    if wrappers or len(options) > 1 or options[0].text not in ("-R", "--recursive"):
        return "the chown has options or a wrapper that are not looked into"
    if not _always_runs(reading, command):
        return "whether the chown runs depends on another command"
    owner = _owner(state, reading, operands[0])
    if owner is None:
        return f"which user and group `{operands[0].text}` stands for is only known in the build"
    if not state.is_root:
        return f"the step runs as user {state.user}"
    chown = _Chown(stage, reading, command, options[0], owner, target)
    because = unknown_content(document, stage, target, state)
    return because or _with_copies(view, chown)


def _copied_below(document: Document, stage: Stage, targets: list[str | None]) -> str | None:
    """Why a chown stays whose files a stage below has copied; None where no copy there is seen to bring them."""
    for below in lineage(document, stage)[:-1]:
        for instruction in below.instructions:
            place = lands_at(document, below, instruction) if instruction.keyword in ("COPY", "ADD") else None
            if place and any(target is not None and lies_in(place, target) for target in targets):
                line = line_at(instruction.start_line)
                why = "in the stage that this one is built upon, and others may need the files as they are there"
                return f"{line} copies to {place} {why}"
    return None


def _target(state: State, word: ShellWord) -> str | None:
    text = word.value if word.value is not None else word.text.strip('"')
    expanded = None if set(text) & set("*?[~`(") else state.expand(text)
    absolute = None if expanded is None else state.absolute(expanded)
    return None if absolute is None else absolute.rstrip("/") or "/"


def _always_runs(reading: Reading, command: Command) -> bool:
    """Whether the step fails unless the command runs and succeeds, and every one before it too."""
    top = reading.script.top if reading.script else ()
    if command not in top:
        return False
    number = top.index(command)
    following = top[number + 1].joined_by if number + 1 < len(top) else "&&"
    plain = not any(one.piped or one.negated or one.background for one in top[: number + 1])
    return plain and following == "&&" and all(one.joined_by in ("", "&&") for one in top[: number + 1])


def _owner(state: State, reading: Reading, word: ShellWord) -> str | None:
    """User and group as written, where the shell and BuildKit take them for the same."""
    text = word.text.replace('"', "")
    names = _VARIABLES.findall(text)
    if not _OWNER.fullmatch(text) or any(state.settings.get(name) is None for name in names):
        return None
    return None if reading.script is None or set_in(reading.script, names) is not None else text


def _with_copies(view: View, chown: _Chown) -> tuple[_Chown, _Found] | str:
    """The copies that bring everything below the folder, or why something else may be there."""
    document = view.document
    user, _, group = chown.owner.partition(":")
    named = any(not part.isdigit() and part != "root" for part in (user, group) if part)
    copies: list[Instruction] = []
    there = False
    for one in lineage(document, chown.stage):
        for reading in read_steps(document, one):
            instruction = reading.instruction
            if one is chown.stage and instruction.index > chown.instruction.index:
                break
            place = line_at(instruction.start_line)
            if instruction.keyword in ("COPY", "ADD"):
                because = _copied(view, chown, one, instruction)
                if because is True:
                    copies.append(instruction)
                elif because:
                    return f"{place} {because}"
            elif instruction.keyword == "WORKDIR":
                made = made_by_workdir(environment(document, one, instruction), instruction)
                if made is None or (made != chown.target and lies_in(made, chown.target)):
                    return f"{place} may make a folder below {chown.target}"
                there = there or (made == chown.target and not copies)
            elif instruction.keyword == "RUN":
                because = _ran(view, chown, one, reading, between=bool(copies))
                if isinstance(because, str):
                    return f"{place}: {because}"
                there = there or (because and not copies)
                if copies and named and (maker := _makes_accounts(chown, reading)):
                    return f"{maker}: that has to stand before the copy"
    if not there and not parents_there(document, chown.stage, chown.instruction, chown.target):
        return f"COPY would make the folders above {chown.target} for the user too"
    if any(_valued(document, chown, copy) for copy in copies):
        return f"`{chown.owner}` has another value at the copy"
    if group == "" and any(copy.flag("from") or copy.flag("chown") for copy in copies):
        return "the chown names no group, and what is copied has one of its own"
    if any(copy.flag("from") for copy in copies) and _SPECIAL_BITS.search(document.source):
        return "the file sets capabilities or special modes, which a change of owner clears"
    if "alpine" in base_image(document, chown.stage) and may_bring_links(view.workspace, copies):
        return "there are links among the files, and this image's chown follows them"
    again = _written_again(document, chown)
    if again is not None:
        return f"{again} writes the same files into a layer all the same"
    return chown, _Found(tuple(copies), chown.owner if group else f"{user}:0", there)


def _written_again(document: Document, chown: _Chown) -> str | None:
    """A command of the same step that changes mode or group of everything there: its layer holds the files anyway."""
    state = environment(document, chown.stage, chown.instruction)
    for command in chown.reading.script.commands if chown.reading.script else ():
        _, words = unwrap(command)
        if words and program(words[0]) in ("chgrp", "chmod") and any(map(_is_recursive, words[1:])):
            targets = [_target(state, word) for word in words[2:]]
            if any(target is not None and lies_in(chown.target, target) for target in targets):
                return f"`{words_of(command)}`"
    return None


def _is_recursive(word: ShellWord) -> bool:
    return re.fullmatch(r"--recursive|-[a-zA-Z]*R[a-zA-Z]*", word.text) is not None


def _copied(view: View, chown: _Chown, stage: Stage, instruction: Instruction) -> str | bool:
    """True for a copy below the folder, False for one elsewhere, else why it cannot be told or not be changed."""
    document = view.document
    place = lands_at(document, stage, instruction)
    if place is None:
        return "copies to a place that only the build knows"
    if lies_in(place, chown.target):
        if instruction.keyword == "ADD":
            return "is an ADD: what it unpacks keeps owners of its own"
        if stage is not chown.stage:
            return f"copies to {chown.target} in another stage"
        odd = next((flag.name for flag in instruction.flags if flag.name in ("link", "parents")), None)
        return f"uses --{odd}, which makes the folders anew" if odd else True
    if not lies_in(chown.target, place):
        return False
    copy = next((c for c in context_copies(document, stage) if c.instruction is instruction), None)
    only_files = copy is not None and not copies_sources(view.workspace, copy) and instruction.keyword == "COPY"
    return False if only_files else f"may bring files to {chown.target}"


def _ran(view: View, chown: _Chown, stage: Stage, reading: Reading, *, between: bool) -> str | bool:
    """Whether a RUN may make the folder; or why it may leave files in it, or mind who owns them."""
    document, instruction = view.document, reading.instruction
    before = chown.command if instruction is chown.instruction else None
    effect = effect_on(view.workspace, document, stage, reading, chown.target, before)
    if effect.writes is None:
        return effect.makes
    text = instruction.span.of(document.source).decode("utf-8", "replace")
    return (
        effect.writes if between or may_reach(text, environment(document, stage, instruction), chown.target) else True
    )


def _makes_accounts(chown: _Chown, reading: Reading) -> str | None:
    """What in a step may make the user or the group, as a place in words."""
    place = "it" if reading.instruction is chown.instruction else line_at(reading.instruction.start_line)
    for command in reading.script.commands if reading.script else ():
        if command == chown.command:
            break
        _, words = unwrap(command)
        if words and program(words[0]) in ACCOUNT_MAKERS:
            return f"{place} makes users or groups"
        if any(i.command == command and i.manager in SYSTEM_MANAGERS for i in reading.installs):
            return f"{place} installs packages, which may make users or groups"
    return None


def _valued(document: Document, chown: _Chown, copy: Instruction) -> bool:
    """Whether a variable of the owner has another value at the copy than at the chown."""
    there = environment(document, chown.stage, chown.instruction).settings
    here = environment(document, chown.stage, copy).settings
    return any(there.get(name) != here.get(name) for name in _VARIABLES.findall(chown.owner))
