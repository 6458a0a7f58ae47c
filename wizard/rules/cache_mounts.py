"""Keep what package managers download in a cache of the builder instead of in the image.

What it does
: Adds cache mounts to the steps that install packages, where the manager really keeps its downloads for that user, and
  takes away what fights them: `--no-cache-dir`, cleaning commands on the same folders, Debian's `docker-clean`. A
  `PIP_NO_CACHE_DIR` of the environment stays, and is emptied in front of that one command.

Why
: When a step has to run again (a package was added), it downloads only what is new; and no cache lands in a layer.

When it is safe
: The step runs as root, where it keeps its cache is known, nothing brings files there for it to find, nothing reads
  those that it leaves there (a copy out of the stage, a later command), and what cleans the cache's folder can be
  told apart from everything else. apt's package lists go into a cache only where the step fetches them itself and no
  later step looks for them in the layer. apt's downloads do so only where every later step that uses apt, or runs
  something unseen that may use it (a fetched script, a program that installs Debian packages itself), keeps its own
  out of the image too: without docker-clean they would stay in a layer. Caches are named after the release, so that
  builds of others on the same machine do not meet them; those of stages that can run at the same time after the stage
  too, so that they do not wait for each other. pip's and uv's are named only where compilers are there: downloads are
  keyed by address, but a wheel that was built goes by link and Python version, whatever C library it was built
  against. uv's cache stays where packages are links into it, and where the container runs uv, which may have to build
  the project from it. Of Poetry's only what it downloads is mounted: its environments may be in the same folder.
  conda's is mounted in images whose name tells that their package cache is empty, and where nothing settles that conda
  keeps or links packages otherwise; `conda clean` goes, but for one in front of the install, which removes what a build
  that was stopped may have left half unpacked. The packages are then copies instead of hard links, so a step that fills
  several environments, which share their files by these links, is left as it is. So are mamba and micromamba: they copy
  without the times of the files, and Python would compile everything anew at every start. This was tried with conda and
  a channel of files; no public channel was at hand to measure with.
  PDM's stays where its settings move it, make the packages links into it, or have uv install; Pipenv's where something
  clears it (`--clear`, which fails where the folder is mounted).

Source
: docs.docker.com, "Optimize cache usage in builds", cache mounts; pip's documentation on caching; docs.astral.sh/uv,
  "Using uv in Docker"; python-poetry.org and pdm-project.org, Configuration; pipenv.pypa.io, PIPENV_CACHE_DIR;
  docs.conda.io, "conda clean" and "Settings".
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator
from typing import NamedTuple

from wizard.dockerfile.cleaning import cleans
from wizard.dockerfile.document import Document, Instruction, Span, Stage
from wizard.dockerfile.editing import Edit, add_flags, remove_spans, splice
from wizard.dockerfile.errors import EditConflict
from wizard.dockerfile.installs import Install
from wizard.dockerfile.shell import Script
from wizard.dockerfile.stages import base_image, lineage
from wizard.dockerfile.state import State, environment
from wizard.inspection.apt.docker_clean import keep_downloads
from wizard.inspection.apt.lists import AptFlow, apt_flow
from wizard.inspection.apt.run_time import reader_at_run_time
from wizard.inspection.caches.conda import conda_cache
from wizard.inspection.caches.in_use import in_use
from wizard.inspection.caches.mounted import Cleaning, Hindrance, cleaning_of, covered, taken_out
from wizard.inspection.caches.names import may_compile, release_name, shared_names
from wizard.inspection.caches.python import keeps_cache, python_cache, words_against_cache
from wizard.inspection.caches.run_time import wanted_by_uv
from wizard.inspection.ecosystems.pdm import cache_settings
from wizard.inspection.frontend import Frontend, frontend_of, used_features
from wizard.inspection.image_names import name_parts
from wizard.inspection.places import line_at
from wizard.inspection.steps import APT, Reading, read_steps, unread_runs
from wizard.rules.base import Category, Proposal, Refusal, View, evidence_at, unread
from wizard.wording import listed

ID = "cache-mounts"
TITLE = "Keep downloads in cache mounts"
CATEGORY: Category = "speed"

_CACHE, _LISTS = "/var/cache/apt", "/var/lib/apt/lists"
_KINDS = {_CACHE: "apt-cache", _LISTS: "apt-lists"}
_WITHOUT_DOCKER_CLEAN = " Whoever uses apt on top of the image has to clean up: docker-clean is not there any more."
_INSTALLS = (
    r"\b(?:(?:apt(?:-get)?|pip3?|uv\s+pip)\b[^;&|]{0,300}\binstall|(?:uv|poetry|pdm|pipenv)\s+(?:sync|install)"
    r"|conda\b[^;&|]{0,300}\b(?:install|create|update))\b"
)


class _Step(NamedTuple):
    """A RUN that installs, and what decides about it."""

    stage: Stage
    reading: Reading
    script: Script
    state: State

    @property
    def instruction(self) -> Instruction:
        return self.reading.instruction


class _Mounts(NamedTuple):
    """What one manager's cache folders ask of one RUN."""

    manager: str
    new: tuple[str, ...]
    """The flags to add."""
    cleaning: Cleaning
    """What must not happen any more under the mounts, old and new."""
    switches: tuple[Edit, ...] = ()
    """What goes in front of a command: for pip and uv what turns on a cache that the environment turns off, for conda
    what removes the leftovers of a build that was stopped."""
    docker_clean: Edit | None = None
    """For apt: what stops Debian's images from emptying the cache after every install."""


class _Problem(NamedTuple):
    instruction: Instruction
    because: str


def propose(view: View) -> Proposal | Refusal | None:
    """Mounts for every install step that can take them."""
    document = view.document
    frontend = frontend_of(document, view.inspection.engine)
    if not frontend.has("cache-mount") and "cache-mount" not in used_features(document):
        return _refusal_of_frontend(view, frontend)
    flow = apt_flow(view.workspace, document)
    steps = [
        _Step(stage, reading, reading.script, environment(document, stage, reading.instruction))
        for stage in document.stages
        for reading in read_steps(document, stage)
        if reading.script is not None and reading.installs
    ]
    outcomes = [
        *_apt(view, flow, steps),
        *(one for step in steps for one in (*_python(view, step), *_conda(view, step))),
    ]
    mounts_of: dict[int, list[_Mounts]] = {}
    for step, outcome in outcomes:
        if isinstance(outcome, _Mounts):
            mounts_of.setdefault(step.instruction.index, []).append(outcome)
    problems = [outcome for _, outcome in outcomes if isinstance(outcome, _Problem)]
    edits: list[Edit] = []
    changed: list[Instruction] = []
    managers: set[str] = set()
    cleared: set[int] = set()
    try:
        for step in steps:
            mounts = mounts_of.get(step.instruction.index, [])
            below = {stage.index for stage in lineage(document, step.stage)}
            found = list(_edits(document, step, mounts, clear=not below & cleared))
            if found:
                edits += found
                changed.append(step.instruction)
                managers |= {mount.manager for mount in mounts}
                cleared |= {step.stage.index for mount in mounts if mount.docker_clean is not None}
        result = splice(document, edits)
    except EditConflict as error:
        return Refusal(ID, f"{line_at(error.line)}: {error.message}")
    if not changed:
        return _refusal(view, problems) or unread(view, ID, unread_runs(document, _INSTALLS))
    names = listed(sorted(managers))
    left = {problem.instruction.index: problem for problem in reversed(problems)}
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="safe",
        why=f"Every time one of these steps runs again, {names} download{'s' if len(managers) == 1 else ''} "
        "everything again.",
        evidence=tuple(evidence_at(view, instruction) for instruction in changed),
        edits={view.dockerfile: result.source},
        planned=result.planned,
        risk="A cache mount is kept by the builder and is not part of the image; on a fresh builder nothing is gained."
        + (_WITHOUT_DOCKER_CLEAN if cleared else "")
        + "".join(
            f" {line_at(problem.instruction.start_line).capitalize()} is "
            f"{'changed in part only' if problem.instruction in changed else 'left as it is'}: {problem.because}."
            for _, problem in sorted(left.items())
        ),
    )


def _refusal_of_frontend(view: View, frontend: Frontend) -> Refusal | None:
    readings = (reading for stage in view.document.stages for reading in read_steps(view.document, stage))
    first = next(
        (
            r
            for r in readings
            if _installs_with_apt(r) or any(keeps_cache(i) or i.manager == "conda" for i in r.installs)
        ),
        None,
    )
    if first is None:
        return None
    return Refusal(ID, frontend.lacks("cache-mount"), (evidence_at(view, first.instruction),))


def _refusal(view: View, problems: list[_Problem]) -> Refusal | None:
    if not problems:
        return None
    first = min(problems, key=lambda problem: problem.instruction.index)
    because = f"{line_at(first.instruction.start_line)}: {first.because}"
    return Refusal(ID, because, (evidence_at(view, first.instruction),))


def _apt(view: View, flow: AptFlow, steps: list[_Step]) -> Iterator[tuple[_Step, _Mounts | _Problem]]:
    """What each apt step gets; from the last to the first, because what a step may do depends on those after it."""
    document = view.document
    by_index = {step.instruction.index: step for step in steps if _installs_with_apt(step.reading)}
    readings = {r.instruction.index: r for stage in document.stages for r in read_steps(document, stage)}
    releases = {
        stage.index: release_name(base_image(document, stage))
        for stage in document.stages
        if any(instruction.index in flow.steps for instruction in stage.instructions)
    }
    names = shared_names(document, releases)
    blocked: dict[int, str] = {}
    """Steps that keep docker-clean, or need it: what would leave its downloads in a layer without it."""
    for index, use in sorted(flow.steps.items(), reverse=True):
        instruction = document.instructions[index]
        step = by_index.get(index)
        if step is None:
            if use.unseen is not None or not _only_refreshes(readings.get(index)):
                why = use.unseen or "it installs without a mount"
                blocked[index] = f"{line_at(instruction.start_line)} ({why})"
            continue
        outcome = _apt_step(view, names[step.stage.index], step, [_CACHE, *_lists(flow, step)])
        if isinstance(outcome, _Problem):
            if not any(cleans(command) == "apt" for command in step.script.commands):
                blocked[index] = f"{line_at(instruction.start_line)} ({outcome.because})"
            yield step, outcome
            continue
        clears = blocked and outcome.docker_clean is not None
        after = flow.later(step.stage, instruction) if clears else ()
        later = next((other for other in after if other.index in blocked), None)
        if later is not None:
            blocked[index] = blocked[later.index]
            yield (
                step,
                _Problem(
                    instruction, f"without docker-clean, downloads could stay in the image after {blocked[index]}"
                ),
            )
            outcome = _apt_step(view, names[step.stage.index], step, _lists(flow, step))
            if isinstance(outcome, _Mounts) and outcome.new:
                yield step, outcome
        elif outcome.new or outcome.cleaning.commands or outcome.cleaning.words:
            yield step, outcome


def _lists(flow: AptFlow, step: _Step) -> list[str]:
    """The folder of the package lists, where the step fetches them itself and leaves none that a later one, or
    a program of the container, needs."""
    cleaned = any(cleans(command) == "apt-lists" for command in step.script.commands)
    refreshes = flow.use(step.instruction) == "refreshes"
    if not refreshes or cleaned:
        return [_LISTS] if refreshes else []
    wanted = flow.needs_lists(step.stage, step.instruction) or reader_at_run_time(flow.document, step.stage)
    return [_LISTS] if wanted is None else []


def _apt_step(view: View, name: str, step: _Step, folders: Collection[str]) -> _Mounts | _Problem:
    """The mounts of one step for these folders, taken by itself; `name` is that of the stage's caches."""
    document = view.document
    if any(install.has("-d", "--download-only") for install in step.reading.installs if install.manager in APT):
        return _Problem(step.instruction, "the step downloads packages for a later one")
    image = base_image(document, step.stage)
    if "$" in name_parts(image)[0]:
        why = f"which image {image} is, only the build knows, and the packages of two releases must not meet"
        return _Problem(step.instruction, why)
    managers = {"apt" if folder == _CACHE else "apt-lists" for folder in folders}
    new = [folder for folder in folders if not covered(step.instruction, step.state, folder)]
    cleaning = cleaning_of(step.script, step.state, folders, managers, ["/var/lib/apt"] if _LISTS in folders else [])
    if isinstance(cleaning, Hindrance):
        return _Problem(step.instruction, cleaning.because)
    hindrance = in_use(view.workspace, document, step.stage, step.instruction, new)
    if hindrance is not None:
        return _Problem(step.instruction, hindrance)
    try:
        taken_out(document, step.instruction, step.script, cleaning, step.state)
        clean = keep_downloads(document, step.stage, step.reading, step.script) if _CACHE in new else None
    except EditConflict as error:
        return _Problem(step.instruction, error.message)
    flags = tuple(f"--mount=type=cache,id={name}-{_KINDS[folder]},target={folder},sharing=locked" for folder in new)
    return _Mounts("apt", flags, cleaning, docker_clean=clean)


def _only_refreshes(reading: Reading | None) -> bool:
    return reading is not None and {i.verb for i in reading.installs if i.manager in APT} == {"update"}


def _installs_with_apt(reading: Reading) -> bool:
    return any(install.manager in APT and install.verb != "update" for install in reading.installs)


def _python(view: View, step: _Step) -> Iterator[tuple[_Step, _Mounts | _Problem]]:
    """The caches of pip, uv, Poetry, PDM and Pipenv."""
    document = view.document
    installs = [i for i in step.reading.installs if keeps_cache(i) and not i.has("--no-index")]
    for manager in sorted({install.manager for install in installs}):
        calls = [install for install in installs if install.manager == manager]
        cache = python_cache(document, step.stage, step.state, step.script, manager, calls)
        if isinstance(cache, Hindrance):
            yield step, _Problem(step.instruction, cache.because)
            continue
        syncs = [call for call in calls if (call.manager, call.verb) == ("uv", "sync")]
        editable = not any(call.has("--no-editable") for call in syncs)
        wanted = wanted_by_uv(view.workspace, document, step.stage, editable=editable) if syncs else None
        wanted = wanted or (cache_settings(view.workspace) if manager == "pdm" else None)
        missing = [folder for folder in cache.folders if not covered(step.instruction, step.state, folder)]
        hindrance = wanted or in_use(view.workspace, document, step.stage, step.instruction, missing)
        if hindrance is not None:
            yield step, _Problem(step.instruction, hindrance)
            continue
        more = [f"{step.state.home}/.cache"] if step.reading.role == "install" else []
        more += [cache.folder] if cache.parts else []
        cleaning = cleaning_of(step.script, step.state, cache.folders, {manager}, more)
        if isinstance(cleaning, Hindrance):
            yield step, _Problem(step.instruction, cleaning.because)
            continue
        try:
            taken_out(document, step.instruction, step.script, cleaning, step.state)
        except EditConflict as error:
            yield step, _Problem(step.instruction, error.message)
            continue
        new = tuple(_python_flag(document, step, manager, folder) for folder in missing)
        added = tuple(_switch_on(call, cache.switch) for call in calls if cache.switch is not None)
        mounts = _Mounts(manager, new, cleaning, added)
        if new or added or cleaning.commands or cleaning.words or words_against_cache(manager, step.reading.installs):
            yield step, mounts


def _python_flag(document: Document, step: _Step, manager: str, folder: str) -> str:
    compiles = may_compile(document, step.stage, step.instruction)
    part = f"{manager}-{posixpath.basename(folder)}" if manager == "poetry" else manager
    identity = f"id={release_name(base_image(document, step.stage))}-{part}," if compiles else ""
    # PDM keeps what it downloads in a database, which two builds at once might find locked.
    return f"--mount=type=cache,{identity}target={folder}{',sharing=locked' if manager == 'pdm' else ''}"


def _conda(view: View, step: _Step) -> Iterator[tuple[_Step, _Mounts | _Problem]]:
    """The package cache of conda."""
    document, instruction = view.document, step.instruction
    calls = [install for install in step.reading.installs if install.manager == "conda"]
    if not calls:
        return
    try:
        cache = conda_cache(view.workspace, document, step.stage, instruction, step.script, calls)
    except EditConflict as error:
        cache = Hindrance(error.message)
    if isinstance(cache, Hindrance):
        yield step, _Problem(instruction, cache.because)
    elif cache.mounted and (cache.cleaning.commands or cache.cleaning.words):
        yield step, _Mounts("conda", (), cache.cleaning)
    elif not cache.mounted:
        at = calls[0].command.span.start
        flag = f"--mount=type=cache,target={cache.folder},sharing=locked"
        yield step, _Mounts("conda", (flag,), cache.cleaning, (Edit(Span(at, at), cache.front),))


def _switch_on(install: Install, assignment: str) -> Edit:
    at = install.command.words[0].span.start
    return Edit(Span(at, at), f"{assignment} ")


def _edits(document: Document, step: _Step, mounts: list[_Mounts], *, clear: bool) -> Iterator[Edit]:
    """All that changes in one RUN; `clear`: no step before it did away with docker-clean.

    Raises EditConflict where the rest would mean something else.
    """
    flags = [flag for mount in mounts for flag in mount.new]
    if flags:
        yield add_flags(document, step.instruction, flags)
    yield from (switch for mount in mounts for switch in mount.switches)
    if clear:
        yield from (mount.docker_clean for mount in mounts if mount.docker_clean is not None)
    commands = tuple(dict.fromkeys(command for mount in mounts for command in mount.cleaning.commands))
    words = tuple(dict.fromkeys(word for mount in mounts for word in mount.cleaning.words))
    yield from taken_out(document, step.instruction, step.script, Cleaning(commands, words), step.state)
    spans = [span for mount in mounts for span in words_against_cache(mount.manager, step.reading.installs)]
    yield from remove_spans(document, step.instruction, spans)
