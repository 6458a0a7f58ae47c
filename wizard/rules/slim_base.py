"""Stand on the slim variant of the official Python image where nothing uses what the full one brings.

What it does
: Writes the slim variant of the same version and Debian release into FROM: `python:3.11` becomes `python:3.11-slim`,
  `python:3.11-bookworm` becomes `python:3.11-slim-bookworm`. It changes the base of what is shipped, the last stage; a
  stage that only builds keeps its tools. Never Alpine, whose C library is another.

Why
: The full image brings compilers, headers, git, Mercurial, Subversion, ImageMagick and some 300 more Debian packages,
  several hundred megabytes that are pulled, pushed, scanned for vulnerabilities, and hardly ever called.

When it is safe
: Never for certain, so it waits for a review. It refuses where a step, the code, CMD, ENTRYPOINT, HEALTHCHECK, a script
  of theirs or a compose file calls a program that only the full image has and that the file does not install before;
  where a Python package is built from source, or is known to need a library or program of the full image; where code
  imports tkinter or names a file of the system; where the base is pinned by digest or is a build argument
  as a whole; in a Dockerfile that is for development by its name.
  A package that the catalogue does not know, and what else cannot be read, is named: then no goal selects it. An old
  version of a package without a wheel for this Python would need a compiler: the build tells. That the slim tag exists
  for a version is a rule of the official image's makers; the registry is not asked. The rule knows the Python image
  alone: those of Node, Ruby and others are left as they are.

Source
: docker-library/python and docker-library/buildpack-deps, their Dockerfiles; Docker Hub, python, "Image Variants".
"""

from __future__ import annotations

import re
from typing import NamedTuple

from wizard.assets import knowledge
from wizard.dockerfile.document import Document, Stage
from wizard.dockerfile.editing import Edit, splice
from wizard.dockerfile.expansion import expand, global_values
from wizard.dockerfile.stages import base_image, lineage, reachable, source_stage
from wizard.inspection.division.divide import Unmet
from wizard.inspection.division.full_image import (
    Step,
    called_at_run_time,
    called_in_steps,
    full_programs,
    installed,
    reads_full_image,
    walk,
)
from wizard.inspection.division.full_packages import needs_of_packages
from wizard.inspection.division.native import catalogue
from wizard.inspection.files import list_files, read_text
from wizard.inspection.image_names import name_parts, release_of
from wizard.inspection.installs.development import says_development
from wizard.inspection.places import line_at, place_at
from wizard.rules.base import Category, Proposal, Refusal, View, evidence_at
from wizard.wording import listed

ID = "slim-base"
TITLE = "Stand on the slim variant of the base image"
CATEGORY: Category = "size"

_NAME = r"(?:(?:index\.)?docker\.io/)?(?:library/)?python|[\w.-]+\.[\w.-]+(?::\d+)?/(?:[\w.-]+/)*library/python"
_BASE = re.compile(rf"(?P<name>{_NAME})(?::(?P<tag>[^@]+))?(?P<digest>@sha256:[0-9a-f]{{64}})?\Z")
_RELEASES = ("stretch", "buster", "bullseye", "bookworm", "trixie")
_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::?-[^}]*)?\}|(?P<plain>\w+))")
_PROGRAMS = re.compile(r"(?:^|[/\s])(?:s?bin|lib\w*|opt)(?:/|\s|\Z)|\.so\b")
_OTHER_VARIANTS = re.compile(r"slim|alpine|windows|nanoserver|onbuild")


class _Base(NamedTuple):
    """A base image and its slim variant, both as FROM is to name them."""

    slim: str
    release: str | None
    doubts: tuple[str, ...]


def propose(view: View) -> Proposal | Refusal | None:
    """The slim variant under the stage that is shipped."""
    document = view.document
    shipped = lineage(document, document.stages[-1])
    root = shipped[0]
    here = evidence_at(view, root.instructions[0])
    try:
        base = _base(view, root)
        if base is None:
            return None
        purpose = says_development(view.dockerfile)
        if purpose is not None:
            raise Unmet(
                f"{view.dockerfile} is for {purpose} by its name, and people use the tools of the full image there"
            )
        doubts = (*base.doubts, *_check(view, root, shipped, base.release))
    except Unmet as reason:
        return Refusal(ID, reason.because, reason.evidence or (here,))
    word = next(word for word in root.instructions[0].words if word.text == root.base)
    result = splice(document, [Edit(word.span, base.slim)])
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="review",
        why=f"{root.base} brings compilers, headers, version control and image tools that nothing here is seen to use.",
        evidence=(here,),
        edits={view.dockerfile: result.source},
        planned=result.planned,
        risk=" ".join((*_said(doubts), "The slim image was not looked into: build it and compare.")),
        disputed=bool(doubts),
    )


# -- the name --


def _base(view: View, root: Stage) -> _Base | None:
    """The slim variant of a stage's base; None where it is no full Python image."""
    line = line_at(root.instructions[0].start_line)
    found = _BASE.match(root.base)
    if found is None:
        known = expand(root.base, global_values(view.document), view.document.escape)
        if "$" in root.base and known and _BASE.match(known) and not _OTHER_VARIANTS.search(known):
            raise Unmet(f"{line}: the name of the base image is a build argument's, for other uses too")
        return None
    tag = found["tag"] or ""
    known = expand(tag, global_values(view.document), view.document.escape) if "$" in tag else tag
    if known is None:
        raise Unmet(f"{line}: {root.base} depends on a build argument without a default")
    if _OTHER_VARIANTS.search(known):
        return None
    if found["digest"]:
        raise Unmet(f"{line}: the base is pinned by the digest of the full image")
    head, dash, release = tag.rpartition("-")
    version = head if dash and release in _RELEASES else tag
    release = release if version != tag else "" if tag not in _RELEASES else tag
    version = "" if version == release else version
    plain = expand(version, global_values(view.document), view.document.escape) if version else ""
    if plain not in ("", "latest") and not re.fullmatch(knowledge("full_images")["python"]["version"], plain or ""):
        raise Unmet(f"{line}: of {root.base} it is not known which slim variant is the same")
    slim = "-".join(filter(None, ("" if plain == "latest" else version, "slim", release)))
    return _Base(f"{found['name']}:{slim}", release or _release(found["name"], known), _given(view, version))


def _release(name: str, tag: str) -> str | None:
    found = release_of(f"{name}:{tag}")
    return found.name if found else None


def _given(view: View, version: str) -> tuple[str, ...]:
    """Callers that give the version as a build argument: it may hold more than a version."""
    names = {found["braced"] or found["plain"] for found in _VARIABLE.finditer(version)}
    return tuple(
        f"what {place_at(caller.path, caller.line)} gives as {name} must be a version alone"
        for caller in view.inspection.callers
        for name in sorted(names & set(caller.build_args))
    )


# -- what must hold --


def _check(view: View, root: Stage, shipped: tuple[Stage, ...], release: str | None) -> tuple[str, ...]:
    """What cannot be decided. Raises Unmet where something uses what the full image brings."""
    document, workspace = view.document, view.workspace
    listing = list_files(workspace)
    changed = tuple(stage for stage in document.stages if lineage(document, stage)[0] is root)
    reaching = reachable(document, document.stages[-1]) | {stage.index for stage in changed}
    steps = tuple(walk(document, (stage for stage in document.stages if stage.index in reaching)))
    of_changed = tuple(step for step in steps if step.stage in changed)
    onbuild = next((one for stage in changed for one in stage.instructions if one.keyword == "ONBUILD"), None)
    if onbuild is not None:
        because = f"{line_at(onbuild.start_line)}: what other files build upon this image is not known (ONBUILD)"
        raise Unmet(because, evidence_at(view, onbuild))
    for sign in (
        called_in_steps(workspace, document, of_changed, release),
        called_at_run_time(workspace, document, changed, view.inspection.callers, listing, release),
        reads_full_image(workspace, document, changed, listing),
    ):
        if sign is not None:
            raise Unmet(*sign)
    kept = frozenset(stage.index for stage in document.stages if stage not in changed)
    present = installed(document, shipped)
    packages = needs_of_packages(workspace, document, catalogue(), steps, kept, present, release)
    if packages.missing is not None:
        raise Unmet(*packages.missing)
    unknown = (f"it is not known what {listed(packages.doubts)} takes from the system",) if packages.doubts else ()
    return (
        *unknown,
        *_compiled_elsewhere(steps, kept, release),
        *_copied_programs(document, changed),
        *_loads(view),
    )


def _compiled_elsewhere(steps: tuple[Step, ...], kept: frozenset[int], release: str | None) -> tuple[str, ...]:
    """A stage that keeps its tools and compiles something that the image may get."""
    compilers = {name for name, package in full_programs(release).items() if package in ("gcc", "g++", "make")}
    for step in steps:
        name = step.command.name if step.command is not None else None
        if step.stage.index in kept and name in compilers:
            where = line_at(step.instruction.start_line)
            return (f"what {where} compiles may be linked with libraries of the full image",)
    return ()


def _copied_programs(document: Document, changed: tuple[Stage, ...]) -> tuple[str, ...]:
    """A program or library that comes out of another image, and may be linked with what the full one has."""
    for stage in changed:
        for one in stage.instructions:
            reference = one.flag("from") if one.keyword == "COPY" else None
            source = source_stage(document, one, reference) if reference else None
            image = base_image(document, source) if source else reference
            known = image is None or _BASE.match(image) or name_parts(image)[0].endswith("astral-sh/uv")
            if not known and _PROGRAMS.search(" ".join(word.text for word in one.words)):
                return (f"what {line_at(one.start_line)} copies may be linked with libraries of the full image",)
    return ()


def _loads(view: View) -> tuple[str, ...]:
    """Code that looks for libraries by itself, or asks the system for the types of files."""
    for path in list_files(view.workspace).below(view.workspace.context):
        text = read_text(view.workspace, path) if path.endswith(".py") else None
        found = (
            re.search(r"\bfind_library\(|\bCDLL\(|\bLoadLibrary\(|^\s*import mimetypes\b", text, re.MULTILINE)
            if text
            else None
        )
        if text and found:
            place = place_at(path, text.count("\n", 0, found.start()) + 1)
            if "mimetypes" in found[0]:
                return (
                    f"{place} asks for the types of files, some of which the full image's /etc/mime.types alone tells",
                )
            return (f"{place} loads a library of the system by name",)
    return ()


def _said(doubts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{doubt[0].upper()}{doubt[1:]}." for doubt in doubts)
