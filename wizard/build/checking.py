"""The engine's own check of a planned Dockerfile: `docker buildx build --call=check`, from engine 27 on.

It is asked about the text alone: every image that the file names is stood in for by an empty folder, so that nothing is
looked up in a registry, and a `# syntax=` line is left out, because its image would have to be fetched. Its exit code
says nothing (1 for a mere warning, 0 for some parse errors): the answer is read from its JSON.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from wizard.dockerfile.document import Document
from wizard.dockerfile.expansion import expanded_base
from wizard.dockerfile.scanner import parse
from wizard.dockerfile.stages import base_stage, references, source_stage
from wizard.errors import because
from wizard.inspection.values import Engine
from wizard.plan.fold import Plan, make_plan
from wizard.rules.base import Refusal, Rule
from wizard.rules.registry import RULES

OLDEST_ENGINE, OLDEST_BUILDX = (27,), (0, 15)
PATIENCE = 60.0
"""Seconds that one check may take."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What the engine says of a Dockerfile."""

    warnings: frozenset[tuple[str, str]]
    """Rule and detail."""
    error: str | None
    """Why it would not build; None where it would be built."""


@dataclass(frozen=True)
class Checked:
    """A plan with what the engine objected to taken out."""

    plan: Plan
    dropped: tuple[Refusal, ...]
    said: str
    """For people: what was checked, or why nothing was."""


Check = Callable[[bytes], "Findings | str"]
"""What an engine finds in a Dockerfile, or why it was not asked or gave no answer."""


def checked(plan: Plan, engine: Engine | None, rules: Iterable[Rule] = RULES, check: Check | None = None) -> Checked:
    """The plan without the proposals in whose result the engine finds what it did not find before.

    `check` stands in for asking the engine. Nothing is dropped where it cannot say.
    """
    if engine is None:
        return Checked(plan, (), "Not checked by an engine: none answers.")
    missing = _cannot(engine)
    if missing is not None:
        return Checked(plan, (), f"Not checked by the engine: {missing}.")
    if plan.dockerfile not in plan.changes:
        return Checked(plan, (), "")
    ask = check or ask_engine
    before = ask(plan.workspace.read(plan.dockerfile))
    if isinstance(before, str) or before.error is not None:
        why = before if isinstance(before, str) else f"it refuses the file as it is ({before.error})"
        return Checked(plan, (), f"Not checked by engine {engine.version}: {why}.")
    dropped: list[Refusal] = []
    while not isinstance(whole := ask(plan.result.read(plan.dockerfile)), str):
        objection = _objection(plan, before, whole, ask)
        if objection is None:
            break
        dropped.append(objection)
        plan = _without(plan, objection.rule, rules)
    if isinstance(whole, str):
        return Checked(plan, tuple(dropped), f"Not checked by engine {engine.version}: {whole}.")
    left_out = " (without its # syntax= line)" if _document(plan).syntax() else ""
    return Checked(plan, tuple(dropped), f"Checked by engine {engine.version}{left_out}: no new findings.")


def _objection(plan: Plan, before: Findings, whole: Findings, ask: Check) -> Refusal | None:
    """The first selected proposal in whose result something new is found; None where the whole has nothing new."""
    if _new(before, whole) is None:
        return None
    for step in plan.selected:
        if plan.dockerfile not in step.files:
            continue
        found = ask(step.after.read(plan.dockerfile))
        new = None if isinstance(found, str) else _new(before, found)
        if new is not None:
            return Refusal(step.proposal.rule, f"the engine's own check objects: {new}", step.proposal.evidence)
    return None


def _new(before: Findings, after: Findings) -> str | None:
    if after.error is not None:
        return after.error
    return next((f"{detail} ({rule})" for rule, detail in sorted(after.warnings - before.warnings)), None)


def _without(plan: Plan, rule: str, rules: Iterable[Rule]) -> Plan:
    selection = replace(plan.selection, skip=plan.selection.skip | {rule}, toggled=plan.selection.toggled - {rule})
    return make_plan(plan.workspace, plan.inspection, selection, plan.settings, rules)


def _document(plan: Plan) -> Document:
    return parse(plan.result.read(plan.dockerfile), plan.dockerfile)


def _cannot(engine: Engine) -> str | None:
    """Why this engine cannot check; None where it can."""
    if _version(engine.version) < OLDEST_ENGINE:
        return f"engine {engine.version} has no check, 27 is the first that has"
    if engine.buildx is None or _version(engine.buildx) < OLDEST_BUILDX:
        return "that needs buildx 0.15 or later"
    return None


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text)[:2])


def ask_engine(source: bytes) -> Findings | str:
    """What the engine finds in a Dockerfile that we can read; else why it was not asked, or gave no answer.

    Never raises: whoever is about to write files has errors of their own to meet, on the same full disk.
    """
    document = parse(source)
    syntax = next((directive for directive in document.directives if directive.name == "syntax"), None)
    text = source if syntax is None else source[: syntax.span.start] + source[syntax.span.end :]
    try:
        with tempfile.TemporaryDirectory(prefix="dockwiz-", ignore_cleanup_errors=True) as folder:
            (Path(folder) / "context").mkdir()
            (Path(folder) / "Dockerfile").write_bytes(text)
            return _answer(Path(folder), _images(document))
    except OSError as error:
        return f"its copy of the file cannot be written: {because(error)}"


def _answer(folder: Path, images: Iterable[str]) -> Findings | str:
    """The engine's answer about `folder`/Dockerfile, every image stood in for by the empty `folder`/context."""
    empty = folder / "context"
    stand_ins = [f"--build-context={image}={empty}" for image in sorted(images)]
    command = ["docker", "buildx", "build", "--call=check,format=json", *stand_ins]
    try:
        done = subprocess.run(
            [*command, "-f", str(folder / "Dockerfile"), str(empty)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        answer = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return f"it gave no answer within {PATIENCE:.0f} s"
    except (OSError, ValueError):
        return "it gave no answer"
    if not isinstance(answer, dict):
        return "it gave no answer"
    warnings = answer.get("warnings") or ()
    error = answer.get("buildError")
    return Findings(
        frozenset((str(one.get("ruleName")), str(one.get("detail"))) for one in warnings),
        str(error.get("message")) if error else None,
    )


def _images(document: Document) -> set[str]:
    """The images that a file names, as far as its defaults tell."""
    found: set[str] = set()
    for stage in document.stages:
        base = expanded_base(document, stage)
        if base_stage(document, stage) is None and base not in (None, "", "scratch"):
            found.add(base or "")
        for instruction in stage.instructions:
            found |= {one for one in references(instruction) if source_stage(document, instruction, one) is None}
    return found
