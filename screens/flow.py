"""The order of things: which job follows which, and what each result makes of the session."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from screens.jobs import Failed, Finished, Jobs, Progressed
from screens.logstore import LogStore
from screens.looking import image_name, last_written, look
from screens.repo_note import repo_note
from screens.session import Page
from screens.views import sources
from screens.views.colours import Coloured, colour
from wizard.build.marks import OWN_TAG
from wizard.errors import DockwizError
from wizard.report.units import seconds
from wizard.rules.base import Proposal, Rule
from wizard.workspace import Workspace

if TYPE_CHECKING:
    from screens.app import DockwizApp
    from wizard.build.buildx import RunningBuild
    from wizard.build.checking import Checked
    from wizard.build.values import BuildTrace
    from wizard.compare.values import Progress
    from wizard.inspection.values import Inspection
    from wizard.plan.fold import Plan

STOP_SECONDS = 25.0
"""How long leaving waits for a build to stop: twice the builder's own grace, and a little."""
NOTICEABLE = 2.0
"""Seconds after which waiting is counted on the screen."""


class Flow:
    """Starts jobs and takes their results. Everything here but the jobs' own functions runs in the interface."""

    def __init__(self, app: DockwizApp, rules: tuple[Rule, ...] | None = None) -> None:
        self.app = app
        self.rules = rules
        self.jobs = Jobs(app.post_message)
        self.problems: dict[str, DockwizError] = {}
        """The last error of each kind of job."""
        self.candidates: tuple[str, ...] = ()
        """The Dockerfiles to choose from, where the person must say which one is meant."""
        self.dockerfile_rows: list[str] = []
        self.colours: dict[str, Coloured] = {}
        self.running: RunningBuild | None = None
        self.logs = LogStore()
        self.progress: Progress | None = None
        self.measuring_since = 0.0
        """Monotonic seconds."""
        self.forecast = ""
        """What measuring will take, in words."""
        self.tag = ""
        self._build_wanted = False
        self._apply_wanted = False
        self._stop_measuring = threading.Event()

    # Looking and planning

    def inspect(self) -> None:
        """Look at the repo as it is on disk now, and at the same time for an engine."""
        place = self.app.session.workspace
        # Without what a plan before this look saw in place of the files.
        session = self.app.session = replace(self.app.session, workspace=Workspace(place.root, place.context))
        self._start("inspect", lambda: look(session.workspace, session.dockerfile))
        self._start("git", lambda: repo_note(session.workspace.root))
        self._start("journal", lambda: last_written(session.workspace))

    @property
    def looking(self) -> bool:
        """The repo is being looked at, or a plan made for the first time."""
        session = self.app.session
        return (session.inspection is None or session.plan is None) and self.jobs.running("inspect", "plan")

    @property
    def asking(self) -> bool:
        """A plan is being made that may ask the network."""
        return self.app.session.settings.online and self.jobs.running("plan")

    def waited(self, job: str) -> str:
        """How long a job has kept the person waiting, in words; empty for the first seconds."""
        waited = self.jobs.seconds(job)
        return f"  {seconds(waited)}" if waited >= NOTICEABLE else ""

    def choose(self, dockerfile: str) -> None:
        """The person said which Dockerfile."""
        self.app.session = replace(self.app.session, dockerfile=dockerfile)
        self.inspect()

    def plan(self) -> None:
        """Make the plan for the present selection."""
        session = self.app.session
        found = session.inspection
        if found is None:
            return

        def work() -> Plan:
            from wizard.compare.libraries.remembered import remembered
            from wizard.plan.fold import make_plan
            from wizard.rules.registry import RULES
            from wizard.state import state_folder

            rules = self.rules if self.rules is not None else RULES
            proven = remembered(state_folder(session.workspace.root), found.dockerfile or "")
            settings = replace(session.settings, proven=proven)

            def make(inspection: Inspection) -> Plan:
                return make_plan(session.workspace, inspection, session.selection, settings, rules)

            if not session.settings.online:
                return make(found)
            from wizard.online.planning import plan_online

            return plan_online(make, found)

        self._start("plan", work)

    def toggle(self, proposal: Proposal) -> None:
        self._withdraw()
        self.app.session = self.app.session.toggle(proposal)
        self.plan()

    def select(self, rules: frozenset[str] | None) -> None:
        self._withdraw()
        self.app.session = self.app.session.select(rules)
        self.plan()

    def ask(self) -> None:
        """Let the rules ask that wait for the network, from now on."""
        session = self.app.session
        if session.plan is None or not session.plan.waiting or self.jobs.running("plan"):
            return
        self._withdraw()
        self.app.session = replace(session, settings=replace(session.settings, online=True))
        self.app.say("asking registries and package indexes")
        self.plan()

    def _withdraw(self) -> None:
        """Whoever goes on choosing has not yet agreed to what comes of it."""
        self._apply_wanted = self._build_wanted = False

    # Checking

    def check(self) -> None:
        """Ask the engine for its own check of the plan, as `dockwiz apply` does, once for each plan."""
        session = self.app.session
        plan, found = session.plan, session.inspection
        if plan is None or found is None or session.stale or session.check is not None:
            return
        if self.jobs.running("plan", "engine", "check", "apply", "undo"):
            return
        rules = self.rules

        def work() -> tuple[Plan, Checked]:
            from wizard.build.checking import checked
            from wizard.rules.registry import RULES

            return plan, checked(plan, found.engine, RULES if rules is None else rules)

        self._start("check", work)

    def _check_if_wanted(self) -> None:
        """A check is for a change that is being looked at or about to be written: it starts a process or two."""
        if self._apply_wanted or self.app.page_in_sight is Page.DIFF:
            self.check()

    def _after_check(self, value: tuple[Plan, Checked]) -> None:
        plan, check = value
        session = self.app.session
        if plan is not session.plan or session.stale:
            self._check_if_wanted()
            return
        self.app.session = session.checked(check)
        if check.dropped and self._apply_wanted:
            # Nobody has seen the diff without it.
            self._withdraw()
            self.app.open_page(Page.DIFF)
        elif self._apply_wanted:
            self._apply_wanted = False
            self.apply(then_build=self._build_wanted)

    # Writing and building

    def apply(self, *, then_build: bool) -> None:
        """Write the plan (taking an earlier one back first), then build where asked for."""
        session = self.app.session
        plan = session.plan
        if self.jobs.running("undo"):
            return
        self._build_wanted = then_build
        if plan is None or session.stale or self.jobs.running("plan", "apply"):
            self._apply_wanted = True
            return
        if not session.pending:
            self._start_build()
            return
        if session.check is None:
            self._apply_wanted = True
            self.check()
            return
        taken_back = bool(session.applied)

        def work() -> Mapping[str, bytes | None]:
            from wizard.plan.apply import apply, undo
            from wizard.state import state_folder

            state = state_folder(session.workspace.root)
            if taken_back:
                undo(Workspace(session.workspace.root, session.workspace.context), state)
            apply(plan, state)
            return plan.changes

        self._start("apply", work)

    def undo(self) -> None:
        """Put the files back as they were."""
        session = self.app.session

        def work() -> Any:
            from wizard.plan.apply import undo
            from wizard.state import state_folder

            return undo(
                Workspace(session.workspace.root, session.workspace.context), state_folder(session.workspace.root)
            )

        self._start("undo", work)

    def find_engine(self) -> None:
        """Look for an engine again."""

        def work() -> Any:
            from wizard.build.engines import find_engine

            return find_engine()

        self._start("engine", work)

    def build(self) -> None:
        """Build what is on disk now."""
        self._build_wanted = True
        self._start_build()

    def _start_build(self) -> None:
        session = self.app.session
        if not self._build_wanted or session.inspection is None or self.building:
            return
        engine = session.inspection.engine
        if engine is None:
            if not self.jobs.running("engine"):
                self.find_engine()
            return
        self._build_wanted = False
        root, context = session.workspace.root, session.workspace.context
        dockerfile = session.inspection.dockerfile or "Dockerfile"
        self.tag = f"{image_name(session.name)}:{OWN_TAG}"
        tag = self.tag
        logs = self.logs = LogStore()

        def work() -> RunningBuild:
            from wizard.build.buildx import start
            from wizard.build.marks import BUILD_LABELS
            from wizard.build.request import BuildRequest
            from wizard.build.stored import new_log
            from wizard.state import state_folder

            request = BuildRequest(
                root / context, root / dockerfile, tag=tag, labels=BUILD_LABELS, load=engine.driver != "docker"
            )
            return start(request, engine, new_log(state_folder(root)))

        def follow(running: RunningBuild) -> Any:
            from wizard.history.measurements import of_build
            from wizard.history.store import record
            from wizard.state import state_folder

            for event in running.events():
                logs.feed(event)
            result = running.wait()
            record(state_folder(root), of_build(result, engine, root, dockerfile))
            return result

        self._follow = follow
        self.app.session = replace(session, build=None)
        self._start("start", work)

    @property
    def building(self) -> bool:
        """A build runs or is about to."""
        return self.running is not None or self.jobs.running("start", "build")

    @property
    def measuring(self) -> bool:
        return self.jobs.running("measure")

    @property
    def trace(self) -> BuildTrace | None:
        """The build as it stands, or as it ended."""
        if self.running is not None:
            return self.running.snapshot()
        result = self.app.session.build
        return result.trace if result is not None else None

    def measure(self) -> None:
        """Build before and after in every scenario, and compare."""
        from screens.measuring import measure

        session = self.app.session
        self._stop_measuring = threading.Event()
        stop = self._stop_measuring

        def tell(progress: Progress) -> None:
            self.app.post_message(Progressed(progress))

        self.progress = None
        self.measuring_since = time.monotonic()
        self._start("measure", lambda: measure(session, tell, stop))

    def cancel(self) -> bool:
        """Stop what takes long: the build, else the measuring. False where neither runs."""
        if self.running is not None:
            self.running.cancel()
            return True
        if self.measuring:
            self._stop_measuring.set()
            return True
        return False

    def stop(self) -> None:
        """After the interface is gone: nothing of ours stays running."""
        if self.running is not None:
            self.running.cancel()
        self._stop_measuring.set()
        for job in ("build", "measure"):
            self.jobs.join(job, STOP_SECONDS)

    # Results

    def _start(self, job: str, work: Any) -> None:
        self.problems.pop(job, None)
        if job in ("apply", "start", "engine"):
            self.problems.pop("build", None)
        self.jobs.start(job, work)
        self.app.update_screen()

    def failed(self, message: Failed) -> None:
        """A job ended in an error for people: it is kept for the page that it concerns."""
        if not self.jobs.receive(message):
            return
        session = self.app.session
        if message.job == "engine":
            self.app.session = session.found_engine(None, str(message.error))
            if self._build_wanted:
                self.problems["build"] = message.error
        else:
            self.problems["build" if message.job == "start" else message.job] = message.error
        if message.job in ("inspect", "plan", "check", "apply", "start", "build"):
            self._withdraw()
        if message.job == "engine":
            if not self._apply_wanted:
                self._withdraw()
            self._check_if_wanted()
        if message.job == "build":
            self.running = None
        if message.job == "apply":
            self.problems["build"] = message.error
        self.app.update_screen()

    def finished(self, message: Finished) -> None:
        """A job's value becomes part of the session, and the next job begins."""
        if not self.jobs.receive(message):
            return
        getattr(self, f"_after_{message.job}")(message.value)
        self.app.update_screen()

    def _after_git(self, note: str) -> None:
        self.app.repo_note = note

    def _after_journal(self, files: tuple[str, ...]) -> None:
        self.app.session = replace(self.app.session, earlier=files)

    def _after_inspect(self, value: Any) -> None:
        if isinstance(value, tuple) and isinstance(value[0], str):
            self.candidates = value
            return
        found, seconds, text = value
        session = self.app.session.inspected(found, seconds)
        self.app.session = replace(session, dockerfile=found.dockerfile)
        self.dockerfile_rows = sources.source_rows(text)
        self.find_engine()
        self.plan()
        path = found.dockerfile
        masked = "\n".join(self.dockerfile_rows)
        self._start("colours", lambda: {f"old:{path}": colour(masked, path)})

    def _after_colours(self, value: Mapping[str, Coloured | None]) -> None:
        self.colours.update({key: lines for key, lines in value.items() if lines is not None})

    def _after_plan(self, plan: Plan) -> None:
        self.app.session = self.app.session.planned(plan)
        texts = {
            f"{side}:{path}": (path, "\n".join(sources.source_rows(content.decode("utf-8", "replace"))))
            for side, contents in (("old", plan.originals), ("new", plan.changes))
            for path, content in contents.items()
            if content is not None
        }
        self._start("colours", lambda: {key: colour(text, path) for key, (path, text) in texts.items()})
        if self._apply_wanted:
            self._apply_wanted = False
            self.apply(then_build=self._build_wanted)
        else:
            self._check_if_wanted()

    def _after_engine(self, engine: Any) -> None:
        self.app.session = self.app.session.found_engine(engine, None)
        self._check_if_wanted()
        self._start_build()

    def _after_apply(self, changes: Mapping[str, bytes | None]) -> None:
        self.app.session = self.app.session.wrote(changes)
        undo = "u undoes it" if self.app.page_in_sight is Page.DIFF else "undo: 3, then u"
        self.app.say(f"wrote {', '.join(changes)}; {undo}")
        self._start_build()
        self.plan()

    def _after_undo(self, undone: Any) -> None:
        session = self.app.session
        self.app.say(f"put back: {', '.join(undone.files) or 'nothing'}")
        self.app.session = session.put_back()
        if session.applied:
            self._start("journal", lambda: last_written(session.workspace))
            return
        # What was written before the last look is gone: everything found since was about other files.
        self.inspect()

    def _after_start(self, running: RunningBuild) -> None:
        self.running = running
        self.jobs.start("build", lambda: self._follow(running))

    def _after_build(self, result: Any) -> None:
        self.running = None
        session = replace(self.app.session, build=result)
        if result.outcome == "done":
            from screens.measuring import expected

            session = session.reach(Page.REPORT)
            self.jobs.start("forecast", lambda: expected(session))
        self.app.session = session

    def _after_forecast(self, words: str) -> None:
        self.forecast = words

    def _after_measure(self, comparison: Any) -> None:
        self.app.session = replace(self.app.session, comparison=comparison)
