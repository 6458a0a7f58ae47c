"""A whole comparison: private copies, builds, containers, verdict; and nothing left behind."""

from __future__ import annotations

import datetime
import os
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from wizard.build.api import EngineApi, EngineError
from wizard.build.request import BuildRequest
from wizard.compare.behaviour import Limits, observe
from wizard.compare.clean import remove_comparison
from wizard.compare.conditions import conditions_of
from wizard.compare.forecast import Forecast, Known, check_disk, forecast
from wizard.compare.images import config_of, packages_of, size_of
from wizard.compare.libraries.look import LARGEST, libraries_of
from wizard.compare.libraries.places import installs_line
from wizard.compare.measure import OnEvent, failure_of
from wizard.compare.rounds import (
    Bench,
    Purpose,
    Task,
    choose_manifest_edits,
    choose_source_edit,
    labels_of,
    schedule,
    target_of,
)
from wizard.compare.sides import Copy, Side, materialise
from wizard.compare.sizes import Parts, expected_sizes, parts_of
from wizard.compare.values import (
    LABELS,
    USUAL_SCENARIOS,
    Change,
    Comparison,
    ImageConfig,
    Label,
    Libraries,
    Progress,
    Run,
    Scenario,
    SideResult,
)
from wizard.compare.verdict import judge, reasons_for
from wizard.dockerfile.document import Document
from wizard.dockerfile.scanner import parse
from wizard.dockerfile.stages import base_image
from wizard.errors import BadInput, NoEngine, because
from wizard.inspection.values import Engine
from wizard.state import StateFolder

Edits = Mapping[tuple[Label, Purpose], str]
_NO_EDIT: Mapping[Scenario, str] = {
    "source": "the source edit: no source file of a known kind is copied into both images",
    "dependency": "the dependency edit: which requirements file the images install from cannot be told for both",
}


@dataclass(frozen=True)
class Options:
    """How to compare."""

    scenarios: tuple[Scenario, ...] = USUAL_SCENARIOS
    runs: int = 1
    """Rounds: builds of each side in each scenario."""
    like: BuildRequest | None = None
    """Options that every build takes over: target, build arguments, secrets, builder."""
    limits: Limits = field(default_factory=Limits)
    link: str | None = None
    """The network link in words, where the person told it."""
    change: Change = field(default_factory=Change)
    known: Known = field(default_factory=Known)
    saved_bytes: int = 0
    """What the proposals between the sides say they take out of the image."""


def compare(
    before: Side,
    after: Side,
    engine: Engine,
    api: EngineApi,
    state: StateFolder,
    options: Options | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    on_event: OnEvent | None = None,
    cancel: threading.Event | None = None,
) -> Comparison:
    """Build both sides, measure, run both, judge.

    `on_progress` and `on_event` (the events of the build that runs) are called from this thread. After `cancel` what
    was found so far is returned. Whatever was made (copies, images, containers) is removed in any case. Raises BadInput
    where a side cannot be read or the disk will not do, NoEngine where the engine does not answer or goes away.
    """
    options = options or Options()
    now = datetime.datetime.now(datetime.UTC)
    # The process comes last: `dockwiz clean` leaves alone what a living one made.
    comparison = f"{now:%Y%m%d}-{now:%H%M%S%f}-{os.getpid()}"
    folder = state.ensure() / "compare" / comparison
    try:
        folder.mkdir(parents=True, mode=0o700)
        session = _Session(
            comparison, engine, api, folder, options, on_progress or _ignore, on_event, cancel or threading.Event()
        )
        return session.run((before, after), now.isoformat(timespec="seconds"))
    except NoEngine as error:
        raise NoEngine(
            f"the comparison ended in the middle: {error.message}",
            hint="when the engine answers again, `dockwiz clean --yes` removes what is left on it",
        ) from error
    except OSError as error:
        reason = because(error)
        raise BadInput(f"cannot be written: {reason}", path=str(error.filename or folder)) from error
    finally:
        remove_comparison(api, comparison, folder)


def forecast_for(before: Side, after: Side, engine: Engine, api: EngineApi, options: Options) -> Forecast:
    """What `compare` would take, for the person to see before it starts. Raises NoEngine."""
    from wizard.inspection.context.measure import measure_context

    parts: dict[Label, Parts] = {}
    for side in (before, after):
        if side.workspace is None or side.dockerfile is None:
            continue
        # Of a revision the files that are there now: near enough for a forecast.
        context = measure_context(side.workspace, side.dockerfile).bytes
        document = parse(side.workspace.read(side.dockerfile), side.dockerfile)
        parts[side.label] = parts_of(api, engine.store, document, target_of(document, options.like), context)
    images = expected_sizes(parts, options.known.image_bytes, options.saved_bytes)
    copies = sum(part.context for part in parts.values())
    cold_seconds = options.known.cold_seconds
    return forecast(tuple(images.values()), options.scenarios, options.runs, copies, engine, cold_seconds)


def _ignore(_: Progress) -> None:
    return


@dataclass
class _Session:
    """The state of one comparison while it runs."""

    id: str
    engine: Engine
    api: EngineApi
    folder: Path
    options: Options
    on_progress: Callable[[Progress], None]
    on_event: OnEvent | None
    cancel: threading.Event
    runs: list[Run] = field(default_factory=list)
    images: dict[Label, str] = field(default_factory=dict)
    errors: dict[Label, str] = field(default_factory=dict)
    not_measured: list[str] = field(default_factory=list)
    done: int = 0
    total: int = 0

    def run(self, sides: tuple[Side, Side], at: str) -> Comparison:
        for side in sides:
            self._check_image(side)
        check_disk(forecast_for(*sides, self.engine, self.api, self.options))
        self._say("Copying the files of both sides")
        copies = {s.label: materialise(s, self.folder / s.label) for s in sides if s.image is None}
        documents = {label: _document(copy) for label, copy in copies.items()}
        edits = self._edits(sides, copies, documents)
        bench = Bench(self.id, self.engine, copies, documents, edits, self.options.like, self.on_event)
        built: list[Label] = [label for label in LABELS if label in copies]
        tasks = schedule(built, self._scenarios(edits, built), self.options.runs)
        self.total = len(tasks) + len(LABELS)
        self.images |= {side.label: side.image for side in sides if side.image is not None}
        if tasks and not self.cancel.is_set():
            self._say("Fetching the base images")
            if not bench.warm_up(self.folder / "bases", self.cancel) and not self.cancel.is_set():
                self.not_measured.append(
                    "base images could not be fetched beforehand: the first cold build may hold a pull"
                )
        for task in tasks:
            if not self.cancel.is_set():
                self._build(bench, task)
        results = [self._side(side, copies.get(side.label)) for side in sides]
        return self._comparison(at, results[0], results[1], edits)

    def _check_image(self, side: Side) -> None:
        if side.image is None:
            return
        try:
            self.api.image(side.image)
        except EngineError as error:
            raise BadInput(
                "the engine has no such image", path=side.image, hint=f"docker pull {side.image}, or build it"
            ) from error

    def _comparison(self, at: str, before: SideResult, after: SideResult, edits: Edits) -> Comparison:
        rules = [proposal.rule for proposal in self.options.change.proposals]
        reasons = reasons_for(before, after, rules)
        return Comparison(
            id=self.id,
            at=at,
            before=before,
            after=after,
            scenarios=self.options.scenarios,
            runs=tuple(self.runs),
            conditions=conditions_of(self.engine, self.api, self.options.link),
            verdict=judge(reasons),
            reasons=reasons,
            change=self.options.change,
            edited=next((path for (_, purpose), path in edits.items() if purpose == "source"), None),
            manifests={side: path for (side, purpose), path in edits.items() if purpose == "dependency"},
            not_measured=tuple(self.not_measured),
            cancelled=self.cancel.is_set(),
        )

    def _edits(
        self, sides: Collection[Side], copies: Mapping[Label, Copy], documents: Mapping[Label, Document]
    ) -> Edits:
        """What the scenarios asked for will edit."""
        from wizard.inspection.git import change_counts

        edits: dict[tuple[Label, Purpose], str] = {}
        workspaces = [side.workspace for side in sides if side.workspace is not None]
        if "source" in self.options.scenarios and workspaces:
            source = choose_source_edit(copies, documents, lambda: change_counts(workspaces[-1]), self.options.like)
            edits |= {(side, "source"): source for side in copies if source is not None}
        if "dependency" in self.options.scenarios:
            manifests = choose_manifest_edits(copies, documents, self.options.like)
            edits |= {(side, "dependency"): path for side, path in manifests.items()}
        return edits

    def _scenarios(self, edits: Edits, built: Collection[Label]) -> tuple[Scenario, ...]:
        """Those that can be run; the others are noted as not measured."""
        if not built:
            self.not_measured.append("build times: both sides are images that were built already")
            return ()
        if len(built) < len(LABELS):
            self.not_measured.append("build times of the side that is an image already")
        found = {purpose for _, purpose in edits}
        missing = [name for name in self.options.scenarios if name in _NO_EDIT and name not in found]
        self.not_measured += [_NO_EDIT[name] for name in missing]
        return tuple(name for name in self.options.scenarios if name not in missing)

    def _build(self, bench: Bench, task: Task) -> None:
        if task.side in self.errors:
            self.done += 1
            return
        self._say(f"Building {task.side}: {task.purpose}, round {task.round} of {self.options.runs}")
        measured = bench.build(task, self.cancel)
        result = measured.result
        if result.outcome != "done" and not self.cancel.is_set():
            # An engine that is shut down in order ends its builds with words of their own.
            self.api.ping()
        if result.outcome == "failed":
            self.errors[task.side] = failure_of(result.trace)
        run = bench.run(task, measured)
        if task.purpose != "prepare":
            self.runs.append(run)
        if result.outcome == "done":
            self.images.setdefault(task.side, bench.tag(task.side, task.purpose, task.round))
        self.done += 1
        self._say(f"Built {task.side}: {task.purpose}", run)

    def _side(self, side: Side, copy: Copy | None) -> SideResult:
        found = SideResult(side.label, side.what, notes=copy.notes if copy else ())
        if copy is not None:
            from wizard.inspection.context.measure import measure_context

            context = measure_context(copy.workspace, copy.dockerfile)
            found = replace(found, context_files=context.files, context_bytes=context.bytes)
        image = self.images.get(side.label)
        if image is None:
            return replace(found, error=self.errors.get(side.label))
        inspected = self.api.image(image)
        config = config_of(inspected)
        found = replace(
            found,
            image=str(inspected["Id"]),
            size=size_of(self.api, image, inspected, self.engine.store),
            config=config,
            error=self.errors.get(side.label),
        )
        if self.cancel.is_set():
            return found
        self._say(f"Running {side.label}")
        labels = labels_of(self.id)
        found = replace(
            found,
            packages=packages_of(self.api, image, labels),
            libraries=self._libraries(found, image, config),
        )
        if copy is not None:
            document = _document(copy)
            shipped = target_of(document, self.options.like)
            base = base_image(document, shipped)
            found = replace(found, installs_line=installs_line(document, shipped), base=base)
        if not self.cancel.is_set():
            behaviour = observe(self.api, image, config, labels, self.options.limits, self.cancel)
            found = replace(found, behaviour=None if self.cancel.is_set() else behaviour)
        self.done += 1
        return found

    def _libraries(self, side: SideResult, image: str, config: ImageConfig) -> Libraries | None:
        if side.size is not None and side.size.unpacked > LARGEST:
            self.not_measured.append(f"libraries of {side.label}: the image is too large to read all its files")
            return None
        libraries = libraries_of(self.api, image, config, labels_of(self.id), self.cancel)
        if libraries is None and not self.cancel.is_set():
            self.not_measured.append(f"libraries of {side.label}: the engine did not give the image's files")
        return libraries

    def _say(self, message: str, run: Run | None = None) -> None:
        self.on_progress(Progress(message, self.done, self.total, run))


def _document(copy: Copy) -> Document:
    return parse(copy.workspace.read(copy.dockerfile), copy.dockerfile)
