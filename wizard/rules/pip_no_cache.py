"""Keep pip's downloads out of the image, where no cache mount holds them.

What it does
: Adds `--no-cache-dir` to the pip installs whose cache would stay in a layer of the image.

Why
: pip keeps every archive that it downloads, and every wheel that it builds, below `~/.cache/pip`. In an image they are
  dead weight, about as large as the archives of all packages.

When it is safe
: The stage is shipped, its cache is on, nothing filled it before, and no mount holds it (cache-mounts comes before this
  rule, and does better where it can), the step does not clean up behind itself, and nothing looks into the folder
  later: no command, no copy out of the stage, no second install of the same packages after the compilers are gone. A
  cache folder that the file names is left alone.

Source
: pip's documentation, "Caching" and `--no-cache-dir`; the Python packaging of docs.docker.com's guides.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from wizard.dockerfile.cleaning import cleans
from wizard.dockerfile.document import Document, Instruction, Span, Stage
from wizard.dockerfile.editing import Edit, splice
from wizard.dockerfile.installs import Install, program, unwrap
from wizard.dockerfile.script import Command
from wizard.dockerfile.stages import built_upon, lineage, mount_options
from wizard.dockerfile.state import State, environment
from wizard.inspection.caches.fillers import filler_of
from wizard.inspection.caches.mounted import covered, set_in
from wizard.inspection.caches.readers import reader_of
from wizard.inspection.places import line_at
from wizard.inspection.shipped import shipped_stages
from wizard.inspection.steps import SYSTEM_MANAGERS, Reading, read_steps, unread_runs
from wizard.rules.base import Category, Proposal, Refusal, View, evidence_at, unread
from wizard.wording import listed

ID = "pip-no-cache"
TITLE = "Keep pip's downloads out of the image"
CATEGORY: Category = "size"

_FLAG = "--no-cache-dir"
_KEEPS_NONE = (_FLAG, "--no-index", "--dry-run")
_OFF, _PLACE = "PIP_NO_CACHE_DIR", "PIP_CACHE_DIR"
_DECIDING = (_OFF, _PLACE, "PIP_CONFIG_FILE")
_VERBS = frozenset({"install", "wheel", "download"})
_INSTALLS = r"\bpip3?\b[^;&|]{0,300}\binstall\b(?![^;&|]*--no-cache-dir)"
_SETTINGS = re.compile(rb"\bpip\.conf\b|\.config/pip\b|\bpip3?\s+config\b[^;&|\n]*cache")
_REMOVERS = frozenset({"rm", "find", "mv", "rmdir"})
_TAKING_AWAY = frozenset({"remove", "purge", "autoremove", "del", "erase"})


class _Kept(NamedTuple):
    """Installs of one step that leave a cache, or why it has to stay."""

    instruction: Instruction
    installs: tuple[Install, ...]
    because: str | None = None
    needed: bool = False
    """A later install may need the cache: then that one must read it too."""


def propose(view: View) -> Proposal | Refusal | None:
    """The flag for every install that leaves a cache in a shipped layer."""
    document = view.document
    stages = shipped_stages(document, view.inspection.callers)
    found = [
        kept for stage in stages for reading in read_steps(document, stage) if (kept := _left(view, stage, reading))
    ]
    needed = any(kept.needed for kept in found)
    able = [] if needed else [kept for kept in found if kept.because is None]
    unable = [kept for kept in found if kept.because is not None]
    if not able:
        if unable:
            first = next((kept for kept in unable if kept.needed), unable[0])
            because = f"{line_at(first.instruction.start_line)}: {first.because}"
            return Refusal(ID, because, (evidence_at(view, first.instruction),))
        return unread(view, ID, [i for i in unread_runs(document, _INSTALLS) if document.stage_of(i) in stages])
    result = splice(document, [_flagged(install) for kept in able for install in kept.installs])
    places = listed([line_at(kept.instruction.start_line) for kept in able])
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="safe",
        why=f"What pip downloads in {places} stays in the image, and nothing reads it there.",
        evidence=tuple(evidence_at(view, kept.instruction) for kept in able),
        edits={view.dockerfile: result.source},
        planned=result.planned,
        risk="No later step looks into pip's cache."
        + "".join(
            f" {line_at(kept.instruction.start_line).capitalize()} is left as it is: {kept.because}." for kept in unable
        ),
    )


def _flagged(install: Install) -> Edit:
    end = install.verb_word.span.end
    return Edit(Span(end, end), f" {_FLAG}")


def _left(view: View, stage: Stage, reading: Reading) -> _Kept | None:
    """The installs of a step that leave pip's cache in its layer; None where there are none."""
    document, script = view.document, reading.script
    calls = tuple(i for i in reading.installs if i.manager == "pip" and i.verb in _VERBS and not i.has(*_KEEPS_NONE))
    if script is None or not calls:
        return None
    state = environment(document, stage, reading.instruction)
    settings = state.settings
    if _turned_off(settings.get(_OFF, "")) or any(_OFF in install.environment for install in calls):
        return None
    folder = _folder(state)
    if _is_mounted(reading.instruction, state, folder):
        return None
    if any(command.span.start > calls[-1].command.span.start and _cleans(command) for command in script.commands):
        return None

    def kept(because: str | None) -> _Kept:
        return _Kept(reading.instruction, calls, because)

    own = set_in(script, _DECIDING)
    own = own or next((name for call in calls for name in call.environment if name in _DECIDING), None)
    if own is not None:
        return kept(f"the step sets {own} itself")
    named = next((name for name in _DECIDING if settings.get(name, "") != ""), None)
    if named is not None:
        return kept(f"{named} is set, and decides about pip's cache")
    if any(call.has("--cache-dir") for call in calls):
        return kept("the install names a cache folder of its own")
    setter = next(
        (i for i in _below(document, stage, reading.instruction) if _SETTINGS.search(i.span.of(document.source))), None
    )
    if setter is not None:
        return kept(f"{line_at(setter.start_line)} gives pip settings that are not read here")
    place = folder or f"/home/{state.user}/.cache/pip"
    filler = filler_of(view.workspace, document, stage, reading.instruction, place)
    if filler is not None:
        return kept(f"{line_at(filler.start_line)} may put wheels into pip's cache, for the step to find")
    reader = reader_of(document, stage, reading.instruction, place)
    if reader is not None:
        return kept(f"{line_at(reader.start_line)} reads pip's cache")
    later = _needed_later(document, stage, reading, calls)
    return _Kept(reading.instruction, calls, later, needed=later is not None)


def _turned_off(value: str | None) -> bool:
    """pip takes every value but an empty one as "no cache" (pip/_internal/cli/cmdoptions.py)."""
    return bool(value)


def _folder(state: State) -> str | None:
    """Where pip keeps its cache, None where that is not known."""
    base = state.settings.get("XDG_CACHE_HOME") or (f"{state.home}/.cache" if state.home else None)
    return f"{base}/pip" if base else None


def _is_mounted(instruction: Instruction, state: State, folder: str | None) -> bool:
    """Whether a mount of the step holds the cache; where its folder is not known, any that may be it."""
    if folder is not None and covered(instruction, state, folder):
        return True
    mounts = (mount_options(flag.value or "") for flag in instruction.flags if flag.name == "mount")
    targets = (mount.get("target") or mount.get("dst") or mount.get("destination") or "" for mount in mounts)
    return any({".cache", "pip"} & set(target.split("/")) for target in targets)


def _cleans(command: Command) -> bool:
    """Whether a command takes pip's cache away, or may do so."""
    _, words = unwrap(command)
    named = any("cache" in word.text for word in words[1:])
    return cleans(command) == "pip" or (bool(words) and program(words[0]) in _REMOVERS and named)


def _below(document: Document, stage: Stage, instruction: Instruction) -> Iterator[Instruction]:
    """What stands before an instruction in its stage and the stages below it, itself included."""
    for one in lineage(document, stage):
        yield from (other for other in one.instructions if one is not stage or other.index <= instruction.index)


def _needed_later(document: Document, stage: Stage, reading: Reading, calls: tuple[Install, ...]) -> str | None:
    """Why a later step of an image needs what the step leaves in the cache."""
    wanted = {name for call in calls for name in _names(call)}
    removed = reading.script is not None and any(map(_takes_packages_away, reading.script.commands))
    for one in built_upon(document, stage):
        for later in _later_steps(document)[one.index]:
            if later.instruction.index <= reading.instruction.index:
                continue
            place = line_at(later.instruction.start_line)
            if later.wants_cache:
                return f"{place} works on pip's cache, and may fail where there is none"
            removed = removed or later.takes_away
            if removed and wanted & later.names:
                return f"{place} installs the same once more, after compilers may be gone: it may need the cache"
    return None


class _Later(NamedTuple):
    """A step that may need what an earlier one left in the cache."""

    instruction: Instruction
    wants_cache: bool
    takes_away: bool
    names: frozenset[str]
    """What it installs with pip."""


@lru_cache(maxsize=16)
def _later_steps(document: Document) -> tuple[tuple[_Later, ...], ...]:
    """Those of every stage, by number. Kept: it is asked for each install before them."""
    return tuple(
        tuple(
            _Later(
                reading.instruction,
                any(map(_wants_cache, reading.script.commands)),
                any(map(_takes_packages_away, reading.script.commands)),
                frozenset(name for i in reading.installs if i.manager == "pip" for name in _names(i)),
            )
            for reading in read_steps(document, stage)
            if reading.script is not None
        )
        for stage in document.stages
    )


def _names(install: Install) -> Iterator[str]:
    yield from (posixpath.basename(path) for path in install.requirement_files)
    yield from (word.text for word in install.packages)


def _takes_packages_away(command: Command) -> bool:
    """Whether it removes packages of the system: what compiled a wheel may be among them."""
    _, words = unwrap(command)
    return bool(words) and program(words[0]) in SYSTEM_MANAGERS and any(w.value in _TAKING_AWAY for w in words[1:])


def _wants_cache(command: Command) -> bool:
    """Whether it is a `pip cache …`, or a removal that fails where there is nothing to remove."""
    if cleans(command) != "pip":
        return False
    _, words = unwrap(command)
    forced = any(re.fullmatch(r"-[a-zA-Z]*f[a-zA-Z]*|--force", word.text) for word in words[1:])
    return program(words[0]) != "rm" or not forced
