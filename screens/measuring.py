"""The comparison that the Report page asks for: the repo as it was, and as the plan makes it. Runs in a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from screens.session import Session
from wizard.errors import NoEngine

if TYPE_CHECKING:
    from wizard.build.api import EngineApi
    from wizard.compare.forecast import Known
    from wizard.compare.session import Options
    from wizard.compare.sides import Side
    from wizard.compare.values import Comparison, Progress
    from wizard.inspection.values import Engine


def measure(session: Session, on_progress: Callable[[Progress], None], cancel: threading.Event) -> Comparison:
    """Build and run both sides, and keep what was found for `dockwiz report` and `dockwiz history`.

    Raises NoEngine where there is none, BadInput where the disk will not do.
    """
    from wizard.build.engines import connect
    from wizard.compare.last import save_last
    from wizard.compare.libraries.remembered import remember
    from wizard.compare.session import compare
    from wizard.history.measurements import of_comparison
    from wizard.history.store import record
    from wizard.state import state_folder

    engine = session.inspection.engine if session.inspection is not None else None
    if engine is None:
        raise NoEngine("nothing can be measured without a Docker engine", hint="`dockwiz doctor` says what is missing")
    state = state_folder(session.workspace.root)
    before, after, options = _sides(session)
    comparison = compare(before, after, engine, connect(), state, options, on_progress=on_progress, cancel=cancel)
    save_last(comparison, state, session.workspace.context, after.dockerfile or "Dockerfile")
    remember(comparison, state, after.dockerfile or "Dockerfile")
    # A convenience: what keeps it from being kept is said by `dockwiz history`.
    record(state, of_comparison(comparison, session.workspace.root, after.dockerfile or "Dockerfile"))
    return comparison


def expected(session: Session) -> str:
    """What `measure` will take, in words; empty without an engine. Walks the build context: call it from a thread."""
    from wizard.build.engines import connect
    from wizard.compare.session import forecast_for

    engine = session.inspection.engine if session.inspection is not None else None
    if engine is None or session.plan is None:
        return ""
    api = connect()
    before, after, options = _sides(session)
    options = replace(options, known=_known(session, engine, api, session.plan.dockerfile))
    return forecast_for(before, after, engine, api, options).in_words()


def _known(session: Session, engine: Engine, api: EngineApi, dockerfile: str) -> Known:
    """What the history knows of this Dockerfile, and the build that has just ended."""
    from wizard.compare.sizes import image_bytes
    from wizard.history.measurements import known
    from wizard.history.store import entries
    from wizard.state import state_folder

    earlier = known(entries(state_folder(session.workspace.root)), dockerfile)
    build = session.build
    if build is None or build.outcome != "done":
        return earlier
    size = image_bytes(api, engine.store, build.image_id) if build.image_id is not None else None
    images = earlier.image_bytes if size is None else {**earlier.image_bytes, "after": size}
    # One that came from the cache says nothing of a cold build.
    cold = build.seconds if build.trace.steps_cached == 0 else None
    return replace(earlier, cold_seconds=earlier.cold_seconds or cold, image_bytes=images)


def _sides(session: Session) -> tuple[Side, Side, Options]:
    from wizard.compare.change import change_of_plan
    from wizard.compare.session import Options
    from wizard.compare.sides import side_of_workspace
    from wizard.compare.sizes import saved_bytes

    plan = session.plan
    assert plan is not None, "the Report page comes after the plan"
    before = side_of_workspace("before", "before the proposals", session.pinned(), plan.dockerfile)
    after = side_of_workspace("after", "with the proposals", plan.result, plan.dockerfile)
    change = replace(change_of_plan(plan), undo=bool(session.applied))
    return before, after, Options(change=change, saved_bytes=saved_bytes(plan))
