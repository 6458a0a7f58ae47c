"""Keep what package managers download in a cache of the builder instead of in the image.

What it does
: Adds cache mounts to the steps that install packages, where the manager really keeps its downloads for that user, and
  takes away what fights them: `--no-cache-dir`, cleaning commands on the same folders, Debian's `docker-clean`.

Why
: When a step has to run again (a package was added), it downloads only what is new; and no cache lands in a layer.

When it is safe
: The step runs as root, no setting moves or turns off the cache, and what cleans the cache's folder can be told apart
  from everything else. apt's package lists go into a cache only where the step fetches them itself and no later step
  looks for them in the layer; apt's downloads only where every later step that uses apt keeps its own out of the image
  too. Caches of stages that can run at the same time have names of their own, so that they do not wait for each other.

Source
: docs.docker.com, "Optimize cache usage in builds", cache mounts; pip's documentation on caching; docs.astral.sh/uv,
  "Using uv in Docker".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from wizard.assets import knowledge
from wizard.dockerfile.cleaning import cleans
from wizard.dockerfile.document import Document, Instruction, Span, Stage
from wizard.dockerfile.editing import Edit, add_flags, remove_spans, splice
from wizard.dockerfile.errors import EditConflict
from wizard.dockerfile.installs import Install
from wizard.dockerfile.run_editing import insert_command
from wizard.dockerfile.shell import Script
from wizard.dockerfile.stages import base_image, dependencies, lineage
from wizard.dockerfile.state import State, environment
from wizard.inspection.apt import AptFlow, apt_flow
from wizard.inspection.mounted import Cleaning, Hindrance, cleaning_of, covered, set_in, taken_out
from wizard.inspection.pip_installs import is_pip
from wizard.inspection.places import line_at
from wizard.inspection.steps import APT, Reading, read_steps
from wizard.rules.base import Category, Proposal, Refusal, View, evidence_at

ID = "cache-mounts"
TITLE = "Keep downloads in cache mounts"
CATEGORY: Category = "speed"

_CACHE, _LISTS = "/var/cache/apt", "/var/lib/apt/lists"
_DOCKER_CLEAN = "/etc/apt/apt.conf.d/docker-clean"
_OFF = {"pip": "PIP_NO_CACHE_DIR", "uv": "UV_NO_CACHE"}
_PLACE = {"pip": "PIP_CACHE_DIR", "uv": "UV_CACHE_DIR"}
_KNOWS_MOUNTS = re.compile(
    r"(?:docker\.io/)?docker/dockerfile(?:-upstream)?(?::(?!1\.[01](?:\.|$|-(?!exp)))[\w.-]+)?(?:@\S+)?"
)
"""Docker's own frontend; cache mounts came with 1.2 and were in the experimental ones before."""
_NO_CACHE = ("--no-cache-dir", "--no-cache", "-n")


@dataclass(frozen=True)
class _Step:
    """A RUN that installs, and what decides about it."""

    stage: Stage
    reading: Reading
    script: Script
    state: State

    @property
    def instruction(self) -> Instruction:
        return self.reading.instruction


@dataclass(frozen=True)
class _Mounts:
    """What one manager's cache folders ask of one RUN."""

    manager: str
    new: tuple[str, ...]
    """The flags to add."""
    cleaning: Cleaning
    """What must not happen any more under the mounts, old and new."""
    docker_clean: Edit | None = None
    """For apt: what stops Debian's images from emptying the cache after every install."""


@dataclass(frozen=True, slots=True)
class _Problem:
    instruction: Instruction
    because: str


def propose(view: View) -> Proposal | Refusal | None:
    """Mounts for every install step that can take them."""
    document = view.document
    frontend = document.syntax()
    if frontend is not None and not _KNOWS_MOUNTS.fullmatch(frontend):
        return _refusal_of_frontend(view, frontend)
    flow = apt_flow(view.workspace, document)
    steps = [
        _Step(stage, reading, reading.script, environment(document, stage, reading.instruction))
        for stage in document.stages
        for reading in read_steps(document, stage)
        if reading.script is not None and reading.installs
    ]
    outcomes = [*_apt(document, flow, steps), *(one for step in steps for one in _python(document, step))]
    problems = [outcome for _, outcome in outcomes if isinstance(outcome, _Problem)]
    edits: list[Edit] = []
    changed: list[Instruction] = []
    managers: set[str] = set()
    cleared: set[int] = set()
    try:
        for step in steps:
            mounts = [one for other, one in outcomes if other is step and isinstance(one, _Mounts)]
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
        return _refusal(view, problems)
    names = " and ".join(sorted(managers))
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
        + "".join(
            f" {line_at(problem.instruction.start_line).capitalize()} is left as it is: {problem.because}."
            for problem in left.values()
        ),
    )


def _refusal_of_frontend(view: View, frontend: str) -> Refusal | None:
    readings = (reading for stage in view.document.stages for reading in read_steps(view.document, stage))
    first = next((r for r in readings if _installs_with_apt(r) or any(is_pip(i) for i in r.installs)), None)
    if first is None:
        return None
    because = f"# syntax={frontend} is a frontend that is not known to have cache mounts"
    return Refusal(ID, because, (evidence_at(view, first.instruction),))


def _refusal(view: View, problems: list[_Problem]) -> Refusal | None:
    if not problems:
        return None
    first = min(problems, key=lambda problem: problem.instruction.index)
    because = f"{line_at(first.instruction.start_line)}: {first.because}"
    return Refusal(ID, because, (evidence_at(view, first.instruction),))


def _apt(document: Document, flow: AptFlow, steps: list[_Step]) -> Iterator[tuple[_Step, _Mounts | _Problem]]:
    """What each apt step gets; from the last to the first, because what a step may do depends on those after it."""
    by_index = {step.instruction.index: step for step in steps if _installs_with_apt(step.reading)}
    blocked: dict[int, str] = {}
    for index in sorted(flow.uses, reverse=True):
        instruction = document.instructions[index]
        step = by_index.get(index)
        if instruction.keyword in ("CMD", "ENTRYPOINT") or (step is None and _only_refreshes(document, instruction)):
            continue
        if step is None:
            blocked[index] = "which apt commands it runs cannot be seen"
            continue
        outcome = _apt_step(document, flow, step)
        if isinstance(outcome, _Problem):
            if not any(cleans(command) == "apt" for command in step.script.commands):
                blocked[index] = outcome.because
            yield step, outcome
            continue
        later = next((other for other in flow.later(step.stage, instruction) if other.index in blocked), None)
        if later is not None and outcome.docker_clean is not None:
            blocked[index] = blocked[later.index]
            place, why = line_at(later.start_line), blocked[later.index]
            yield step, _Problem(instruction, f"{place} would then leave its downloads in the image ({why})")
        elif outcome.new or outcome.cleaning.commands or outcome.cleaning.words:
            yield step, outcome


def _apt_step(document: Document, flow: AptFlow, step: _Step) -> _Mounts | _Problem:
    """The mounts of one step, taken by itself."""
    if any(install.has("-d", "--download-only") for install in step.reading.installs if install.manager in APT):
        return _Problem(step.instruction, "the step downloads packages for a later one")
    folders = [_CACHE]
    if flow.uses[step.instruction.index] == "refreshes":
        cleaned = any(cleans(command) == "apt-lists" for command in step.script.commands)
        if cleaned or flow.needs_lists(step.stage, step.instruction) is None:
            folders.append(_LISTS)
    managers = {"apt", "apt-lists"} if _LISTS in folders else {"apt"}
    new = [folder for folder in folders if not covered(step.instruction, step.state, folder)]
    cleaning = cleaning_of(step.script, step.state, folders, managers, ["/var/lib/apt"] if _LISTS in folders else [])
    if isinstance(cleaning, Hindrance):
        return _Problem(step.instruction, cleaning.because)
    try:
        taken_out(document, step.instruction, step.script, cleaning, step.state)
        clean = _without_docker_clean(document, step) if _CACHE in new else None
    except EditConflict as error:
        return _Problem(step.instruction, error.message)
    name = _name_of_its_own(document, flow, step.stage)
    flags = tuple(_apt_flag(folder, name) for folder in new)
    return _Mounts("apt", flags, cleaning, clean)


def _apt_flag(folder: str, name: str | None) -> str:
    identity = f"id={name}-apt-{'cache' if folder == _CACHE else 'lists'}," if name else ""
    return f"--mount=type=cache,{identity}target={folder},sharing=locked"


def _without_docker_clean(document: Document, step: _Step) -> Edit | None:
    """What lets apt keep its downloads; None where a step before this one of the same image did it already."""
    for stage in lineage(document, step.stage):
        for other in stage.instructions:
            if stage is step.stage and other.index >= step.instruction.index:
                break
            if other.keyword == "RUN" and _DOCKER_CLEAN in other.argument:
                return None
    first = next(install for install in step.reading.installs if install.manager in APT)
    text = f"{'sudo ' if 'sudo' in first.wrappers else ''}rm -f {_DOCKER_CLEAN}"
    if first.command in step.script.top and first.command.joined_by in ("", "&&"):
        return insert_command(document, step.script, first.command, text)
    return insert_command(document, step.script, step.script.top[0], text)


def _only_refreshes(document: Document, instruction: Instruction) -> bool:
    reading = next((r for s in document.stages for r in read_steps(document, s) if r.instruction is instruction), None)
    return reading is not None and {i.verb for i in reading.installs if i.manager in APT} == {"update"}


def _installs_with_apt(reading: Reading) -> bool:
    return any(install.manager in APT and install.verb != "update" for install in reading.installs)


def _name_of_its_own(document: Document, flow: AptFlow, stage: Stage) -> str | None:
    """A name for the stage's apt caches where another stage could install at the same time and wait for the lock."""
    users = {document.stage_of(document.instructions[index]) for index in flow.uses} - {None, stage}
    waits = any(
        stage not in _below(document, other) and other not in _below(document, stage) for other in users if other
    )
    return stage.buildkit_name if waits else None


def _below(document: Document, stage: Stage) -> list[Stage]:
    """Every stage that this one needs, directly or not."""
    found: list[Stage] = []
    todo = list(dependencies(document, stage))
    while todo:
        other = todo.pop()
        if other not in found:
            found.append(other)
            todo += dependencies(document, other)
    return found


def _python(document: Document, step: _Step) -> Iterator[tuple[_Step, _Mounts | _Problem]]:
    """The cache of pip, of uv, or of both."""
    installs = [i for i in step.reading.installs if is_pip(i) and not i.has("--no-index")]
    for manager in sorted({install.manager for install in installs}):
        folder = _python_cache(document, step, manager, [i for i in installs if i.manager == manager])
        if isinstance(folder, Hindrance):
            yield step, _Problem(step.instruction, folder.because)
            continue
        more = [f"{step.state.home}/.cache"] if step.reading.role == "install" else []
        cleaning = cleaning_of(step.script, step.state, [folder], {manager}, more)
        if isinstance(cleaning, Hindrance):
            yield step, _Problem(step.instruction, cleaning.because)
            continue
        try:
            taken_out(document, step.instruction, step.script, cleaning, step.state)
        except EditConflict as error:
            yield step, _Problem(step.instruction, error.message)
            continue
        new = () if covered(step.instruction, step.state, folder) else (f"--mount=type=cache,target={folder}",)
        mounts = _Mounts(manager, new, cleaning)
        if new or cleaning.commands or cleaning.words or list(_no_cache_words(step, manager)):
            yield step, mounts


def _python_cache(document: Document, step: _Step, manager: str, installs: Collection[Install]) -> str | Hindrance:
    """Where the manager keeps its downloads, as far as the file decides it."""
    state = step.state
    names = (_OFF[manager], _PLACE[manager], "XDG_CACHE_HOME", "HOME")
    own = next((name for install in installs for name in install.environment if name in names), None)
    own = own or set_in(step.script, names)
    if own is not None:
        return Hindrance(f"the step sets {own} itself")
    settings = {**state.args, **state.env}
    if settings.get(_OFF[manager], "") != "":
        return Hindrance(f"{_OFF[manager]} turns the cache of {manager} off")
    if any(install.has("--cache-dir") for install in installs):
        return Hindrance("the install names a cache folder of its own")
    other = next((w for install in installs for w in install.wrappers if w in ("sudo", "gosu", "su-exec")), None)
    if other is not None:
        return Hindrance(f"{manager} runs through {other}, as a user whose cache folder is not known")
    if not state.is_root:
        return Hindrance(f"the step runs as user {state.user}: the mount needs that user's number and home folder")
    user = _user_of_image(base_image(document, step.stage)) if state.user == "" else None
    if user is not None:
        return Hindrance(f"the image {base_image(document, step.stage)} runs as {user}, not as root")
    base = settings.get("XDG_CACHE_HOME", f"{state.home}/.cache")
    folder = settings.get(_PLACE[manager], f"{base}/{manager}")
    if folder is None or not re.fullmatch(r"/[\w./@+-]+", folder) or state.home is None:
        return Hindrance(f"where {manager} keeps its cache is not known")
    return folder.rstrip("/")


def _user_of_image(image: str) -> str | None:
    """The user that an image is known to run as, None for root."""
    name = re.sub(r"^[^/]*[.:][^/]*/", "", image.partition("@")[0])
    bare = re.sub(r":[^/]*$", "", name)
    users = knowledge("image_users")["image"]
    return next((u["user"] for u in users if re.fullmatch(u["match"], bare) or re.fullmatch(u["match"], name)), None)


def _no_cache_words(step: _Step, manager: str) -> Iterator[Span]:
    names = _NO_CACHE if manager == "uv" else _NO_CACHE[:2]
    for install in step.reading.installs:
        for option in install.options if install.manager == manager and is_pip(install) else ():
            if option.name in names and option.words[0].text.partition("=")[0] == option.name:
                yield from (word.span for word in option.words)


def _edits(document: Document, step: _Step, mounts: list[_Mounts], *, clear: bool) -> Iterator[Edit]:
    """All that changes in one RUN; `clear`: no step before it did away with docker-clean.

    Raises EditConflict where the rest would mean something else.
    """
    flags = [flag for mount in mounts for flag in mount.new]
    if flags:
        yield add_flags(document, step.instruction, flags)
    if clear:
        yield from (mount.docker_clean for mount in mounts if mount.docker_clean is not None)
    commands = tuple(dict.fromkeys(command for mount in mounts for command in mount.cleaning.commands))
    words = tuple(dict.fromkeys(word for mount in mounts for word in mount.cleaning.words))
    yield from taken_out(document, step.instruction, step.script, Cleaning(commands, words), step.state)
    spans = [span for mount in mounts if mount.manager != "apt" for span in _no_cache_words(step, mount.manager)]
    yield from remove_spans(document, step.instruction, spans)
