"""Keep what package managers download in a cache of the builder instead of in the image.

What it does
: Adds cache mounts to the steps that install packages, where the manager really keeps its downloads for that user, and
  takes away what fights them: `--no-cache-dir`, cleaning commands on the same folders, Debian's `docker-clean`.

Why
: When a step has to run again (a package was added), it downloads only what is new; and no cache lands in a layer.

When it is safe
: The step runs as root or as a user whose home and number are known. Each apt step refreshes its lists itself. No
  setting moves or turns off the cache. Caches of stages that can run at the same time have names of their own, so
  that they do not wait for each other.

Source
: docs.docker.com, "Optimize cache usage in builds", cache mounts; pip's documentation on caching; docs.astral.sh/uv,
  "Using uv in Docker".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wizard.dockerfile.cleaning import cleans
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.editing import Edit, add_flags, remove_spans, splice
from wizard.dockerfile.installs import Install
from wizard.dockerfile.run_editing import insert_command, remove_command
from wizard.dockerfile.shell import Command, Script
from wizard.dockerfile.stages import dependencies, mount_options
from wizard.dockerfile.state import State, environment
from wizard.inspection.pip_installs import is_pip
from wizard.inspection.steps import APT, Reading, read_steps
from wizard.rules.base import Category, Proposal, Refusal, View, evidence_at

ID = "cache-mounts"
TITLE = "Keep downloads in cache mounts"
CATEGORY: Category = "speed"

_APT_CACHE, _APT_LISTS = "/var/cache/apt", "/var/lib/apt/lists"
_DOCKER_CLEAN = "rm -f /etc/apt/apt.conf.d/docker-clean"
_OFF = {"pip": ("PIP_NO_CACHE_DIR",), "uv": ("UV_NO_CACHE",)}


@dataclass(frozen=True)
class _Change:
    """One RUN with its new mounts."""

    instruction: Instruction
    managers: tuple[str, ...]
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class _Problem:
    instruction: Instruction
    because: str


def propose(view: View) -> Proposal | Refusal | None:
    """Mounts for every install step that can take them."""
    outcomes = [
        outcome
        for stage in view.document.stages
        for reading in read_steps(view.document, stage)
        if (outcome := _change(view.document, stage, reading)) is not None
    ]
    changes = [outcome for outcome in outcomes if isinstance(outcome, _Change)]
    problems = [outcome for outcome in outcomes if isinstance(outcome, _Problem)]
    if not changes:
        if not problems:
            return None
        first = problems[0]
        return Refusal(
            ID, f"line {first.instruction.start_line}: {first.because}", (evidence_at(view, first.instruction),)
        )
    document = splice(view.document, [edit for change in changes for edit in change.edits])
    managers = sorted({manager for change in changes for manager in change.managers})
    left = "".join(
        f" Line {problem.instruction.start_line} is left as it is: {problem.because}." for problem in problems
    )
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="safe",
        why=f"Every time one of these steps runs again, {' and '.join(managers)} "
        f"download{'s' if len(managers) == 1 else ''} everything again.",
        evidence=tuple(evidence_at(view, change.instruction) for change in changes),
        edits={view.dockerfile: document.source},
        risk="A cache mount is kept by the builder and is not part of the image; on a fresh builder nothing is gained."
        + left,
    )


def _change(document: Document, stage: Stage, reading: Reading) -> _Change | _Problem | None:
    instruction, script = reading.instruction, reading.script
    if script is None or (reading.role == "unknown" and not reading.installs):
        return None
    has_apt = any(i.manager in APT and i.verb == "install" for i in reading.installs)
    pips = tuple(i for i in reading.installs if is_pip(i))
    wanted: list[str] = []
    edits: list[Edit] = []
    problem: str | None = None
    if has_apt and not _mounted(instruction, _APT_CACHE):
        problem = _apt_problem(reading, script)
        if problem is None:
            wanted.append("apt")
    if pips and not _mounted(instruction, "pip") and not _mounted(instruction, "/uv"):
        found = _python_problem(document, stage, instruction, pips)
        if found is None:
            wanted += sorted({install.manager for install in pips})
        problem = problem or found
    if not wanted:
        return None if problem is None else _Problem(instruction, problem)
    state = environment(document, stage, instruction)
    flags = [flag for manager in wanted for flag in _mounts(document, stage, manager, state)]
    edits.append(add_flags(document, instruction, flags))
    edits += _clear_the_way(document, reading, script, wanted, pips)
    return _Change(instruction, tuple(wanted), tuple(edits))


def _mounted(instruction: Instruction, part: str) -> bool:
    mounts = (mount_options(flag.value or "") for flag in instruction.flags if flag.name == "mount")
    return any(part in (mount.get("target") or mount.get("dst") or mount.get("destination") or "") for mount in mounts)


def _apt_problem(reading: Reading, script: Script) -> str | None:
    verbs = [i.verb for i in reading.installs if i.manager in APT]
    if "update" not in verbs[: verbs.index("install")]:
        return "the step installs Debian packages without `apt-get update`, and would find no lists in an empty cache"
    first = next(i.command for i in reading.installs if i.manager in APT)
    if first not in script.top or first.joined_by not in ("", "&&"):
        return "the first apt command is not part of a plain list of commands"
    if not script.and_list and _cleaning(script, ("apt", "apt-lists")):
        return "the step is not a plain list of commands, so its cleaning cannot be taken out"
    return None


def _python_problem(
    document: Document, stage: Stage, instruction: Instruction, pips: tuple[Install, ...]
) -> str | None:
    state = environment(document, stage, instruction)
    for install in pips:
        off = next((name for name in _OFF[install.manager] if name in state.env or name in install.environment), None)
        if off is not None:
            return f"{off} turns the cache of {install.manager} off"
        if install.option("--cache-dir") is not None:
            return "the install names a cache folder of its own"
    if state.home is None:
        return f"the home folder of user {state.user} is not known"
    if not state.is_root:
        return f"the step runs as user {state.user}: the mount needs that user's number"
    return None


def _mounts(document: Document, stage: Stage, manager: str, state: State) -> Iterator[str]:
    if manager == "apt":
        name = _name_of_its_own(document, stage)
        for purpose, target in (("cache", _APT_CACHE), ("lists", _APT_LISTS)):
            identity = f"id={name}-apt-{purpose}," if name else ""
            yield f"--mount=type=cache,{identity}target={target},sharing=locked"
    else:
        yield f"--mount=type=cache,target={_python_cache(manager, state)}"


def _python_cache(manager: str, state: State) -> str:
    own = state.env.get("PIP_CACHE_DIR" if manager == "pip" else "UV_CACHE_DIR")
    base = state.env.get("XDG_CACHE_HOME") or f"{state.home}/.cache"
    return own or f"{base}/{manager}"


def _name_of_its_own(document: Document, stage: Stage) -> str | None:
    """A name for the stage's apt caches where another stage could install at the same time and wait for the lock."""
    others = [other for other in document.stages if other is not stage and _installs_with_apt(document, other)]
    waits = any(stage not in _below(document, other) and other not in _below(document, stage) for other in others)
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


def _installs_with_apt(document: Document, stage: Stage) -> bool:
    return any(reading.managers & APT for reading in read_steps(document, stage))


def _clear_the_way(
    document: Document, reading: Reading, script: Script, wanted: list[str], pips: tuple[Install, ...]
) -> Iterator[Edit]:
    kinds = tuple(kind for manager in wanted for kind in (("apt", "apt-lists") if manager == "apt" else (manager,)))
    for command in _cleaning(script, kinds):
        yield remove_command(document, script, command)
    if "apt" in wanted:
        first = next(i.command for i in reading.installs if i.manager in APT)
        yield insert_command(document, script, first, _DOCKER_CLEAN)
    spans = [
        word.span
        for install in pips
        if install.manager in wanted
        for option in install.options
        if option.name in ("--no-cache-dir", "--no-cache", "-n")
        for word in option.words
    ]
    yield from remove_spans(document, reading.instruction, spans)


def _cleaning(script: Script, kinds: tuple[str, ...]) -> list[Command]:
    return [command for command in script.top if cleans(command) in kinds]
