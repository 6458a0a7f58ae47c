"""Which steps get a variable as a build secret, and why a variable has to stay."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wizard.dockerfile.document import Document, Instruction
from wizard.dockerfile.stages import mount_options
from wizard.dockerfile.started import starting
from wizard.inspection.places import line_at
from wizard.inspection.secrets.leftovers import kept_in_a_file
from wizard.inspection.secrets.run_time import calls_manager, reader_of, settings_that_name
from wizard.inspection.secrets.variables import Variable, names, passes_on, steps_that_may_use, text_of
from wizard.inspection.shipped import shipped_stages
from wizard.inspection.values import Caller
from wizard.workspace import Workspace

_AT_START = (
    "Give it to the container when it starts (`docker run -e {name}`, `environment:` in compose), and take it out here."
)


def steps_for(
    workspace: Workspace, document: Document, variable: Variable, callers: Sequence[Caller]
) -> tuple[Instruction, ...] | str:
    """The RUN instructions that need the secret; or why no build secret can take its place, with the way out."""
    name = variable.name
    shipped = {stage.index for stage in shipped_stages(document, callers)}
    because = _used_elsewhere(document, variable) or _at_run_time(workspace, document, callers, variable)
    if because is not None:
        return because
    steps = steps_that_may_use(document, name)
    if not steps:
        return f"No step that could read {name} is seen: take it out, with whatever hands it over."
    for step in steps:
        if any(mount_options(flag.value or "").get("id") == name for flag in step.flags if flag.name == "mount"):
            line = line_at(step.start_line).capitalize()
            return f"{line} mounts a secret {name} already: take the ARG or ENV out, with whatever hands it over."
        stage = document.stage_of(step)
        kept = kept_in_a_file(document, step, name) if stage is not None and stage.index in shipped else None
        if kept is not None:
            return (
                f"{line_at(step.start_line).capitalize()}: {kept}, which stays in the layer. Write, use and remove it "
                "in one step, or mount the file itself: `RUN --mount=type=secret,id=…,target=…`."
            )
    return steps


def _used_elsewhere(document: Document, variable: Variable) -> str | None:
    """An instruction that no secret can be mounted for."""
    name = variable.name
    declared = {one.instruction.index for one in variable.declarations}
    for one in variable.declarations:
        value = one.pair.value
        if value is not None and "$" in value and not passes_on(name, value):
            line = line_at(one.instruction.start_line).capitalize()
            return f"{line} makes {name} of another variable: hand over the whole value as the secret."
    for instruction in document.instructions:
        if not _uses(document, instruction, name):
            continue
        if instruction.index in declared and not _others_use(instruction, variable):
            continue
        started = instruction.keyword in ("CMD", "ENTRYPOINT", "HEALTHCHECK")
        out = (
            _AT_START.format(name=name)
            if started
            else "A secret can be mounted for RUN alone: fetch or write it there."
        )
        return f"{line_at(instruction.start_line).capitalize()} uses {name} in {instruction.keyword}. {out}"
    return None


def _uses(document: Document, instruction: Instruction, name: str) -> bool:
    """Whether an instruction that is no RUN of its own stage names the variable's value."""
    text = text_of(document, instruction)
    if instruction.trigger is not None:
        return names(text, name)
    return instruction.keyword != "RUN" and re.search(rf"\$(?:{name}\b|\{{{name}\b)", text) is not None


def _others_use(instruction: Instruction, variable: Variable) -> bool:
    """Whether another pair of a declaration uses the variable."""
    own = [one.pair.word.text for one in variable.declarations if one.instruction is instruction]
    rest = instruction.argument
    for text in own:
        rest = rest.replace(text, "", 1)
    return names(rest, variable.name)


def _at_run_time(workspace: Workspace, document: Document, callers: Sequence[Caller], variable: Variable) -> str | None:
    """Why a container may need the variable. What only a stage has that is thrown away, none does."""
    name = variable.name
    shipped = {stage.index for stage in shipped_stages(document, callers)}
    stages = [document.stage_of(one.instruction) for one in variable.in_environment]
    if not any(stage is not None and stage.index in shipped for stage in stages):
        return None
    out = _AT_START.format(name=name)
    reader = reader_of(workspace, document, callers, name)
    if reader is not None:
        return f"{reader[0].upper()}{reader[1:]}. {out}"
    settings = settings_that_name(workspace, name)
    if settings is not None and any(
        calls_manager(instruction.argument)
        for stage in document.stages
        if stage.index in shipped
        for instruction in starting(document, stage)
    ):
        return (
            f"What starts the service reads {settings}, which names {name}. Start the program itself, then ask again."
        )
    if settings is None and not any(
        names(text_of(document, step), name) for step in document.instructions if step.keyword == "RUN"
    ):
        return f"Nothing seen needs {name} in the build, so the service may read it. {out}"
    return None
