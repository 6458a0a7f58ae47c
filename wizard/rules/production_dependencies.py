"""Leave the packages that only development and testing need out of what is shipped.

What it does
: Gives an install the option that leaves development packages out: `npm ci --omit=dev` (`--only=production` or
  `--production` for the npm of Node 14 and before), `yarn install --production`, `pnpm install --prod`, `poetry install
  --only main` (`--without dev` where there are groups of another name), `uv sync --no-dev`, `pdm install --prod`. An
  install of `requirements-dev.txt` and its like goes, or installs the files that it includes.

Why
: Test runners, linters, compilers of TypeScript and their own dependencies are often the larger part of what is
  installed, are pulled and scanned with every image, and nothing calls them there.

When it is safe
: Never for certain, so it waits for a review: a package may be declared for development and used all the same. It
  refuses where one is seen to be used: by a later step of the build, in the stages that have the packages or copy
  them (`npm run build`, `pytest`); by CMD, ENTRYPOINT, HEALTHCHECK, a script of package.json, a compose file, or a
  `docker run` of a CI file; by an import or a quoted name in the code outside tests. It refuses where the install
  runs a script of the project itself (`prepare`, `postinstall`), for workspaces, for yarn 2 and later, where `uv run`
  would install them again, and for a Node whose version is not known. Packages of a requirements file that are not
  known as tools of development are named: then no goal selects it. It leaves a Dockerfile alone that is for
  development by its name. A choice that options or settings (NODE_ENV) have made stays. Extras (`.[dev]`) and Pipenv
  are not looked into; an environment file of conda with such packages is named, for conda has no option for it.

Source
: docs.npmjs.com, npm ci; classic.yarnpkg.com, yarn install; pnpm.io, install; python-poetry.org, Dependency groups;
  docs.astral.sh/uv, Dependency groups; pdm-project.org, install.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from wizard.dockerfile.document import Document, Span, Stage
from wizard.dockerfile.editing import Edit, splice
from wizard.dockerfile.errors import EditConflict
from wizard.dockerfile.installs import Install
from wizard.dockerfile.stages import lineage, source_stage
from wizard.inspection.copies.placed import lies_in
from wizard.inspection.division.divide import Unmet
from wizard.inspection.files import Listing, list_files
from wizard.inspection.installs.conda_shipped import conda_development
from wizard.inspection.installs.development import (
    Development,
    development_of,
    is_development_package,
    says_development,
)
from wizard.inspection.installs.development_files import development_files, without
from wizard.inspection.installs.development_use import (
    Text,
    later_steps,
    stages_with,
    started_texts,
    used_in_node,
    used_in_python,
)
from wizard.inspection.places import line_at
from wizard.inspection.step_folders import folder_of
from wizard.inspection.steps import Reading, read_steps
from wizard.inspection.values import Evidence
from wizard.rules.base import Category, Proposal, Refusal, View, evidence_at
from wizard.wording import listed

ID = "production-dependencies"
TITLE = "Leave development packages out"
CATEGORY: Category = "size"

_NODE = ("npm", "yarn", "pnpm")
_SHOWN = 6


class _Change(NamedTuple):
    """What becomes of one install."""

    edits: tuple[Edit, ...]
    names: tuple[str, ...]
    doubts: tuple[str, ...] = ()


def propose(view: View) -> Proposal | Refusal | None:
    """Every install of what is shipped, without what only development needs."""
    document = view.document
    listing = list_files(view.workspace)
    changes: list[_Change] = []
    evidence: list[Evidence] = []
    for stage in document.stages:
        if document.stages[-1] not in stages_with(document, stage):
            continue
        for reading in read_steps(document, stage):
            try:
                found = tuple(_changes(view, listing, stage, reading))
            except Unmet as reason:
                return Refusal(ID, reason.because, reason.evidence or (evidence_at(view, reading.instruction),))
            except EditConflict as reason:
                because = f"{line_at(reason.line)}: the step cannot be taken apart, {reason.message}"
                return Refusal(ID, because, (evidence_at(view, reading.instruction),))
            changes += found
            evidence += [evidence_at(view, reading.instruction)] if found else []
    if not changes:
        return _of_conda(view, listing)
    word = says_development(view.dockerfile)
    if word is not None:
        return Refusal(ID, f"{view.dockerfile} is for {word} by its name, and what it installs is for that")
    names = tuple(dict.fromkeys(name for change in changes for name in change.names))
    doubts = tuple(dict.fromkeys(name for change in changes for name in change.doubts))
    result = splice(document, [edit for change in changes for edit in change.edits])
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="review",
        why=f"{_few(names)} {'is' if len(names) == 1 else 'are'} for development, and shipped with the image.",
        evidence=tuple(evidence),
        edits={view.dockerfile: result.source},
        planned=result.planned,
        risk=(f"{_few(doubts)} may be more than a tool of development. " if doubts else "")
        + "No step, command or import is seen to use one of them; what a program loads by itself is not seen.",
        disputed=bool(doubts),
    )


def _of_conda(view: View, listing: Listing) -> Refusal | None:
    """conda has no option that leaves packages of an environment file out."""
    if says_development(view.dockerfile) is not None:
        return None
    for stage in view.document.stages:
        found = conda_development(view.workspace, view.document, stage)
        if found is None or view.document.stages[-1] not in stages_with(view.document, stage):
            continue
        steps, texts = _around(view, listing, stage, found.reading)
        unused = [
            (name, evidence)
            for name, evidence in found.named
            if used_in_python(view.workspace, view.document, steps, texts, listing, (name,)) is None
        ]
        if unused:
            names = _few(tuple(name for name, _ in unused))
            because = (
                f"{found.path} has {names}, and conda has no option that leaves packages of an environment file out: "
                "keep a second file for development, and let `conda env update` install it there"
            )
            return Refusal(ID, because, tuple(evidence for _, evidence in unused))
    return None


def _few(names: tuple[str, ...]) -> str:
    rest = len(names) - _SHOWN
    return listed(names) if rest <= 0 else listed([*names[:_SHOWN], f"{rest} more"])


def _changes(view: View, listing: Listing, stage: Stage, reading: Reading) -> Iterator[_Change]:
    for install in reading.installs:
        found = development_of(view.workspace, view.document, stage, reading, install)
        if found is not None and _is_shipped(view.document, stage, reading, install):
            _check(view, listing, stage, reading, install, found)
            end = install.verb_word.span.end
            yield _Change((Edit(Span(end, end), f" {found.option}"),), found.names)
        for file in development_files(view.workspace, install):
            steps, texts = _around(view, listing, stage, reading)
            sign = used_in_python(view.workspace, view.document, steps, texts, listing, file.names)
            if sign is not None:
                raise Unmet(*sign)
            unknown = tuple(name for name in file.names if not is_development_package(name))
            edits = tuple(without(view.document, reading, install, file))
            yield _Change(edits, file.names or (file.file.path,), unknown)


def _is_shipped(document: Document, stage: Stage, reading: Reading, install: Install) -> bool:
    """Whether the last stage has what is installed: it is built upon the stage, or copies node_modules of it."""
    shipped = lineage(document, document.stages[-1])
    if stage in shipped or install.manager not in _NODE:
        return True
    holding = stages_with(document, stage)
    modules = posixpath.join(folder_of(document, stage, reading, install.command) or "/", "node_modules")
    for one in (step for below in shipped for step in below.instructions if step.keyword == "COPY"):
        source = source_stage(document, one, one.flag("from") or "") if one.flag("from") else None
        for word in one.words[:-1] if source in holding else ():
            path = posixpath.join("/", word.text)
            if "$" in path or "node_modules" in path or lies_in(modules, posixpath.normpath(path)):
                return True
    return False


def _around(
    view: View, listing: Listing, stage: Stage, reading: Reading
) -> tuple[tuple[Reading, ...], tuple[Text, ...]]:
    """The later steps of the stages that have the packages, and what their containers run."""
    stages = stages_with(view.document, stage)
    steps = tuple(later_steps(view.document, stages, reading.instruction))
    return steps, tuple(started_texts(view.workspace, view.document, stages, view.inspection.callers, listing))


def _check(view: View, listing: Listing, stage: Stage, reading: Reading, install: Install, found: Development) -> None:
    """Raises Unmet where one of the packages may be needed."""
    line = line_at(reading.instruction.start_line)
    if found.because is not None:
        raise Unmet(f"{line}: {found.because}")
    steps, texts = _around(view, listing, stage, reading)
    if install.manager in _NODE:
        sign = used_in_node(view.workspace, view.document, steps, texts, listing, found.manifest, found.names)
    else:
        sign = _installs_again(view, install, steps, texts) or used_in_python(
            view.workspace, view.document, steps, texts, listing, found.names
        )
    if sign is not None:
        raise Unmet(*sign)


def _installs_again(
    view: View, install: Install, steps: tuple[Reading, ...], texts: tuple[Text, ...]
) -> tuple[str, Evidence] | None:
    """`uv run`, which brings the environment to what the project declares, development packages included."""
    if install.manager != "uv":
        return None
    here = [
        Text(one.instruction.argument, evidence_at(view, one.instruction), line_at(one.instruction.start_line))
        for one in steps
    ]
    for text in (*here, *texts):
        found = re.search(r"\buv\s+run\b(?P<options>(?:\s+-\S+)*)", text.text)
        if found and not re.search(r"--no-(?:dev|sync)\b", found["options"]):
            return f"{text.place} starts something through `uv run`, which installs them again", text.evidence
    return None
