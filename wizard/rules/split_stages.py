"""Keep compilers and headers out of the image: build in stages of their own and copy the result.

What it does
: A Dockerfile of one stage becomes four: `system-deps` (what the service needs of Debian at run time), `build-deps`
  (the compilers and headers on top of it), `python-deps` (a virtual environment with the Python packages) and `production`
  (system-deps, the virtual environment, your sources and the rest of your file as it was).

Why
: Compilers and headers weigh hundreds of megabytes and are of no use at run time. A change of the sources no longer
  touches the stages in which packages are installed.

When it is safe
: The base is the official Python image with Debian. Every step up to the last pip install is recognised, runs as root,
  and installs into the image's own Python. Every Python package is known to need nothing of the system at run time, or
  what it needs is known and kept; otherwise the proposal waits for a review until the built image proves it. Nothing
  calls a compiler at run time, names Python by its absolute path, or starts a login shell (which forgets PATH).

Source
: docs.docker.com, "Multi-stage builds"; Python's documentation of venv (an environment keeps its absolute path and its
  interpreter).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from wizard.dockerfile.arguments import decode
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.editing import Edit, remove_spans, splice
from wizard.dockerfile.installs import Install
from wizard.dockerfile.scanner import parse
from wizard.dockerfile.state import environment
from wizard.dockerfile.style import Style, style_of
from wizard.inspection.copies import context_copies, context_path, copies_sources
from wizard.inspection.debian import needs_of, release_of, runtime_of
from wizard.inspection.ecosystems.requirements import parse_requirements
from wizard.inspection.files import list_files
from wizard.inspection.native import Catalogue, catalogue
from wizard.inspection.pip_installs import Manifest, is_pip, manifests_of
from wizard.inspection.programs import programs_used
from wizard.inspection.runtime import absolute_python, compiles, login_shell
from wizard.inspection.steps import APT, Reading, read_steps, words_of
from wizard.inspection.values import Evidence
from wizard.rules.base import Category, Proposal, Refusal, Safety, View, evidence_at

ID = "split-stages"
TITLE = "Build in stages of their own, ship without compilers"
CATEGORY: Category = "size"

VENV = "/opt/venv"
_PYTHON_IMAGE = re.compile(
    r"(?:(?:docker\.io/)?library/|docker\.io/)?python(?::(?P<tag>[\w.-]+))?(?:@sha256:[0-9a-f]{64})?\Z"
)
_PLAIN_COMMANDS = frozenset(
    {"python", "python3", "chmod", "chown", "mkdir", "ln", "cp", "mv", "rm", "touch", "sed", "useradd", "adduser",
     "groupadd",
     "addgroup", "usermod", "echo", "printf", "cat", "true", "test", "[", "find", "django-admin", "flask", "alembic"}
)  # fmt: skip
_COMPILING = re.compile(r"\b(?:gcc|g\+\+|cc|make|cmake|pip3?|uv|cargo|npm|yarn|setup\.py|build_ext|gem|go)\b")
_ELSEWHERE = ("-t", "--target", "--prefix", "--root", "--user", "--python")
_SETTINGS = ("PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_ROOT", "PYTHONHOME", "PYTHONUSERBASE", "VIRTUAL_ENV")


class _NotSafe(Exception):
    """A precondition that does not hold: the reason, and the line that shows it."""

    def __init__(self, because: str, *evidence: Evidence) -> None:
        super().__init__(because)
        self.because = because
        self.evidence = evidence


@dataclass(frozen=True)
class _Parts:
    """The instructions of the one stage, by where they go. Each keeps the blank lines and comments above it."""

    system: tuple[Reading, ...]
    python: tuple[Reading, ...]
    application: tuple[Reading, ...]
    manifests: tuple[Manifest, ...]


@dataclass(frozen=True)
class _Packages:
    """The Debian packages by where they are needed."""

    build_only: tuple[tuple[Reading, Install, tuple[str, ...]], ...]
    added: tuple[str, ...]
    """Run-time libraries that came with the compilers or headers and now are asked for by name."""
    unknown: tuple[str, ...]
    """Python packages about which the catalogue says nothing."""


def propose(view: View) -> Proposal | Refusal | None:
    """Four stages out of one, where compilers would otherwise be shipped."""
    document = view.document
    if len(document.stages) != 1:
        return None
    stage = document.stages[0]
    readings = read_steps(document, stage)
    tables = catalogue()
    compilers = [(r, i, names) for r in readings for i in r.installs if (names := _build_only(tables, i))]
    if not compilers or not any(is_pip(i) for r in readings for i in r.installs):
        return None
    try:
        _check_base(stage)
        parts = _divide(view, stage, readings, tables)
        _check_settings(view, stage, parts)
        _check_run_time(view, stage, parts)
        packages = _packages(view, stage, parts, tables)
    except _NotSafe as reason:
        return Refusal(ID, reason.because, reason.evidence or (evidence_at(view, compilers[0][0].instruction),))
    doubts = [*packages.unknown, *_odd_commands(parts)]
    safety: Safety = "review" if doubts else "safe"
    moved = [name for _, _, found in packages.build_only for name in found]
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety=safety,
        why=f"{_list(moved)} {'is' if len(moved) == 1 else 'are'} needed to install packages only, and shipped with "
        "the image.",
        evidence=tuple(evidence_at(view, reading.instruction) for reading, _, _ in packages.build_only),
        edits={view.dockerfile: _write(view, stage, parts, packages).source},
        risk=_risk(packages, doubts),
    )


# -- what must hold --


def _check_base(stage: Stage) -> None:
    found = _PYTHON_IMAGE.match(stage.base)
    line = stage.instructions[0].start_line
    if "$" in stage.base:
        raise _NotSafe(f"line {line}: the base image depends on a build argument")
    if found is None:
        raise _NotSafe(f"line {line}: {stage.base} is not the official Python image, whose layout this rule knows")
    if re.search(r"alpine|windows|nanoserver", found["tag"] or ""):
        raise _NotSafe(f"line {line}: {stage.base} is not a Debian image")


def _divide(view: View, stage: Stage, readings: tuple[Reading, ...], tables: Catalogue) -> _Parts:
    pips = [n for n, reading in enumerate(readings) if any(is_pip(i) for i in reading.installs)]
    first, last = pips[0], pips[-1]
    manifests = tuple(m for n in pips for m in _manifests(view, stage, readings[n]))
    compilers = next(n for n, r in enumerate(readings) if any(_build_only(tables, i) for i in r.installs))
    copied_for_pip = {m.copy.instruction.index for m in manifests}
    system: list[Reading] = []
    python: list[Reading] = []
    for number, reading in enumerate(readings[1 : last + 1], start=1):
        line = f"line {reading.instruction.start_line}"
        here = evidence_at(view, reading.instruction)
        has_pip = any(is_pip(i) for i in reading.installs)
        if has_pip and (reading.role == "unknown" or any(not is_pip(i) for i in reading.installs)):
            raise _NotSafe(f"{line}: {reading.because or 'one step installs Debian and Python packages'}", here)
        if has_pip:
            python.append(reading)
        elif reading.role == "context-copy":
            if reading.instruction.index in copied_for_pip and not _brings_more(view, stage, reading, manifests):
                python.append(reading)
            elif _is_broad(view, stage, reading):
                raise _NotSafe(f"{line}: the sources are copied before the packages are installed", here)
            else:
                system.append(reading)
        elif reading.role == "metadata":
            (python if number > first else system).append(reading)
        elif reading.role == "unknown" and number > compilers:
            raise _NotSafe(f"{line}: {reading.because}, and it may need the compilers", here)
        elif number > first:
            raise _NotSafe(f"{line}: this step stands between two pip installs", here)
        elif reading.installs and not reading.managers <= APT:
            raise _NotSafe(
                f"{line}: {reading.installs[0].manager} installs something that may need the compilers", here
            )
        else:
            system.append(reading)
    return _Parts(tuple(system), tuple(python), readings[last + 1 :], manifests)


def _manifests(view: View, stage: Stage, reading: Reading) -> tuple[Manifest, ...]:
    found = manifests_of(view.workspace, view.document, stage, reading)
    if found.because is not None:
        raise _NotSafe(
            f"line {reading.instruction.start_line}: {found.because}", evidence_at(view, reading.instruction)
        )
    return found.found


def _brings_more(view: View, stage: Stage, reading: Reading, manifests: tuple[Manifest, ...]) -> bool:
    """Whether a COPY brings files other than the manifests that pip reads."""
    wanted = {view.workspace.to_context(manifest.path) for manifest in manifests}
    copy = next(c for c in context_copies(view.document, stage) if c.instruction is reading.instruction)
    return copies_sources(view.workspace, copy) or not set(copy.sources) <= wanted


def _is_broad(view: View, stage: Stage, reading: Reading) -> bool:
    copy = next((c for c in context_copies(view.document, stage) if c.instruction is reading.instruction), None)
    return copy is None or copies_sources(view.workspace, copy)


def _check_settings(view: View, stage: Stage, parts: _Parts) -> None:
    """Python packages go into the image's own Python, as root."""
    for reading in parts.python:
        here = evidence_at(view, reading.instruction)
        line = f"line {reading.instruction.start_line}"
        if reading.instruction.keyword != "RUN":
            continue
        state = environment(view.document, stage, reading.instruction)
        if state.user not in (None, "", "root", "0"):
            raise _NotSafe(f"{line}: packages are installed as user {state.user}", here)
        setting = next((name for name in _SETTINGS if name in state.env), None)
        if setting is not None:
            raise _NotSafe(f"{line}: {setting} decides where packages go", here)
        for install in reading.installs:
            if install.has(*_ELSEWHERE):
                raise _NotSafe(f"{line}: the install has a place of its own ({words_of(install.command, 6)})", here)
            if (install.command.words[0].value or "").startswith("/"):
                raise _NotSafe(f"{line}: pip is called by its absolute path", here)
            if install.wrappers:
                raise _NotSafe(f"{line}: pip is called through {install.wrappers[0]}", here)


def _check_run_time(view: View, stage: Stage, parts: _Parts) -> None:
    """What runs in the shipped image does without compilers and finds the virtual environment."""
    for reading in parts.application:
        instruction = reading.instruction
        text = instruction.argument
        line, here = f"line {instruction.start_line}", evidence_at(view, instruction)
        if instruction.keyword == "RUN" and _COMPILING.search(text):
            raise _NotSafe(f"{line}: this step may compile something", here)
        if instruction.keyword == "ONBUILD":
            raise _NotSafe(f"{line}: ONBUILD runs in somebody else's build", here)
    for instruction in stage.instructions:
        path = (
            re.search(r"(?:^|\s)PATH[= ](?P<value>\S*)", instruction.argument) if instruction.keyword == "ENV" else None
        )
        if path is not None and not re.search(r"\$\{?PATH\b", path["value"]):
            raise _NotSafe(
                f"line {instruction.start_line}: ENV sets PATH without keeping what it held",
                evidence_at(view, instruction),
            )
    listing = list_files(view.workspace)
    for question in (absolute_python, login_shell, compiles):
        sign = question(view.workspace, view.document, listing)
        if sign is not None:
            raise _NotSafe(*sign)


def _odd_commands(parts: _Parts) -> list[str]:
    """Steps of the application that were not recognised."""
    return [
        f"line {reading.instruction.start_line} ({words_of(command)})"
        for reading in parts.application
        if reading.instruction.keyword == "RUN" and reading.script is not None
        for command in reading.script.commands
        if command.kind == "command" and posixpath.basename(command.name or "") not in _PLAIN_COMMANDS
        and reading.role == "unknown"
    ]  # fmt: skip


def _packages(view: View, stage: Stage, parts: _Parts, tables: Catalogue) -> _Packages:
    called = {use.program for use in programs_used(view.workspace, view.document)}
    release = release_of(stage.base)
    moved: list[tuple[Reading, Install, tuple[str, ...]]] = []
    libraries: list[str] = []
    present = {word.value or "" for r in parts.system for i in r.installs for word in i.packages}
    for reading in parts.system:
        for install in reading.installs:
            names: list[str] = []
            for name in _build_only(tables, install):
                runtime = runtime_of(tables, name, release)
                if runtime is not None and not called & set(tables.programs_of(name)):
                    names.append(name)
                    libraries += runtime
            if names:
                moved.append((reading, install, tuple(names)))
    if not moved:
        raise _NotSafe("what the packages of compilers and headers leave for the run time is not known for this image")
    unknown: list[str] = []
    for name, extras in _python_packages(view, parts):
        needs = needs_of(tables, name, extras, release)
        if needs is None or not needs.complete:
            unknown.append(name)
        else:
            libraries += needs.runtime
    added = tuple(name for name in dict.fromkeys(libraries) if name not in present)
    return _Packages(tuple(moved), added, tuple(dict.fromkeys(unknown)))


def _python_packages(view: View, parts: _Parts) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every package that the pip installs name, with its extras.

    One that is built from source links what the -dev packages brought, and their libraries are kept anyway.
    """
    texts = [(view.workspace.read(manifest.path), manifest.path) for manifest in parts.manifests]
    for reading in parts.python:
        for install in reading.installs:
            texts += [((word.value or word.text).encode(), view.dockerfile) for word in install.packages]
    for content, path in texts:
        for requirement in parse_requirements(content, path).requirements:
            yield requirement.name or requirement.text, requirement.extras


def _build_only(tables: Catalogue, install: Install) -> tuple[str, ...]:
    if install.manager not in APT or install.verb != "install":
        return ()
    return tuple(word.value for word in install.packages if word.value and tables.purpose(word.value) == "build")


# -- the new file --


def _write(view: View, stage: Stage, parts: _Parts, packages: _Packages) -> Document:
    document = view.document
    style = style_of(document)
    first = stage.instructions[0]
    head = document.source[: first.span.start]
    base = decode(first.span.of(document.source)).rstrip("\r\n")
    pieces = [
        decode(head) + (base if stage.name is None else re.sub(r"(?i)\s+as\s+\S+\s*$", "", base)),
        f" {style.keyword('AS')} system-deps{style.newline}",
        *(_without_compilers(document, reading, packages) for reading in parts.system),
        _added_libraries(style, packages),
        *_stage(style, "Compilers and headers: only what builds packages needs them.", "system-deps", "build-deps"),
        *(_compilers(style, install, names) for _, install, names in packages.build_only),
        *_stage(
            style, "The Python packages, in a virtual environment that can be copied.", "build-deps", "python-deps"
        ),
        style.instruction("RUN", f"python -m venv {VENV}") + style.newline,
        _path(style),
        *(_text(document, reading.instruction) for reading in parts.python),
        *_stage(style, "What is shipped.", "system-deps", stage.name or "production"),
        style.instruction("COPY", f"{VENV} {VENV}", ("--from=python-deps",)) + style.newline,
        _path(style),
        *(
            _text(document, reading.instruction)
            for reading in parts.python
            if _needed_twice(view, stage, reading, parts)
        ),
        *(_text(document, reading.instruction) for reading in parts.application),
        decode(document.source[stage.instructions[-1].span.end :]),
    ]
    return parse("".join(_tidy(pieces, style.newline)).encode("utf-8", "surrogateescape"), document.path)


def _tidy(pieces: list[str], newline: str) -> Iterator[str]:
    """The pieces, each ending its line, without blank lines directly below a FROM."""
    previous = ""
    for piece in pieces:
        if not piece:
            continue
        starts_stage = re.match(r"(?i)from\s", previous.splitlines()[-1] if previous.strip() else "") is not None
        text = piece.lstrip("\r\n") if starts_stage and not piece.lstrip().lower().startswith(" as ") else piece
        if previous and not previous.endswith("\n") and not text.startswith(" "):
            text = newline + text
        yield text
        previous = text


def _stage(style: Style, purpose: str, base: str, name: str) -> Iterator[str]:
    yield f"{style.newline}# {purpose}{style.newline}"
    yield f"{style.keyword('FROM')} {base} {style.keyword('AS')} {name}{style.newline}"


def _path(style: Style) -> str:
    return style.instruction("ENV", f'PATH="{VENV}/bin:$PATH"') + style.newline


def _text(document: Document, instruction: Instruction) -> str:
    """The instruction as it stands, with the blank lines and comments above it."""
    before = document.instructions[instruction.index - 1].span.end
    text = decode(document.source[before : instruction.span.end])
    return text if text.endswith("\n") else text + document.newline


def _without_compilers(document: Document, reading: Reading, packages: _Packages) -> str:
    """The step without the packages that only building needs; nothing where it installed nothing else."""
    moved = [(install, names) for other, install, names in packages.build_only if other is reading]
    if not moved:
        return _text(document, reading.instruction)
    edits: list[Edit] = []
    left = 0
    for install, names in moved:
        gone = [word for word in install.packages if word.value in names]
        left += len(install.packages) - len(gone)
        last = [word for word in install.packages if word not in gone][-1:]
        edits += remove_spans(document, reading.instruction, (word.span for word in gone))
        if last and packages.added and install is packages.build_only[0][1]:
            end = last[0].span.end
            edits.append(Edit(type(last[0].span)(end, end), f" {' '.join(packages.added)}"))
    if not left:
        return ""
    edited = splice(document, edits)
    return _text(edited, edited.instructions[reading.instruction.index])


def _added_libraries(style: Style, packages: _Packages) -> str:
    """A step for the run-time libraries where no step of the person's is left that could take them."""
    _, install, names = packages.build_only[0]
    if not packages.added or len(names) < len(install.packages):
        return ""
    return _compilers(style, install, packages.added)


def _compilers(style: Style, install: Install, names: tuple[str, ...]) -> str:
    """A step that installs these packages the way the person's step did."""
    options = [word.text for option in install.options for word in option.words]
    manager = " ".join(word.text for word in install.command.words[: _verb_index(install)])
    argument = style.and_break.join(
        [f"{manager} update", " ".join([manager, install.verb, *options, *names]), "rm -rf /var/lib/apt/lists/*"]
    )
    return style.instruction("RUN", argument) + style.newline


def _verb_index(install: Install) -> int:
    """How many words stand before the first option or the verb: `apt-get`, or `sudo apt-get`."""
    words = install.command.words
    options = {word.span for option in install.options for word in option.words}
    return next(n for n, word in enumerate(words) if word.span == install.verb_word.span or word.span in options)


def _needed_twice(view: View, stage: Stage, reading: Reading, parts: _Parts) -> bool:
    """Settings between the installs, and manifests that no later COPY brings: the image had them too."""
    if reading.role == "metadata":
        return True
    if reading.role != "context-copy":
        return False
    later = tuple(
        copy for copy in context_copies(view.document, stage)
        if any(copy.instruction is other.instruction for other in parts.application)
    )  # fmt: skip
    brought = [m for m in parts.manifests if m.copy.instruction is reading.instruction]
    return any(context_path(view.workspace, later, manifest.image_path) is None for manifest in brought)


def _list(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _risk(packages: _Packages, doubts: list[str]) -> str:
    text = "Every step up to the last pip install was recognised."
    if packages.added:
        text += f" Kept for the run time: {', '.join(packages.added)}."
    if doubts:
        text += f" Not known to run without the compilers: {', '.join(doubts[:8])}; build it and compare."
    return text
