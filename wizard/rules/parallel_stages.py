"""Let stages that do not need each other be built at the same time.

What it does
: A build stage that stands on a stage of run-time packages, and needs none of them, is put on that stage's own base
  image. The settings that it inherited (ENV, ARG, WORKDIR, SHELL) are repeated.

Why
: BuildKit runs independent stages side by side. While one stage installs the run-time packages, the other can compile.

When it is safe
: Everything that the lower stage installs is known to be of use at run time only (libraries without their headers,
  fonts, programs that no build of the Python packages here calls). The stages on top do nothing but install packages,
  make an environment, copy and move files, so that no step can have needed it. The lower stage does nothing else but
  install, and holds no files.

Source
: BuildKit's documentation: independent stages of the graph are solved concurrently. Debian Policy 8.1, libraries.
"""

from __future__ import annotations

from collections.abc import Iterator

from wizard.dockerfile.arguments import decode
from wizard.dockerfile.document import Stage
from wizard.dockerfile.editing import Edit, insert_after, splice
from wizard.dockerfile.repeating import settings_of
from wizard.dockerfile.stages import base_stage, built_upon, dependencies, lineage, reachable
from wizard.inspection.division.debian import of_use_at_run_time_only
from wizard.inspection.division.lower_stage import more_than_packages
from wizard.inspection.division.native import Catalogue, bare, catalogue
from wizard.inspection.ecosystems.requirements import Requirement, parse_requirements
from wizard.inspection.installs.pip import manifests_of
from wizard.inspection.places import line_at
from wizard.inspection.steps import APT, Reading, read_steps, unread_runs
from wizard.rules.base import Category, Proposal, Refusal, View, evidence_at, unread

ID = "parallel-stages"
TITLE = "Build independent stages at the same time"
CATEGORY: Category = "speed"

_PLAIN = frozenset({"mkdir", "cp", "mv", "rm", "chmod", "chown", "ln", "touch", "cd", "true", "set", "echo"})


def propose(view: View) -> Proposal | Refusal | None:
    """A new base for each build stage that only waits for run-time packages."""
    document = view.document
    if len(document.stages) < 2:
        return None
    found: list[tuple[Stage, Stage]] = []
    refusals: list[Refusal] = []
    for stage, lower in _waiting(view):
        problem = _problem(view, catalogue(), stage, lower)
        if problem is None:
            found.append((stage, lower))
        else:
            refusals.append(Refusal(ID, problem, (evidence_at(view, stage.instructions[0]),)))
    if not found:
        windows = unread_runs(document, r"\S") if document.escape == "`" else ()
        return unread(view, ID, windows) or refusals[0] if refusals else None
    first, below = found[0]
    edits = [edit for stage, lower in found for edit in _edits(view, stage, lower)]
    result = splice(document, edits)
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="safe",
        why=f"The stage {first.buildkit_name} waits until {below.buildkit_name} has installed packages that no build "
        "needs.",
        evidence=tuple(evidence_at(view, stage.instructions[0]) for stage, _ in found),
        edits={view.dockerfile: result.source},
        planned=result.planned,
        risk=f"Checked: every package of {below.buildkit_name} is of use at run time only.",
    )


def _waiting(view: View) -> Iterator[tuple[Stage, Stage]]:
    """The stages that stand on one which the last stage stands on too, and whose results the last stage copies."""
    document = view.document
    last = document.stages[-1]
    shipped = {stage.index for stage in lineage(document, last)}
    copied = (other for other in dependencies(document, last) if other.index not in shipped)
    needed = reachable(document, *copied)
    for stage in document.stages:
        lower = base_stage(document, stage)
        if lower is not None and lower.index in shipped and stage.index not in shipped and stage.index in needed:
            yield stage, lower


def _problem(view: View, tables: Catalogue, stage: Stage, lower: Stage) -> str | None:
    """What a build stage might need of the lower one."""
    unclear = _unclear_step(view, stage, lower)
    if unclear is not None:
        return unclear
    more = more_than_packages(view.document, lower)
    if more is not None:
        line = line_at(more.start_line)
        return f"{line}: {lower.buildkit_name} does more than install Debian packages, and a build may need it"
    called = _called_by_builds(view, tables, stage)
    installs = False
    for reading in read_steps(view.document, lower)[1:]:
        for word in (word for install in reading.installs for word in install.packages):
            name = word.value or word.text
            if bare(name) in called or not of_use_at_run_time_only(tables, name):
                line = line_at(reading.instruction.start_line)
                return f"{line}: whether a build needs {name} is not known"
            installs = True
    return None if installs else f"{lower.buildkit_name} installs nothing that a build would wait for"


def _unclear_step(view: View, stage: Stage, lower: Stage) -> str | None:
    """A step on top that may call what the lower stage installs: anything but installs and plain work on files."""
    document = view.document
    shipped = {stage.index for stage in lineage(document, document.stages[-1])}
    for other in built_upon(document, stage):
        if other.index in shipped:
            continue
        for reading in read_steps(document, other):
            known = reading.role != "unknown" and reading.managers <= APT | {"pip", "uv"}
            if reading.instruction.keyword == "RUN" and not known and not _is_plain(reading):
                line = line_at(reading.instruction.start_line)
                return f"{line}: whether this step needs something of {lower.buildkit_name} is not known"
    return None


def _is_plain(reading: Reading) -> bool:
    """Whether a step only makes an environment, or folders, or moves files."""
    script = reading.script
    return (
        script is not None
        and bool(script.commands)
        and all(
            (command.kind == "command" and command.name in _PLAIN and not command.substitutes)
            or [word.value for word in command.words[1:3]] == ["-m", "venv"]
            for command in script.commands
        )
    )


def _called_by_builds(view: View, tables: Catalogue, stage: Stage) -> frozenset[str]:
    """Debian packages that the builds of the Python packages on this stage are known to take."""
    document = view.document
    names: set[str] = set()
    for other in built_upon(document, stage):
        for reading in read_steps(document, other):
            for requirement in _requirements(view, other, reading):
                entry: dict[str, list[str]] = next(
                    (e for e in tables.python["package"] if e["name"] == requirement.name), {}
                )
                names |= set(entry.get("build", ()))
                if requirement.url is not None:
                    names |= {"git", "openssh-client", "mercurial", "subversion"}
    return frozenset(names)


def _requirements(view: View, stage: Stage, reading: Reading) -> Iterator[Requirement]:
    for manifest in manifests_of(view.workspace, view.document, stage, reading).found:
        yield from parse_requirements(view.workspace.read(manifest.path), manifest.path).requirements
    for install in reading.installs:
        for word in install.packages if install.manager in ("pip", "uv") else ():
            yield from parse_requirements((word.value or "").encode(), view.dockerfile).requirements


def _edits(view: View, stage: Stage, lower: Stage) -> Iterator[Edit]:
    document = view.document
    first, origin = stage.instructions[0], lower.instructions[0]
    platform = next((flag for flag in origin.flags if flag.name == "platform"), None)
    written = f"{decode(platform.span.of(document.source))} " if platform is not None and not first.flags else ""
    yield Edit(first.words[0].span, f"{written}{lower.base}")
    text = settings_of(document, lower)
    if text:
        yield insert_after(document, first, text)
