"""Keep compilers and headers out of the image: build in stages of their own and copy the result.

What it does
: A Dockerfile of one stage becomes four: `system-deps` (what the service needs of Debian at run time), `build-deps`
  (the compilers and headers on top of it), `python-deps` (a virtual environment with the Python packages) and
  `production` (system-deps, the virtual environment, your sources and the rest of your file as it was).

Why
: Compilers and headers weigh hundreds of megabytes and are of no use at run time. A change of the sources no longer
  touches the stages in which packages are installed.

When it is safe
: The base is the official Python image with Debian, in its slim variant (the full one brings compilers itself). Every
  step up to the last pip install is recognised, runs as root, and installs into the image's own Python. Every Python
  package is known to need nothing of the system at run time, or what it needs is known and kept; otherwise the proposal
  waits for a review until the built image proves it. What a comparison of the built images found missing is kept by
  the next plan. Nothing calls a compiler or pip at run time, names Python by its
  absolute path, or starts a login shell (which forgets PATH), nor does a command that compose, Kubernetes, a platform,
  a script or CI gives to a container. No volume of the Dockerfile, of a compose or Kubernetes
  file or of a script lies over the place of the environment (/opt/venv, else /venv); the official image has none.
  Environments of conda are left where they are: their programs hold the absolute path.

Source
: docs.docker.com, "Multi-stage builds"; Python's documentation of venv (an environment keeps its absolute path and its
  interpreter); docker-library/python: images before 3.12 bring setuptools and wheel, which builds of old packages use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from wizard.dockerfile.arguments import decode
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.editing import Edit, assemble, splice
from wizard.dockerfile.errors import EditConflict
from wizard.dockerfile.expansion import expanded_base
from wizard.dockerfile.shell import Command
from wizard.dockerfile.style import Style, style_of
from wizard.inspection.callers.commands import given_commands
from wizard.inspection.callers.mounts import mounted_over
from wizard.inspection.copies.placed import brought, context_copies, context_path
from wizard.inspection.division.build_packages import BuildPackages, sort_packages
from wizard.inspection.division.divide import Parts, Unmet, divide
from wizard.inspection.division.native import catalogue
from wizard.inspection.division.programs import programs_used
from wizard.inspection.division.proven import ProvenNeed, proven_on
from wizard.inspection.division.runtime import absolute_python, compiles, login_shell, started_from_outside
from wizard.inspection.division.system_steps import StepsApart, take_apart
from wizard.inspection.ecosystems.python import version_of_image
from wizard.inspection.ecosystems.requirements import Requirement, parse_requirements
from wizard.inspection.files import list_files
from wizard.inspection.image_names import release_of
from wizard.inspection.installs.conda_shipped import conda_step
from wizard.inspection.places import line_at, place_at
from wizard.inspection.steps import Reading, unread_runs, words_of
from wizard.inspection.values import Evidence
from wizard.rules.base import Category, Proposal, Refusal, View, evidence_at, unread
from wizard.wording import listed

ID = "split-stages"
TITLE = "Build in stages of their own, ship without compilers"
CATEGORY: Category = "size"

_COMPILERS = (
    r"\bapt(?:-get)?\b(?>[^;&|]{0,300}?\binstall\b)[^;&|]{0,3000}?(?:\b(?:gcc|build-essential)\b|-dev\b|\bg\+\+)"
)
_OF_CONDA = (
    "the packages go into an environment of conda, whose programs hold its absolute path, and what it needs of the "
    "system is not known to this rule: make it with `--prefix` in a stage of its own and copy it whole to the same path"
)
_PLACES = ("/opt/venv", "/venv")
"""Where the virtual environment may stand, the usual place first."""
_STAGES = ("system-deps", "build-deps", "python-deps")
_PYTHON_IMAGE = re.compile(
    r"(?:(?:[\w.:-]+/)?(?:docker/)?library/|docker\.io/)?python(?::(?P<tag>[\w.-]+))?(?:@sha256:[0-9a-f]{64})?\Z"
)
_PLAIN_COMMANDS = frozenset(
    {"python", "python3", "chmod", "chown", "mkdir", "ln", "cp", "mv", "rm", "touch", "sed", "useradd", "adduser",
     "groupadd", "addgroup", "usermod", "echo", "printf", "cat", "true", "test", "[", "find", "django-admin", "flask",
     "alembic", "cd", "ls", "export", "set"}
)  # fmt: skip
_PLAIN_MODULES = frozenset(
    {"compileall", "json.tool", "zipfile", "nltk", "nltk.downloader", "spacy", "django", "flask"}
)
"""What `python -m` may run of others and does so without a compiler: spaCy's models are pure Python wheels."""
_STARTS_PROGRAMS = re.compile(
    r"\b(?:subprocess|os\.system|popen|spawn|exec[lv]\w*|cffi|setuptools|distutils|pyximport)"
)
"""Python that is written into a RUN, and may run a compiler."""


def propose(view: View) -> Proposal | Refusal | None:
    """Four stages out of one, where compilers would otherwise be shipped."""
    document = view.document
    if len(document.stages) != 1:
        return None
    stage = document.stages[0]
    of_conda = conda_step(document, stage)
    if of_conda is not None:
        line = line_at(of_conda.instruction.start_line)
        return Refusal(ID, f"{line}: {_OF_CONDA}", (evidence_at(view, of_conda.instruction),))
    try:
        parts = divide(view.workspace, document, stage, catalogue())
        if parts is None:
            return unread(view, ID, unread_runs(document, _COMPILERS))
        _check_base(view, stage)
        _check_run_time(view)
        packages = _packages(view, stage, parts)
        if not packages.moved:
            return None
        venv, over = _place(view)
        text = _write(view, stage, parts, packages, venv)
    except Unmet as reason:
        return Refusal(ID, reason.because, reason.evidence or (evidence_at(view, stage.instructions[0]),))
    except EditConflict as reason:
        here = (evidence_at(view, stage.instructions[0]),)
        return Refusal(ID, f"{line_at(reason.line)}: the step cannot be taken apart, {reason.message}", here)
    doubts = [*packages.unknown, *_odd_steps(view, parts)]
    proven = [need for need in _proven(view, stage) if need.package in packages.kept_libraries]
    floating = bool(proven) and _release(view, stage) is None
    moved = [word.text for one in packages.moved for word in one.words]
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="review" if doubts or floating else "safe",
        why=f"{listed(moved)} {'is' if len(moved) == 1 else 'are'} needed to install packages only, and shipped with "
        "the image.",
        evidence=tuple(evidence_at(view, one.reading.instruction) for one in packages.moved),
        edits={view.dockerfile: text.source},
        planned=text.planned,
        risk=_risk(packages, doubts)
        + "".join(_seen(need, floating) for need in proven)
        + (f" The environment stands in {venv}: {over}." if over else ""),
    )


# -- what must hold --


def _check_base(view: View, stage: Stage) -> None:
    line = line_at(stage.instructions[0].start_line)
    base = expanded_base(view.document, stage) or stage.base
    found = _PYTHON_IMAGE.match(base)
    # Whatever a build argument puts into `python:${VERSION}-slim`, it stays a slim image.
    if "$" in stage.base and not re.search(r"python:[^$]*\$\{?\w+(?::?-[\w.]*)?\}?-slim", stage.base):
        raise Unmet(f"{line}: the base image depends on a build argument")
    if found is None:
        raise Unmet(f"{line}: {base} is not the official Python image, whose layout this rule knows")
    if re.search(r"alpine|windows|nanoserver", found["tag"] or ""):
        raise Unmet(f"{line}: {base} is not a Debian image")
    if "slim" not in (found["tag"] or ""):
        raise Unmet(f"{line}: {base} brings compilers itself; its -slim variant does not")
    if stage.name is not None and stage.name.lower() in _STAGES:
        raise Unmet(f"{line}: the stage is called {stage.name}, as one of the new stages would be")


def _check_run_time(view: View) -> None:
    """What runs in the shipped image does without compilers and finds the virtual environment."""
    listing = list_files(view.workspace)
    for question in (absolute_python, login_shell, compiles):
        sign = question(view.workspace, view.document, listing)
        if sign is not None:
            raise Unmet(*sign)
    sign = started_from_outside(given_commands(view.workspace, view.inspection.callers, listing))
    if sign is not None:
        raise Unmet(*sign)


def _place(view: View) -> tuple[str, str]:
    """Where the environment goes, and why not to the usual place. Raises Unmet where every place is mounted over."""
    listing = list_files(view.workspace)
    because = ""
    evidence: list[Evidence] = []
    for place in _PLACES:
        found = mounted_over(view.workspace, view.document, view.inspection.callers, listing, place)
        if found is None:
            return place, because
        evidence.append(found)
        because = f"{place_at(found.path, found.line)} mounts something over {place}"
    raise Unmet(f"{because}, and would hide the virtual environment", *evidence)


def _odd_steps(view: View, parts: Parts) -> list[str]:
    """Steps of the application that were not recognised."""
    paths = list_files(view.workspace).below(view.workspace.context)
    odd: list[str] = []
    for reading in parts.application:
        if reading.instruction.keyword != "RUN" or reading.role != "unknown" or reading.script is None:
            continue
        line = line_at(reading.instruction.start_line)
        if reading.script.opaque is not None:
            odd.append(f"{line} ({reading.because})")
        odd += [
            f"{line} ({words_of(command)})"
            for command in reading.script.commands
            if command.kind == "command" and not _is_plain(command, paths)
        ]
        text = decode(reading.instruction.span.of(view.document.source))
        found = _STARTS_PROGRAMS.search(text) if "python" in text else None
        if found is not None and not odd:
            odd.append(f"{line} ({found[0]})")
    return odd


def _is_plain(command: Command, paths: Iterable[str]) -> bool:
    """Whether it does without a compiler: it is known, or Python with a module of the repo or one that is known."""
    name = (command.name or "").rsplit("/", 1)[-1]
    values = [word.value for word in command.words]
    if "-m" not in values[:-1] or not name.startswith("python"):
        return name in _PLAIN_COMMANDS
    module = values[values.index("-m") + 1] or ""
    top = re.escape(module.partition(".")[0])
    return module in _PLAIN_MODULES or any(re.search(rf"(?:^|/){top}(?:/|\.py$)", path) for path in paths)


def _packages(view: View, stage: Stage, parts: Parts) -> BuildPackages:
    running = {use.program for use in programs_used(view.workspace, view.document)}
    building = {
        (command.name or "").rsplit("/", 1)[-1]
        for reading in parts.application
        if reading.script is not None
        for command in reading.script.commands
    }
    return sort_packages(
        catalogue(),
        _release(view, stage),
        parts.system,
        _requirements(view, parts),
        frozenset(running | building),
        tuple(need.package for need in _proven(view, stage)),
    )


def _release(view: View, stage: Stage) -> str | None:
    """The release of Debian that the base image's tag names."""
    base = expanded_base(view.document, stage) or stage.base
    release = release_of(stage.base if "$" in stage.base else base)
    return release.name if release else None


def _proven(view: View, stage: Stage) -> tuple[ProvenNeed, ...]:
    """What comparisons have found missing on this base image."""
    release = _release(view, stage)
    found = proven_on(view.settings.proven, expanded_base(view.document, stage) or stage.base)
    return tuple(need for need in found if release in (None, need.release))


def _requirements(view: View, parts: Parts) -> Iterator[Requirement]:
    """Every package that the pip installs name."""
    texts = [(view.workspace.read(manifest.path), manifest.path) for manifest in parts.manifests]
    for reading in parts.python:
        for install in reading.installs:
            texts += [((word.value or word.text).encode(), view.dockerfile) for word in install.packages]
    for content, path in texts:
        yield from parse_requirements(content, path).requirements


# -- the new file --


def _write(view: View, stage: Stage, parts: Parts, packages: BuildPackages, venv: str) -> Document:
    document = view.document
    style = style_of(document)
    first = stage.instructions[0]
    base = decode(first.span.of(document.source)).rstrip("\r\n")
    steps = take_apart(document, style, parts.system, parts.application, packages)
    pieces = [
        decode(document.source[: first.span.start])
        + (base if stage.name is None else re.sub(r"(?i)\s+as\s+\S+\s*$", "", base))
        + f" {style.keyword('AS')} system-deps{style.newline}",
        *_system(document, parts, steps),
        _stage(style, "Compilers and headers: only what builds packages needs them.", "system-deps", "build-deps"),
        *(step + style.newline for step in steps.compilers),
        _stage(style, "The Python packages, in an environment that can be copied.", "build-deps", "python-deps"),
        *_environment(view, stage, style, venv),
        *(_python_step(document, reading, venv) for reading in parts.python),
        _stage(style, "What is shipped.", "system-deps", stage.name or "production"),
        style.instruction("COPY", f"{venv} {venv}", ("--from=python-deps",)) + style.newline,
        _path(style, venv),
        *(
            _line(document, reading.instruction)
            for reading in parts.python
            if _needed_twice(view, stage, reading, parts)
        ),
        *(_text(document, reading.instruction) for reading in parts.application),
        decode(document.source[stage.instructions[-1].span.end :]),
    ]
    lines = list(_tidy(pieces, style.newline))
    if not document.source.endswith(b"\n"):
        lines[-1] = lines[-1].removesuffix(style.newline)
    return assemble(document, lines)


def _system(document: Document, parts: Parts, steps: StepsApart) -> Iterator[str]:
    for reading in parts.system:
        kept = steps.kept.get(reading.instruction.index)
        yield _text(document, reading.instruction) if kept is None else kept
    yield steps.libraries


def _environment(view: View, stage: Stage, style: Style, venv: str) -> Iterator[str]:
    """The virtual environment. Up to 3.11 the image's Python has setuptools and wheel, which builds may want."""
    version = version_of_image(expanded_base(view.document, stage) or stage.base)
    own = (version is not None and version < (3, 12)) or "$" in stage.base
    if own:
        yield f"# It sees the packages of the image's own Python, as the installs did before.{style.newline}"
    yield style.instruction("RUN", f"python -m venv {'--system-site-packages ' if own else ''}{venv}") + style.newline
    yield _path(style, venv)


def _tidy(pieces: list[str], newline: str) -> Iterator[str]:
    """The pieces, each ending its line, without blank lines directly below one of the new FROMs."""
    previous = ""
    for number, piece in enumerate(pieces):
        if not piece:
            continue
        below_from = number > 1 and _ends_in_from(previous) and not _ends_in_from(piece)
        text = piece.lstrip("\r\n") if below_from else piece
        yield text if not previous or previous.endswith("\n") else newline + text
        previous = text


def _ends_in_from(piece: str) -> bool:
    return bool(piece.strip()) and re.match(r"(?i)from\s", piece.splitlines()[-1]) is not None


def _stage(style: Style, purpose: str, base: str, name: str) -> str:
    line = f"{style.keyword('FROM')} {base} {style.keyword('AS')} {name}{style.newline}"
    return f"{style.newline}# {purpose}{style.newline}{line}"


def _path(style: Style, venv: str) -> str:
    return style.instruction("ENV", f'PATH="{venv}/bin:$PATH"') + style.newline


def _text(document: Document, instruction: Instruction) -> str:
    """The instruction as it stands, with the blank lines and comments above it."""
    before = document.instructions[instruction.index - 1].span.end
    text = decode(document.source[before : instruction.span.end])
    return text if text.endswith("\n") else text + document.newline


def _line(document: Document, instruction: Instruction) -> str:
    """The instruction alone, for a second place."""
    text = decode(instruction.span.of(document.source))
    return text if text.endswith("\n") else text + document.newline


def _python_step(document: Document, reading: Reading, venv: str) -> str:
    """A step of the installs. uv has to be told the environment, which pip finds through PATH."""
    edits: list[Edit] = []
    for install in reading.installs:
        if install.manager != "uv":
            continue
        option = install.option("--system")
        if option is not None:
            edits.append(Edit(option.words[0].span, f"--python {venv}"))
        else:
            end = install.verb_word.span.end
            edits.append(Edit(type(install.verb_word.span)(end, end), f" --python {venv}"))
    edited = splice(document, edits)
    return _text(edited, edited.instructions[reading.instruction.index])


def _needed_twice(view: View, stage: Stage, reading: Reading, parts: Parts) -> bool:
    """Settings between the installs, and manifests that no later COPY brings: the image had them too."""
    if reading.role == "metadata":
        return True
    if reading.role != "context-copy":
        return False
    later = tuple(
        copy for copy in context_copies(view.document, stage)
        if any(copy.instruction is other.instruction for other in parts.application)
    )  # fmt: skip
    copy = next(c for c in context_copies(view.document, stage) if c.instruction is reading.instruction)
    files = brought(view.workspace, view.dockerfile, copy)
    return files is None or any(context_path(view.workspace, later, inside) is None for _, inside in files)


def _seen(need: ProvenNeed, floating: bool) -> str:
    on = f", on {need.release}, which the base image's tag does not name" if floating else ""
    return f" A comparison found that {need.file} needs {need.library} of {need.package}{on}."


def _risk(packages: BuildPackages, doubts: list[str]) -> str:
    text = "Every step up to the last pip install was recognised."
    if packages.kept_libraries:
        text += f" Kept for the run time: {', '.join(packages.kept_libraries)}."
    if doubts:
        text += f" Not known to run without the compilers: {', '.join(doubts[:8])}; build it and compare."
    return text
