"""Let what a Python service prints reach `docker logs` at once.

What it does
: Sets `PYTHONUNBUFFERED=1` in front of CMD or ENTRYPOINT of the last stage, where the code prints to its standard
  output. That is all: PYTHONDONTWRITEBYTECODE saves nothing that can be measured in an image, and a service whose
  byte-code is not there compiles it anew at every start.

Why
: The output of a container is no terminal, so Python keeps what is printed until some kilobytes have come together. It
  appears late, and when the container is killed the last of it, the lines that say why, is lost.

When it is safe
: It waits for a review, because each printed line becomes a write of its own. It stands below every step of the build,
  so that nothing is built again. Proposed upon images that are known not to set it, for a Python program or server that
  the image starts itself and that goes on running (a port, a health check, a loop in the code). Left alone: where it is
  set already, in the file or by a caller; `python -u`; output that is flushed line by line in the code, that is data
  for another program, or that goes through a pipe; `-E` and `-I`, which ignore the variable.

Source
: docs.python.org, "Command line and environment", PYTHONUNBUFFERED, -u, -E and -I; `sys.stdout`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Final

from wizard.assets import knowledge
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.editing import Edit, insert_after, insert_before, splice
from wizard.dockerfile.stages import base_image, lineage
from wizard.dockerfile.started import started, starting
from wizard.dockerfile.state import environment
from wizard.inspection.callers.find import concerns, kind_of, mentions
from wizard.inspection.files import list_files, read_text, short_lines
from wizard.inspection.gpu.evidence import is_test
from wizard.inspection.image_names import known_image, name_parts
from wizard.inspection.masking import shown
from wizard.inspection.places import line_at, place_at
from wizard.inspection.values import Evidence
from wizard.rules.base import Category, Proposal, Refusal, View, evidence_at

ID = "python-env"
TITLE = "Show what the service prints at once"
CATEGORY: Category = "speed"

_NAME: Final = "PYTHONUNBUFFERED"
_PRINTS: Final = re.compile(
    r"(?<![\w.])print\s*\((?!.*(?:flush\s*=|file\s*=))|StreamHandler\(\s*sys\.stdout|sys\.stdout\.write\("
)
_FLUSHES: Final = re.compile(r"stdout\.reconfigure\(|line_buffering\s*=\s*True|sys\.stdout\s*=(?!=)|stdout\.flush\(")
_DATA: Final = re.compile(r"stdout\.buffer\b|csv\.writer\(\s*sys\.stdout|json\.dump\([^)]*sys\.stdout")
_STAYS: Final = re.compile(r"^\s*while\b|serve_forever|run_forever|\.run\(|\bsleep\(|\.consume\(|\.listen\(")
_RUNNERS: Final = frozenset({"uv", "poetry", "pdm", "pipenv"})
_PYTHON: Final = re.compile(r"python[\d.]*\Z")
_STEPS: Final = frozenset({"RUN", "COPY", "ADD", "WORKDIR"})
_DISTRIBUTIONS: Final = frozenset({"python", "debian", "ubuntu", "alpine", "buildpack-deps"})
"""Images that are known to leave the variable unset."""


def propose(view: View) -> Proposal | Refusal | None:
    """The variable in the last stage, where something is printed and nothing minds the buffer already."""
    document = view.document
    stage = document.stages[-1]
    name = name_parts(base_image(document, stage))[0]
    if known_image(name) is None or name not in _DISTRIBUTIONS or document.escape == "`":
        return None
    if _NAME in environment(document, stage).settings or any(
        _NAME in one.argument for one in _commands(document, stage)
    ):
        return None
    words = _words(document.stages[-1], view)
    if words is None:
        return None
    printed = next(_lines(view, words, _PRINTS), None)
    if printed is None or not _stays(view, stage, words):
        return None
    refused = _minded(view, words, stage)
    if refused is not None:
        return refused
    result = splice(document, [_edit(document, stage)])
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="review",
        why=f"{place_at(printed.path, printed.line)} prints, and Python holds the text back until its buffer is full: "
        "it appears late, and the last of it is lost when the container is killed.",
        evidence=(printed, *(evidence_at(view, one) for one in _commands(document, stage))),
        edits={view.dockerfile: result.source},
        planned=result.planned,
        risk="Every printed line becomes a write of its own: a service that prints very much gets slower.",
    )


def _commands(document: Document, stage: Stage) -> tuple[Instruction, ...]:
    """The CMD and ENTRYPOINT that count."""
    return tuple(one for one in starting(document, stage) if one.keyword != "HEALTHCHECK")


def _edit(document: Document, stage: Stage) -> Edit:
    """The variable below the last step of the build, so that no step runs again."""
    text = f"ENV {_NAME}=1\n"
    last = next((one for one in reversed(stage.instructions) if one.keyword in _STEPS), stage.instructions[0])
    below = (one for one in _commands(document, stage) if one in stage.instructions and one.index > last.index)
    first = next(below, None)
    return (
        insert_after(document, stage.instructions[-1], text) if first is None else insert_before(document, first, text)
    )


def _words(stage: Stage, view: View) -> tuple[str, ...] | None:
    """The command of the Python program or server that the image starts itself; None where it is another, or not
    known."""
    says = started(view.document, stage)
    words = [*(says.entrypoint or ()), *(says.cmd or ())]
    if len(words) > 2 and words[0].endswith("sh") and words[1] == "-c":
        words = words[2].split()
        words = words[1:] if words[:1] == ["exec"] else words
    if len(words) > 2 and words[0] in _RUNNERS and words[1] == "run":
        words = words[2:]
    program = posixpath.basename(words[0]) if words else ""
    known = _PYTHON.match(program) or program in knowledge("running")["servers"]["names"]
    return tuple(words) if known else None


def _minded(view: View, words: tuple[str, ...], stage: Stage) -> Refusal | None:
    """What minds the buffer already, or what the variable would not help."""
    document = view.document
    at = _commands(document, stage)
    if not at:
        return None
    here = line_at(at[0].start_line)
    options = _options(words)
    if "u" in options:
        return Refusal(ID, f"{here} starts Python with -u, which says the same", (evidence_at(view, at[0]),))
    ignoring = next((letter for letter in "EI" if letter in options), None)
    if ignoring is not None:
        because = f"{here} starts Python with -{ignoring}, which ignores {_NAME}: -u says the same"
        return Refusal(ID, because, (evidence_at(view, at[0]),))
    if "|" in words:
        return Refusal(ID, f"{here} sends the output through a pipe to another program", (evidence_at(view, at[0]),))
    callers = view.inspection.callers
    named = (one for one in mentions(view.workspace, _NAME) if kind_of(one.path) is not None)
    setter = next((one for one in named if concerns(view.workspace, callers, one.path)), None)
    if setter is not None:
        return Refusal(ID, f"{place_at(setter.path, setter.line)} sets {_NAME} already", (setter,))
    for pattern, because in (
        (_FLUSHES, "minds the buffer of the output itself"),
        (_DATA, "writes data to the output, which the buffer makes fast"),
    ):
        found = next(_lines(view, words, pattern), None)
        if found is not None:
            return Refusal(ID, f"{place_at(found.path, found.line)} {because}", (found,))
    return None


def _stays(view: View, stage: Stage, words: tuple[str, ...]) -> bool:
    """Whether the program goes on running: one that ends soon shows what it printed at its end."""
    instructions = (one for below in lineage(view.document, stage) for one in below.instructions)
    is_server = _PYTHON.match(posixpath.basename(words[0])) is None
    declared = is_server or any(one.keyword in ("EXPOSE", "HEALTHCHECK") for one in instructions)
    return declared or next(_lines(view, words, _STAYS), None) is not None


def _options(words: tuple[str, ...]) -> str:
    """The letters of Python's own options: those in front of the script, the module or the code."""
    letters = ""
    rest = iter(words[1:] if _PYTHON.match(posixpath.basename(words[0])) else ())
    for word in rest:
        if word in ("-W", "-X"):
            next(rest, None)
        elif not word.startswith("-") or word.startswith(("--", "-m", "-c")):
            break
        elif not word.startswith(("-W", "-X")):
            letters += word[1:]
    return letters


def _lines(view: View, words: tuple[str, ...], pattern: re.Pattern[str]) -> Iterator[Evidence]:
    """The lines of the project's code that match; those of the file that is started first."""
    paths = [path for path in list_files(view.workspace).below(view.workspace.context) if path.endswith(".py")]
    named = {word.rpartition("/")[2] for word in words} | {f"{word.split(':')[0]}.py" for word in words}
    for path in sorted(paths, key=lambda one: (one.rpartition("/")[2] not in named, one)):
        if is_test(path):
            continue
        for number, line in enumerate(short_lines(read_text(view.workspace, path) or ""), start=1):
            if not line.lstrip().startswith("#") and pattern.search(line):
                yield Evidence(path, number, shown(line.strip()))
