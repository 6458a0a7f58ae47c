"""What a file asks of the full variant of an official image that the slim one does not have.

Each question gives a reason in words and the line that shows it, or None. Knowledge: assets/knowledge/full_images.toml.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from wizard.assets import knowledge
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.installs import Install, installs, program, unwrap
from wizard.dockerfile.script import Command
from wizard.dockerfile.shell import is_posix, parse_run, shell_at
from wizard.dockerfile.stages import base_stage, lineage, source_stage
from wizard.inspection.callers.commands import given_by_compose
from wizard.inspection.division.native import bare
from wizard.inspection.division.programs import ProgramUse, programs_of_shell, programs_started, programs_used
from wizard.inspection.files import Listing, read_text
from wizard.inspection.masking import shown
from wizard.inspection.places import line_at, place_at, quoted
from wizard.inspection.steps import APT
from wizard.inspection.values import Caller, Evidence, Sign
from wizard.workspace import Workspace

_SHELLS = frozenset({"sh", "bash", "dash", "ash"})
_SYSTEM_PATH = re.compile(r"/usr/bin/python3?\b|/usr/lib/(?:python3|(?:x86_64|aarch64)-linux-gnu)/|/usr/include/")
_CODE = (".py", ".sh", ".bash", ".cfg", ".ini", ".conf")


class Step(NamedTuple):
    """One command of a RUN and what earlier commands have installed."""

    stage: Stage
    instruction: Instruction
    command: Command | None
    """None for a RUN whose shell text cannot be read."""
    install: Install | None
    present: frozenset[str]
    """Debian packages that the file has installed by then, and those that they bring."""


def full_programs(release: str | None) -> Mapping[str, str]:
    """The programs of the full image that the slim one lacks, and the package that brings each."""
    table = knowledge("full_images")
    found = {name: package for package, names in table["programs"].items() for name in names}
    if release not in ("buster", "bullseye", "bookworm"):
        found |= dict.fromkeys(table["from_trixie"]["adduser"], "adduser")
    return found


def walk(document: Document, stages: Iterable[Stage]) -> Iterator[Step]:
    """The commands of the stages, in order; a stage begins with what the one below it has installed."""
    ends: dict[int, frozenset[str]] = {}
    for stage in stages:
        below = base_stage(document, stage)
        present = ends.get(below.index, frozenset()) if below else frozenset()
        for instruction in stage.instructions:
            if instruction.keyword != "RUN":
                continue
            script = parse_run(document, instruction)
            if script.opaque is not None:
                yield Step(stage, instruction, None, None, present)
            by_command = {one.command.span: one for one in installs(script)}
            for command in script.commands:
                install = by_command.get(command.span)
                yield Step(stage, instruction, command, install, present)
                if install is not None:
                    present |= with_what_they_bring(_debian(install))
        ends[stage.index] = present


def installed(document: Document, stages: Iterable[Stage]) -> frozenset[str]:
    """The Debian packages that the stages install by name, and those that they bring."""
    runs = (one for stage in stages for one in stage.instructions if one.keyword == "RUN")
    found = (name for run in runs for one in installs(parse_run(document, run)) for name in _debian(one))
    return with_what_they_bring(found)


def with_what_they_bring(packages: Iterable[str]) -> frozenset[str]:
    brings: Mapping[str, list[str]] = knowledge("full_images")["brings"]
    names = tuple(packages)
    return frozenset((*names, *(other for name in names for other in brings.get(name, ()))))


def _debian(install: Install) -> tuple[str, ...]:
    if install.manager not in APT or install.verb != "install":
        return ()
    names = tuple(bare(word.value) for word in install.packages if word.value)
    recommended = "gcc" in names and not install.has("--no-install-recommends")
    return (*names, "libc6-dev") if recommended else names


def called_in_steps(
    workspace: Workspace, document: Document, steps: Iterable[Step], release: str | None
) -> Sign | None:
    """A RUN that calls a program which only the full image has."""
    programs = full_programs(release)
    for step in steps:
        unread = _reads_windows(document, step) or _removes(document, step)
        if unread is not None:
            return unread
        for use in _calls(workspace, document, step):
            package = programs.get(use.program)
            if package is not None and package not in step.present and not _is_prose(use, step):
                place = place_at(use.evidence.path, use.evidence.line)
                where = line_at(use.evidence.line) if use.evidence.path == document.path else place
                return f"{where} calls {use.program}, which the full image brings", use.evidence
    return None


def _reads_windows(document: Document, step: Step) -> Sign | None:
    """A shell of Windows: the tags without a variant are images of Windows there."""
    shell = shell_at(document, step.instruction)
    if step.command is not None or shell is None or is_posix(shell):
        return None
    where = line_at(step.instruction.start_line)
    return f"{where} runs in {shell[0]}, whose texts are not read", quoted(document.path, step.instruction)


def _removes(document: Document, step: Step) -> Sign | None:
    """A package that is taken away and that the slim image does not have: without its lists apt does not know it."""
    words = unwrap(step.command)[1] if step.command is not None else ()
    values = [word.value or "" for word in words]
    if not words or program(words[0]) not in APT or not {"remove", "purge"} & set(values):
        return None
    named = (bare(value) for value in values[1:] if value and not value.startswith("-"))
    gone = next(
        (name for name in named if name not in ("remove", "purge", "autoremove") and name not in step.present), None
    )
    if gone is None:
        return None
    where = line_at(step.instruction.start_line)
    return f"{where} removes {gone}, which the slim image may not have", quoted(document.path, step.instruction)


def _calls(workspace: Workspace, document: Document, step: Step) -> Iterator[ProgramUse]:
    here = quoted(document.path, step.instruction)
    if step.command is None:
        words = step.instruction.json
        bodies = (one.body.of(document.source).decode("utf-8", "replace") for one in step.instruction.heredocs)
        text = "\n".join((" ".join(words) if words else step.instruction.argument, *bodies))
        names = [posixpath.basename(words[0])] if words else []
        names += re.findall(r"[\w.+-]+", text) if not words or names[0] in _SHELLS else []
        yield from (ProgramUse(name, here) for name in names)
        yield from (
            use for use in programs_of_shell(workspace, text, document.path, 1) if use.evidence.path != here.path
        )
        return
    _, words_of_it = unwrap(step.command)
    if not words_of_it:
        return
    line = step.instruction.start_line
    name = program(words_of_it[0])
    yield ProgramUse(name, here)
    values = [word.value or word.text for word in words_of_it]
    if name in _SHELLS and "-c" in values[:-1]:
        yield from programs_of_shell(workspace, values[values.index("-c") + 1], document.path, line)
    elif step.install is None:
        uses = programs_of_shell(workspace, " ".join(values), document.path, line)
        yield from (use for use in uses if use.evidence.path != document.path)


def _is_prose(use: ProgramUse, step: Step | None = None) -> bool:
    if use.program not in knowledge("full_images")["words"]["names"]:
        return False
    if step is not None and step.command is not None:
        _, words = unwrap(step.command)
        if words and program(words[0]) == use.program:
            return False
    return not use.evidence.text.lstrip("[\"' ").startswith((f"{use.program} ", f'{use.program}"'))


def called_at_run_time(
    workspace: Workspace,
    document: Document,
    stages: tuple[Stage, ...],
    callers: Iterable[Caller],
    listing: Listing,
    release: str | None,
) -> Sign | None:
    """A program of the full image that containers of these stages, the code or a compose file calls."""
    programs = full_programs(release)
    shipped = document.stages[-1]
    uses = [(one, use) for one in stages for use in programs_started(workspace, document, (one,))]
    uses += [(shipped, use) for use in programs_used(workspace, document, listing)]
    uses += [(shipped, use) for use in _given_by_compose(workspace, document, callers)]
    present = {one.index: installed(document, lineage(document, one)) for one in (*stages, shipped)}
    for stage, use in uses:
        package = programs.get(use.program)
        if package is not None and package not in present[stage.index] and not _is_prose(use):
            place = place_at(use.evidence.path, use.evidence.line)
            return f"{place} calls {use.program} at run time, which the full image brings", use.evidence
    return None


def _given_by_compose(workspace: Workspace, document: Document, callers: Iterable[Caller]) -> Iterator[ProgramUse]:
    for given in given_by_compose(workspace, callers, document.path):
        yield from programs_of_shell(workspace, given.text, given.evidence.path, given.evidence.line or 1)


def reads_full_image(
    workspace: Workspace, document: Document, stages: tuple[Stage, ...], listing: Listing
) -> Sign | None:
    """A line that names a file of the full image, or imports a module that loads nothing in the slim one."""
    for stage in stages:
        for instruction in stage.instructions:
            if _SYSTEM_PATH.search(instruction.argument):
                why = f"{line_at(instruction.start_line)} names a file of the system that the full image may bring"
                return why, quoted(document.path, instruction)
    for instruction in document.instructions:
        if instruction.keyword == "COPY" and (reference := instruction.flag("from")):
            source = source_stage(document, instruction, reference)
            path = instruction.words[0].text if instruction.words else ""
            if source in stages and re.match(r"/(?:usr/(?!local|src)|lib|bin|sbin|etc/)", path):
                why = f"{line_at(instruction.start_line)} copies {path}, which the full image may bring"
                return why, quoted(document.path, instruction)
    modules = "|".join(knowledge("full_images")["modules"]["names"])
    imports = re.compile(
        rf"^\s*(?:import|from)\s+(?P<name>{modules})\b|^#!\s*/usr/bin/(?P<path>python3?)\b", re.MULTILINE
    )
    for path in listing.below(workspace.context):
        text = read_text(workspace, path) if path.endswith(_CODE) else None
        found = imports.search(text) if text else None
        if text and found:
            line = text.count("\n", 0, found.start(found.lastgroup or 0)) + 1
            evidence = Evidence(path, line, shown(text.splitlines()[line - 1].strip()))
            what = f"imports {found['name']}, whose library Tk" if found["name"] else "names Debian's own Python, which"
            return f"{place_at(path, line)} {what} the full image brings", evidence
    return None
