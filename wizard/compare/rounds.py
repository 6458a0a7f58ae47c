"""The builds of a comparison: which, in what order, and from which state of cache.

One round builds each side once in each scenario. Cold: without cache, base images present, and with cache mounts of a
fresh name, so that nobody's cache is emptied or flatters us. Unchanged and source: after that, on the cache that it
left. The sides take turns, and from round to round the other one begins.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from wizard.build.marks import LABEL
from wizard.build.request import BuildRequest
from wizard.compare.bases import base_images, write_warm_up
from wizard.compare.edits import edited
from wizard.compare.measure import Measured, OnEvent, build, run_of
from wizard.compare.sides import Copy, replace_file
from wizard.compare.values import LABELS, SCENARIOS, Label, Run, Scenario
from wizard.dockerfile.document import Document, Stage
from wizard.inspection.values import Engine

TAG = "dockwiz/compare"
"""The repository of the images that a comparison makes."""

Purpose = Scenario | Literal["prepare"]


@dataclass(frozen=True, slots=True)
class Task:
    """One build to do. `prepare` fills the cache and is not measured."""

    round: int
    side: Label
    purpose: Purpose


def schedule(sides: Sequence[Label], scenarios: Iterable[Scenario], rounds: int) -> tuple[Task, ...]:
    """Every build, in order. Without any scenario each side is built once: there are images to look at then."""
    wanted = set(scenarios)
    purposes: list[Purpose] = [scenario for scenario in SCENARIOS if scenario in wanted]
    rounds = rounds if purposes else 1
    if "cold" not in wanted:
        purposes.insert(0, "prepare")
    return tuple(
        Task(number, side, purpose)
        for number in range(1, rounds + 1)
        for purpose in purposes
        for side in (tuple(sides) if number % 2 else tuple(reversed(sides)))
    )


def labels_of(comparison: str) -> dict[str, str]:
    """The labels of what belongs to one comparison."""
    return {LABEL: "compare", f"{LABEL}.id": comparison}


@dataclass(frozen=True)
class Bench:
    """What the builds of one comparison share."""

    id: str
    engine: Engine
    copies: Mapping[Label, Copy]
    documents: Mapping[Label, Document]
    edits: Mapping[tuple[Label, Purpose], str]
    """The file, relative to the root, that a side's scenario edits."""
    like: BuildRequest | None = None
    """Options that every build takes over: target, build arguments, secrets, network."""
    on_event: OnEvent | None = None

    def request(self, task: Task) -> BuildRequest:
        copy = self.copies[task.side]
        context = copy.workspace.root / copy.workspace.context
        dockerfile = copy.workspace.root / copy.dockerfile
        return replace(
            self.like or BuildRequest(context, dockerfile),
            context=context,
            dockerfile=dockerfile,
            tag=self.tag(task.side, task.purpose, task.round),
            no_cache=task.purpose == "cold",
            cache_namespace=f"dockwiz-{self.id}-{task.side}-{task.round}",
            load=self.engine.driver != "docker",
            provenance=False,
            labels=labels_of(self.id),
        )

    def tag(self, side: str, purpose: str, number: int) -> str:
        return f"{TAG}:{self.id}-{side}-{purpose}-{number}"

    def build(self, task: Task, cancel: threading.Event) -> Measured:
        """One build of the schedule, with its edit made for the time of the build."""
        with self._edit(task):
            return build(self.request(task), self.engine, cancel, self.on_event)

    def run(self, task: Task, measured: Measured) -> Run:
        scenario: Scenario = "cold" if task.purpose == "prepare" else task.purpose
        return run_of(task.side, scenario, task.round, measured, self.documents.get(task.side))

    def warm_up(self, folder: Path, cancel: threading.Event) -> bool:
        """Bring the base images in, by a build in `folder` (new). Returns whether that went well."""
        images: dict[tuple[str, str | None], None] = {}
        syntax: str | None = None
        for document in self.documents.values():
            images |= dict.fromkeys(base_images(document, target_of(document, self.like)))
            syntax = syntax or document.syntax()
        if not images:
            return True
        write_warm_up(folder, images, syntax)
        request = BuildRequest(
            folder,
            folder / "Dockerfile",
            tag=self.tag("bases", "prepare", 0),
            builder=self.like.builder if self.like else None,
            provenance=False,
            labels=labels_of(self.id),
        )
        return build(request, self.engine, cancel).result.outcome == "done"

    @contextlib.contextmanager
    def _edit(self, task: Task) -> Iterator[None]:
        name = self.edits.get((task.side, task.purpose))
        if name is None:
            yield
            return
        path = self.copies[task.side].workspace.root / name
        original = path.read_bytes()
        replace_file(path, edited(name, original, f"{self.id} round {task.round}"))
        try:
            yield
        finally:
            replace_file(path, original)


def target_of(document: Document, like: BuildRequest | None) -> Stage:
    """The stage that is built."""
    from wizard.dockerfile.stages import target_stage

    return target_stage(document, like.target if like is not None else None) or document.stages[-1]


def choose_source_edit(
    copies: Mapping[Label, Copy],
    documents: Mapping[Label, Document],
    counts: Callable[[], Mapping[str, int]],
    like: BuildRequest | None = None,
) -> str | None:
    """The source file to edit: one that every side has and copies into its image; relative to the root."""
    from wizard.compare.edits import choose_source, covered
    from wizard.dockerfile.sources import context_sources
    from wizard.dockerfile.stages import reachable
    from wizard.dockerfile.state import environment
    from wizard.inspection.context.measure import measure_context

    common: set[str] | None = None
    for side in LABELS:
        if side not in copies:
            continue
        copy, document = copies[side], documents[side]
        needed = reachable(document, target_of(document, like))
        sources = [
            source
            for stage in document.stages
            if stage.index in needed
            for instruction in stage.instructions
            for source in context_sources(instruction, environment(document, stage, instruction))
        ]
        there = measure_context(copy.workspace, copy.dockerfile, with_paths=True).paths
        found = {copy.workspace.from_context(path) for path in covered(there, sources)}
        files = {path for path in found if not (copy.workspace.root / path).is_symlink()}
        common = files if common is None else common & files
    return choose_source(common, counts()) if common else None


def choose_manifest_edits(
    copies: Mapping[Label, Copy], documents: Mapping[Label, Document], like: BuildRequest | None = None
) -> dict[Label, str]:
    """The requirements file to edit on each side: the last one that a pip install of the image reads.

    Empty where one of the sides has none, or where it cannot be told what its installs read.
    """
    from wizard.dockerfile.stages import reachable
    from wizard.inspection.installs.pip import manifests_of
    from wizard.inspection.steps import read_steps

    chosen: dict[Label, str] = {}
    for side, copy in copies.items():
        document = documents[side]
        needed = reachable(document, target_of(document, like))
        for stage in document.stages:
            if stage.index not in needed:
                continue
            for reading in read_steps(document, stage):
                for manifest in manifests_of(copy.workspace, document, stage, reading).found:
                    chosen[side] = manifest.path
    return chosen if len(chosen) == len(copies) else {}
