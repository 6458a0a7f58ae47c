"""Start the service itself instead of a shell that starts it.

What it does
: Writes a CMD or ENTRYPOINT in shell form as the JSON list of its words, where the shell does nothing but start them.
  A leading `exec` goes.

Why
: The shell form starts `/bin/sh -c`. Unless that shell gives its place to the program, it is process 1: it keeps the
  signals of `docker stop` to itself, and the container is killed after ten seconds with its requests unanswered.

When it is safe
: One command without variables, patterns, pipes, redirections, assignments or built-ins, in the image's own `sh`. The
  program is one of the image by its name, or a script of the repo with a `#!` line (without one only a shell can run
  it); one that a step or a COPY may have written waits for a review. A CMD is started as it is: there is no ENTRYPOINT,
  or one that is known to start its arguments unchanged. What an ENTRYPOINT in shell form ignores, the JSON form would
  pass on: it stays where there is a CMD, or a compose file gives a command; else it waits for a review, because only
  its users know what they give to `docker run` (a manifest, script or pipeline that may give arguments is named). So
  does code that asks for PWD, which a shell sets. HEALTHCHECK stays.

Source
: docs.docker.com, Dockerfile reference, "Shell and exec form" and "Understand how CMD and ENTRYPOINT interact".
"""

from __future__ import annotations

import json
import posixpath
import re
from typing import Final, NamedTuple

from wizard.assets import knowledge
from wizard.dockerfile.document import Document, Instruction, Span, Stage
from wizard.dockerfile.editing import Edit, splice
from wizard.dockerfile.expansion import expanded_base
from wizard.dockerfile.script import ShellWord
from wizard.dockerfile.stages import base_image, lineage
from wizard.dockerfile.started import starting
from wizard.dockerfile.state import environment, search_path
from wizard.inspection.callers.commands import given_by_compose, given_commands
from wizard.inspection.callers.find import kind_of
from wizard.inspection.copies.placed import context_copies, context_path
from wizard.inspection.files import list_files, read_head, read_text
from wizard.inspection.image_names import name_parts
from wizard.inspection.places import line_at, place_at
from wizard.inspection.plain_commands import plain_command
from wizard.inspection.written_programs import writer_of
from wizard.rules.base import Category, Proposal, Refusal, View, evidence_at
from wizard.wording import listed
from wizard.workspace import OutsideRoot

ID = "exec-form-cmd"
TITLE = "Start the service itself instead of a shell that starts it"
CATEGORY: Category = "secure"

_CODE: Final = (".py", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".rb", ".php", ".pl", ".go", ".rs", ".java", ".kt")
_PWD: Final = re.compile(r"[\"'`]PWD[\"'`]|\benv\.PWD\b|\{PWD\}")
_ARGUMENTS: Final = ("args", "dockerCommand", "run", "create")
"""What gives arguments to an ENTRYPOINT; the others replace it, or start a program beside it."""
_BIN: Final = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


class _Form(NamedTuple):
    """An instruction that can be written as JSON."""

    instruction: Instruction
    words: tuple[ShellWord, ...]
    doubts: tuple[str, ...]
    """What only a person can tell; sentences."""


def propose(view: View) -> Proposal | Refusal | None:
    """The JSON form for every CMD and ENTRYPOINT whose shell does nothing."""
    document = view.document
    forms: list[_Form] = []
    left: list[tuple[Instruction, str]] = []
    for instruction in document.instructions:
        if instruction.keyword not in ("CMD", "ENTRYPOINT") or instruction.json is not None:
            continue
        stages = [stage for stage in document.stages if instruction in starting(document, stage)]
        if not stages or all(_is_ignored(document, stage, instruction) for stage in stages):
            continue
        outcome = _form(view, instruction, stages)
        if isinstance(outcome, _Form):
            forms.append(outcome)
        else:
            left.append((instruction, outcome))
    if not forms:
        if not left:
            return None
        instruction, because = left[0]
        return Refusal(ID, f"{line_at(instruction.start_line)}: {because}", (evidence_at(view, instruction),))
    result = splice(document, [edit for form in forms for edit in _edits(form)])
    doubts = list(dict.fromkeys([*(doubt for form in forms for doubt in form.doubts), *_reads_pwd(view)]))
    kept = [f"{line_at(one.start_line).capitalize()} is left as it is: {because}." for one, because in left]
    places = listed([line_at(form.instruction.start_line) for form in forms])
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="review" if doubts else "safe",
        why=f"A shell that does nothing else starts the command of {places}, and may keep the signals of `docker stop` "
        "from it.",
        evidence=tuple(evidence_at(view, form.instruction) for form in forms),
        edits={view.dockerfile: result.source},
        planned=result.planned,
        risk=" ".join(
            [
                *doubts,
                "The program takes the place of the shell: signals reach it, and no shell collects the processes that "
                "it leaves behind (`docker run --init` does).",
                *kept,
            ]
        ),
    )


def _is_ignored(document: Document, stage: Stage, instruction: Instruction) -> bool:
    """Whether it is a CMD beside an ENTRYPOINT in shell form, which takes no arguments."""
    entrypoint = _entrypoint(document, stage)
    return instruction.keyword == "CMD" and entrypoint is not None and entrypoint.json is None


def _entrypoint(document: Document, stage: Stage) -> Instruction | None:
    return next((one for one in starting(document, stage) if one.keyword == "ENTRYPOINT"), None)


def _form(view: View, instruction: Instruction, stages: list[Stage]) -> _Form | str:
    """What can be written, or why it stays in shell form."""
    words = plain_command(view.document, instruction)
    if isinstance(words, str):
        return words
    doubts: list[str] = []
    for stage in stages:
        refused, doubt = _program(view, stage, words[0].value or "")
        if refused is None and instruction.keyword == "ENTRYPOINT":
            refused = _takes_arguments(view, stage)
        if refused is not None:
            return refused
        doubts.append(doubt)
        doubts.append(
            "Arguments that are given to `docker run` reach the program then; the shell form ignores them."
            + _may_be_given(view)
            if instruction.keyword == "ENTRYPOINT"
            else _starter(view.document, stage)
        )
    return _Form(instruction, words, tuple(filter(None, doubts)))


def _takes_arguments(view: View, stage: Stage) -> str | None:
    """What the JSON form of an ENTRYPOINT would be given, and its shell form ignores."""
    cmd = next((one for one in starting(view.document, stage) if one.keyword == "CMD" and one.json != ()), None)
    if cmd is not None:
        return f"as JSON it would be given the CMD of {line_at(cmd.start_line)}, which the shell form ignores"
    for given in given_by_compose(view.workspace, view.inspection.callers, view.dockerfile):
        if given.key == "command":
            return f"as JSON it would be given the command of {given.evidence.path}, which the shell form ignores"
    return None


def _may_be_given(view: View) -> str:
    """The sentence on a container that something outside starts with arguments, as far as that can be told."""
    for given in given_commands(view.workspace, view.inspection.callers, list_files(view.workspace)):
        place = given.evidence
        if given.key in _ARGUMENTS and " " in given.text and kind_of(place.path) != "compose":
            return f" {place_at(place.path, place.line)} may give some."
    return ""


def _starter(document: Document, stage: Stage) -> str:
    """Why it is not known whether a CMD is started as it is; "" where it is."""
    table = knowledge("entrypoints")
    entrypoint = _entrypoint(document, stage)
    if entrypoint is not None:
        words = entrypoint.json or ()
        init = not words or posixpath.basename(words[0]) in table["init"]["names"]
        if init and all(word in table["init"]["options"] for word in words[1:]):
            return ""
        return f"What the ENTRYPOINT of {line_at(entrypoint.start_line)} makes of another command is not known."
    image = base_image(document, stage)
    name = name_parts(image)[0]
    known = (*table["none"]["match"], *table["passes"]["match"])
    if expanded_base(document, lineage(document, stage)[0]) == "scratch" or any(re.fullmatch(k, name) for k in known):
        return ""
    return f"Whether {image} has an ENTRYPOINT that makes something of the command is not known."


def _program(view: View, stage: Stage, name: str) -> tuple[str | None, str]:
    """Why only a shell may run the program, and why that is not known ("" where it is)."""
    folders = (*search_path(view.document, stage), *_BIN)
    absolute = environment(view.document, stage).absolute(name)
    places = [absolute] if "/" in name else [f"{folder}/{name}" for folder in folders]
    copies = tuple(copy for one in lineage(view.document, stage) for copy in context_copies(view.document, one))
    seen = -1
    for place in places:
        found = context_path(view.workspace, copies, place) if place else None
        if found is not None:
            if not _starts_itself(view, found[0]):
                return f"{found[0]} has no #! line, and only a shell runs it without one", ""
            seen = found[1].instruction.index
            break
    last = posixpath.basename(name)
    writer = writer_of(view.workspace, view.document, stage, last, [place for place in places if place], seen)
    of_the_image = "/" not in name or posixpath.dirname(absolute or name) in folders
    if writer is None and (of_the_image or seen >= 0):
        return None, ""
    where = f", which {line_at(writer.start_line)} may write," if writer is not None else ""
    return None, f"What {name}{where} is cannot be seen: a script without a #! line starts in the shell form alone."


def _starts_itself(view: View, source: str) -> bool:
    """Whether a file of the context begins as the kernel asks for."""
    try:
        head = read_head(view.workspace, view.workspace.from_context(source), 4)
    except OutsideRoot:
        return False
    return head is not None and head.startswith((b"#!", b"\x7fELF"))


def _reads_pwd(view: View) -> tuple[str, ...]:
    """The sentence on code that asks for PWD: a shell sets it, the engine does not (tried on engine 28.5)."""
    for path in list_files(view.workspace).below(view.workspace.context):
        text = read_text(view.workspace, path) if path.endswith(_CODE) else None
        if text is not None and "PWD" in text and _PWD.search(text):
            return (f"{path} asks for the variable PWD, which a shell sets.",)
    return ()


def _edits(form: _Form) -> list[Edit]:
    """Each word as JSON in its place; what stands between the words stays."""
    written = [json.dumps(word.value, ensure_ascii=False) for word in form.words]
    texts = [f"{text}," for text in written[:-1]] + [f"{written[-1]}]"]
    # An `exec` in front goes with the first word.
    spans = [Span(form.instruction.argument_span.start, form.words[0].span.end), *(w.span for w in form.words[1:])]
    return [Edit(span, text) for span, text in zip(spans, [f"[{texts[0]}", *texts[1:]], strict=True)]
