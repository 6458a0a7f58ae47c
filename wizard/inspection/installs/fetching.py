"""Steps that fetch what a project depends on, most of them as they build it, and whether its sources come first."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from typing import NamedTuple

from wizard.assets import knowledge
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.installs import program, unwrap
from wizard.dockerfile.script import Command
from wizard.dockerfile.stages import lineage, references, source_stage
from wizard.dockerfile.state import environment
from wizard.inspection.copies.placed import ContextCopy, context_copies, inherited_copies
from wizard.inspection.copies.sources import brings_folders
from wizard.inspection.files import read_text
from wizard.inspection.steps import Reading, read_steps, unread_runs
from wizard.workspace import OutsideRoot, Workspace


@dataclass(frozen=True)
class Fetcher:
    """A program that fetches what a project depends on; the fields are those of the table fetching_programs.toml."""

    names: tuple[str, ...]
    fetches: tuple[tuple[str, ...], ...]
    files: tuple[str, ...]
    instead: str
    spares: frozenset[str] = frozenset()
    anywhere: bool = False
    packages: tuple[tuple[str, ...], ...] = ()
    valued: frozenset[str] = frozenset()
    offline: frozenset[str] = frozenset()
    settings: Mapping[str, str] = field(default_factory=dict)
    vendored: Mapping[str, str] = field(default_factory=dict)


class Fetch(NamedTuple):
    """One command that fetches what the project depends on."""

    fetcher: Fetcher
    command: Command
    words: str
    """Its program and the words that make it fetch, for messages."""


class LateFetch(NamedTuple):
    """A fetch that runs again with every edited file."""

    fetch: Fetch
    instruction: Instruction
    sources: Instruction
    """The copy of the sources above it: in its stage, or in one that its stage stands on."""


@cache
def fetchers() -> Mapping[str, Fetcher]:
    """The known programs, by each of their names."""
    found = (_fetcher(entry) for entry in knowledge("fetching_programs")["program"])
    return {name: fetcher for fetcher in found for name in fetcher.names}


@cache
def _fetching_words() -> str:
    """A pattern for shell texts that cannot be read: where it matches, one of the programs may fetch."""
    return "|".join(
        rf"\b(?:{_any_of(fetcher.names)})\s"
        + ("" if ("*",) in fetcher.fetches else rf"[^;&|\n]{{0,80}}?\b(?:{_any_of(map(' '.join, fetcher.fetches))})\b")
        for fetcher in {fetcher.names: fetcher for fetcher in fetchers().values()}.values()
    )


@lru_cache(maxsize=16)
def unread_fetches(document: Document) -> tuple[Instruction, ...]:
    """The RUN instructions that may fetch, and whose shell text cannot be read. Kept: asked again for every stage."""
    return unread_runs(document, _fetching_words())


def _any_of(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, words))


def _fetcher(entry: Mapping[str, object]) -> Fetcher:
    def texts(key: str) -> tuple[str, ...]:
        value = entry.get(key, [])
        return tuple(map(str, value)) if isinstance(value, list) else ()

    def table(key: str) -> dict[str, str]:
        value = entry.get(key, {})
        return {str(name): str(text) for name, text in value.items()} if isinstance(value, dict) else {}

    return Fetcher(
        names=texts("names"),
        fetches=tuple(tuple(verb.split()) for verb in texts("fetches")),
        files=texts("files"),
        instead=str(entry["instead"]),
        spares=frozenset(texts("spares")),
        anywhere=bool(entry.get("anywhere")),
        packages=tuple(tuple(verb.split()) for verb in texts("packages")),
        valued=frozenset(texts("valued")),
        offline=frozenset(texts("offline")),
        settings=table("settings"),
        vendored=table("vendored"),
    )


def fetch_of(command: Command) -> Fetch | None:
    """What a command fetches for the project; None where it fetches nothing, or packages that it names."""
    _, words = unwrap(command)
    fetcher = fetchers().get(program(words[0])) if words else None
    if fetcher is None:
        return None
    operands: list[str] = []
    index = 1
    while index < len(words):
        text = words[index].value or words[index].text
        if text.partition("=")[0] in fetcher.offline or text in fetcher.offline:
            return None
        if not text.startswith(("-", "+")):
            operands.append(text.rstrip(","))
        index += 2 if text in fetcher.valued else 1
    verb = _verb(fetcher, operands)
    if verb is None or (verb in fetcher.packages and _names_a_package(operands[len(verb) :])):
        return None
    return Fetch(fetcher, command, " ".join((program(words[0]), *verb)))


def _verb(fetcher: Fetcher, operands: list[str]) -> tuple[str, ...] | None:
    if ("*",) in fetcher.fetches:
        # Without a word it shows its help, or opens a shell.
        return next(((word,) for word in operands if word not in fetcher.spares), None)
    starts = range(len(operands)) if fetcher.anywhere else range(1)
    return next(
        (verb for at in starts for verb in fetcher.fetches if tuple(operands[at : at + len(verb)]) == verb), None
    )


def _names_a_package(operands: list[str]) -> bool:
    own = (word.startswith((".", "/", "$")) or word.endswith(".go") for word in operands if "@" not in word)
    return bool(operands) and not any(own)


def fetches(workspace: Workspace, document: Document, stage: Stage, reading: Reading) -> Iterator[Fetch]:
    """What a step fetches for the project, without what is told to stay offline."""
    if reading.script is None or reading.instruction.flag("network") == "none":
        return
    for command in reading.script.commands:
        fetch = fetch_of(command)
        if fetch is not None and not _stays_offline(workspace, document, stage, reading.instruction, fetch):
            yield fetch


def _stays_offline(
    workspace: Workspace, document: Document, stage: Stage, instruction: Instruction, fetch: Fetch
) -> bool:
    wanted = fetch.fetcher.settings
    if wanted:
        settings = environment(document, stage, instruction).settings
        own = document.source[fetch.command.span.start : fetch.command.words[-1].span.end].decode("utf-8", "replace")
        if any(text in (settings.get(name) or "") or f"{name}={text}" in own for name, text in wanted.items()):
            return True
    folders = {folder for copy in inherited_copies(document, stage) for folder in copy.sources}
    return any(
        _holds(workspace, posixpath.join(folder, name), text)
        for name, text in fetch.fetcher.vendored.items()
        for folder in folders
    )


def _holds(workspace: Workspace, path: str, text: str) -> bool:
    try:
        content = read_text(workspace, workspace.from_context(path))
    except OutsideRoot:
        return False
    return content is not None and text in content


def late_fetch(workspace: Workspace, document: Document, stage: Stage) -> LateFetch | None:
    """The first step of the stage that fetches below the sources what nothing has fetched above them."""
    for reading in read_steps(document, stage):
        for fetch in fetches(workspace, document, stage, reading):
            sources = _sources_above(workspace, document, stage, reading, fetch.fetcher)
            if sources is not None:
                return LateFetch(fetch, reading.instruction, sources)
    return None


def fetched_before(workspace: Workspace, document: Document, stage: Stage, reading: Reading) -> bool:
    """Whether every install of a step finds what the project depends on: it was fetched above the sources."""
    found = [fetch_of(install.command) for install in reading.installs]
    return bool(found) and all(
        fetch is not None and _sources_above(workspace, document, stage, reading, fetch.fetcher) is None
        for fetch in found
    )


def _sources_above(
    workspace: Workspace, document: Document, stage: Stage, at: Reading, fetcher: Fetcher
) -> Instruction | None:
    """The copy of the sources above a step, where nothing above that copy has fetched for the same program."""
    sources: Instruction | None = None
    whole = any("." in copy.sources for copy in inherited_copies(document, stage))
    for below in lineage(document, stage):
        copies = {copy.instruction.index: copy for copy in context_copies(document, below)}
        for reading in read_steps(document, below):
            if reading.instruction.index >= at.instruction.index:
                return sources
            if sources is None and _fetches_for(workspace, document, below, (reading,), fetcher):
                return None
            if _brings_what_was_fetched(workspace, document, reading.instruction, fetcher):
                return None
            copy = copies.get(reading.instruction.index)
            if sources is None and copy is not None and _is_more_than_its_files(copy, fetcher, whole):
                sources = reading.instruction if brings_folders(workspace, copy) else None
    return sources


def _fetches_for(
    workspace: Workspace, document: Document, stage: Stage, readings: Iterable[Reading], fetcher: Fetcher
) -> bool:
    return any(
        fetch.fetcher is fetcher for reading in readings for fetch in fetches(workspace, document, stage, reading)
    )


def _brings_what_was_fetched(
    workspace: Workspace, document: Document, instruction: Instruction, fetcher: Fetcher
) -> bool:
    """Whether it takes files of a stage that fetches for the same program: that stage is judged by itself."""
    stages = (source_stage(document, instruction, reference) for reference in references(instruction))
    return any(
        _fetches_for(workspace, document, below, read_steps(document, below), fetcher)
        for stage in stages
        if stage is not None
        for below in lineage(document, stage)
    )


def _is_more_than_its_files(copy: ContextCopy, fetcher: Fetcher, whole: bool) -> bool:
    """Whether it brings more than what the program reads. Where some copy brings the `whole` context, a folder of its
    own belongs to that, too: a library of the project, to be found by the fetch."""
    if whole:
        return "." in copy.sources
    names = (posixpath.basename(source) for source in copy.sources)
    return any(not any(fnmatchcase(name, pattern) for pattern in fetcher.files) for name in names)
