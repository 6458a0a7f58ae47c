"""One Dockerfile of the corpus through our plan with every proposal taken, and what has to hold of the result."""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.corpus.buildkit import Verdict, check
from tests.corpus.early_copy import installs_after_its_sources
from tests.corpus.entries import Entry
from wizard.dockerfile.scanner import parse
from wizard.dockerfile.shell import parse_run
from wizard.errors import DockwizError
from wizard.inspection import inspect
from wizard.inspection.context.measure import ignore_file
from wizard.plan.fold import Plan, make_plan
from wizard.plan.selection import Selection
from wizard.workspace import Workspace

_ECOSYSTEMS = {
    "Python": r"python|pip[0-9.]*\s+install|\buv\s|poetry|conda|jupyter|pytorch",
    "Node": r"\bnode\b|\bnpm\b|\byarn\b|\bpnpm\b|\bbun\b",
    "Go": r"golang|\bgo\s+(?:build|mod|install)\b",
    "Rust": r"\brust\b|\bcargo\b",
    "Java": r"openjdk|\bjdk|\bjre|maven|\bmvn\b|gradle|temurin|\bjava\b",
    ".NET": r"dotnet",
    "PHP": r"\bphp|composer",
    "Ruby": r"\bruby\b|\bbundle\b|\bgem\s",
}


@dataclass
class Result:
    """What became of one Dockerfile."""

    entry: Entry
    ecosystem: str = "other"
    seconds: float = 0.0
    """Of the inspection and the plan."""
    bad_input: str | None = None
    """One clear error of ours: not a Dockerfile that BuildKit accepts."""
    crash: str | None = None
    proposals: tuple[str, ...] = ()
    refusals: tuple[tuple[str, str], ...] = ()
    """Rule and reason."""
    diff: str = ""
    second_run: str | None = None
    """What a second run would still change or select."""
    runs: int = 0
    opaque: tuple[str, ...] = ()
    """Why a RUN was not read, one each."""
    early_copy: int | None = None
    """The instruction that installs below a copy of the sources, found without our own reading."""
    before: Verdict | None = None
    after: Verdict | None = None
    """BuildKit's check of the file and of our result; None where it was not asked."""
    new_warnings: Mapping[str, int] = field(default_factory=dict)

    @property
    def silent_on_early_copy(self) -> bool:
        """The sources come before an install, and dependency-layer neither moves them nor says why not."""
        answered = {*self.proposals, *(rule for rule, _ in self.refusals)}
        return self.early_copy is not None and self.bad_input is None and "dependency-layer" not in answered

    @property
    def misread(self) -> bool:
        """We refuse the file, and BuildKit accepts it."""
        return bool(self.bad_input and self.before and self.before.refused is None)

    @property
    def broken(self) -> bool:
        """BuildKit accepted the file and refuses our result."""
        return bool(self.before and self.after and self.before.refused is None and self.after.refused is not None)


def examine(entry: Entry, checkouts: Path, env: Mapping[str, str] | None) -> Result:
    """Plan with all proposals in memory, plan again on the result, and ask the engine of `env` about both."""
    result = Result(entry)
    workspace = Workspace(checkouts / entry.checkout, entry.context)
    try:
        source = workspace.read(entry.path)
        _read(result, source, workspace.root / entry.context)
        start = time.perf_counter()
        plan = _plan(workspace, entry)
        result.seconds = time.perf_counter() - start
        _note(result, plan)
        result.second_run = _changes_again(_plan(plan.result, entry))
        if env is not None:
            _ask_buildkit(result, plan, env)
    except DockwizError as error:
        result.bad_input = str(error)
        if env is not None and workspace.is_file(entry.path):
            result.before = check(workspace.read(entry.path), None, env)
    except Exception:
        result.crash = traceback.format_exc()
    return result


def _read(result: Result, source: bytes, context: Path) -> None:
    text = source.decode("utf-8", "replace")
    result.ecosystem = next((name for name, pattern in _ECOSYSTEMS.items() if re.search(pattern, text)), "other")
    result.early_copy = installs_after_its_sources(text, context)
    document = parse(source, result.entry.path)
    scripts = [parse_run(document, item) for item in document.instructions if item.keyword == "RUN"]
    result.runs = len(scripts)
    result.opaque = tuple(script.opaque for script in scripts if script.opaque is not None)


def _plan(workspace: Workspace, entry: Entry) -> Plan:
    return make_plan(workspace, inspect(workspace, entry.path, with_history=False), Selection(all=True))


def _note(result: Result, plan: Plan) -> None:
    result.proposals = tuple(step.proposal.rule for step in plan.steps)
    result.refusals = tuple((refusal.rule, refusal.because) for refusal in plan.refusals)
    result.diff = plan.diff


def _changes_again(plan: Plan) -> str | None:
    """What a second run would do; advice without edits does not count."""
    again = [step.proposal.rule for step in plan.selected if step.proposal.edits]
    return f"{', '.join(again)}\n{plan.diff}" if again or plan.diff else None


def _ask_buildkit(result: Result, plan: Plan, env: Mapping[str, str]) -> None:
    result.before = result.after = _check(plan.workspace, plan.dockerfile, env)
    if plan.changes:
        result.after = _check(plan.result, plan.dockerfile, env)
    result.new_warnings = {
        rule: count - result.before.warnings.get(rule, 0)
        for rule, count in result.after.warnings.items()
        if count > result.before.warnings.get(rule, 0)
    }


def _check(workspace: Workspace, dockerfile: str, env: Mapping[str, str]) -> Verdict:
    ignored = ignore_file(workspace, dockerfile)
    return check(workspace.read(dockerfile), workspace.read(ignored) if ignored else None, env)
