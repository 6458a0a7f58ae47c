"""One build, run and measured."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from wizard.build.buildx import BuildResult, start
from wizard.build.events import BuildEvent
from wizard.build.logs import plain
from wizard.build.request import BuildRequest
from wizard.build.values import BuildTrace, StepTrace
from wizard.compare.downloads import TorchDownloads
from wizard.compare.values import Label, Outcome, Run, Scenario, StageTime
from wizard.dockerfile.document import Document
from wizard.errors import NoEngine
from wizard.inspection.values import Engine

OnEvent = Callable[[BuildEvent | str], None]
_SHOWN = 100
"""Characters of a step's instruction that are kept."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a build gave."""

    result: BuildResult
    torch_bytes: int | None


def build(request: BuildRequest, engine: Engine, cancel: threading.Event, on_event: OnEvent | None = None) -> Measured:
    """Build and wait; `cancel` ends it. Nothing is left running.

    Raises what `wizard.build.buildx.start` raises, and NoEngine where the engine goes away: that is no failure of the
    Dockerfile.
    """
    downloads = TorchDownloads()
    ended = threading.Event()
    with start(request, engine) as running:

        def watch() -> None:
            while not ended.is_set():
                if cancel.wait(0.1):
                    running.cancel()
                    return

        watcher = threading.Thread(target=watch, name="dockwiz-watch", daemon=True)
        watcher.start()
        try:
            for event in running.events():
                downloads.feed(event)
                if on_event is not None:
                    on_event(event)
            result = running.wait()
        finally:
            ended.set()
            watcher.join()
    if result.engine_lost:
        raise NoEngine("the Docker engine stopped answering during a build")
    return Measured(result, downloads.bytes)


def run_of(side: Label, scenario: Scenario, number: int, measured: Measured, document: Document | None) -> Run:
    """The measurement. Commands come from the Dockerfile, never from BuildKit, which prints the values of arguments."""
    result = measured.result
    trace = result.trace
    outcomes: dict[str, Outcome] = {"done": "done", "cancelled": "cancelled"}
    return Run(
        side=side,
        scenario=scenario,
        round=number,
        outcome=outcomes.get(result.outcome, "failed"),
        seconds=result.seconds,
        steps_total=trace.steps_total,
        steps_cached=trace.steps_cached,
        stages=_stage_times(trace, document),
        export_seconds=trace.export_seconds,
        executed=tuple(_shown(step, document) for step in trace.steps if step.state in ("done", "failed")),
        torch_bytes=measured.torch_bytes,
        error=failure_of(trace) if result.outcome == "failed" else None,
    )


def _stage_times(trace: BuildTrace, document: Document | None) -> tuple[StageTime, ...]:
    """The stages of this file: a step shared with a build that runs beside ours may carry the name of its stage."""
    own = None if document is None else {stage.buildkit_name for stage in document.stages}
    stages = (stage for stage in trace.stages if own is None or stage.name in own)
    return tuple(StageTime(stage.name, stage.seconds, stage.critical_seconds) for stage in stages)


def failure_of(trace: BuildTrace) -> str:
    """Why a build failed, in one line: the builder's words, and the last ones of the step."""
    error = trace.error
    if error is None:
        return "the build failed"
    where = f"line {error.line}: " if error.line is not None else ""
    message = error.message.strip().splitlines() or ["the build failed"]
    said = [line for line in (plain(text).strip() for text in error.log) if line]
    return f"{where}{message[0]}" + (f" ({said[-1][:_SHOWN]})" if said else "")


def _shown(step: StepTrace, document: Document | None) -> str:
    instructions = document.instructions if document is not None and step.line is not None else ()
    found = next((i for i in instructions if step.line is not None and i.start_line <= step.line <= i.end_line), None)
    if found is None:
        return step.label
    text = " ".join(f"{found.keyword} {found.argument}".split())
    return f"{step.label}: {text if len(text) <= _SHOWN else text[: _SHOWN - 1] + '…'}"
