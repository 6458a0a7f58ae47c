"""Pin the images that a build starts from by digest, so that the same commit gives the same image.

What it does
: `FROM python:3.11-slim` becomes `FROM python:3.11-slim@sha256:…`, with the digest that the registry has for the tag
  now; so do images in `COPY --from=`. The tag stays, for people and for the bots that move digests. An image that
  stands in the default of an ARG is pinned there.

Why
: A tag is moved to another image with every release. Two builds of one commit then differ, and a change of the base
  arrives unseen, with whatever change of yours comes next; with a digest it is a commit of its own.

When it is safe
: The registry has to be asked, so the rule waits for `--online`. The digest is that of what the tag names: the index of
  a multi-platform image, never one platform's, so that every platform goes on finding its own. It waits for a review
  because a pinned image gets no security updates by itself: let Renovate or Dependabot move the digest. Left alone and
  named: an image whose tag comes from an ARG (a digest would win over it), one that a caller puts a context of its own
  in place of or builds under that name, one that the registry does not know.

Source
: docs.docker.com, "Building best practices", Pin base image versions; docs.renovatebot.com, "Docker".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from wizard.dockerfile.arguments import pairs
from wizard.dockerfile.document import Instruction, Span, Stage
from wizard.dockerfile.editing import Edit, set_flag, splice
from wizard.dockerfile.stages import base_stage, source_stage
from wizard.inspection.files import read_text, short_lines
from wizard.inspection.places import line_at
from wizard.inspection.questions import DigestQuestion
from wizard.rules.base import Asks, Category, Proposal, Refusal, View, evidence_at
from wizard.wording import listed

ID = "pin-base-image"
TITLE = "Pin base images by digest"
CATEGORY: Category = "reproducible"

_IMAGE = re.compile(r"[a-z0-9][\w.:/-]*\Z")
_WHOLE_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)\}|(?P<bare>\w+))\Z")
_TAGS = re.compile(r"(?:^|\s)(?:-t|--tag)[=\s]|\btags\b\s*[:=]")
_RESULT = {"compose": re.compile(r"\bimage\s*:")}
"""How a kind of caller names what it builds; those that are not listed with an option, or a list of tags."""
_RENOVATE = (
    "renovate.json", "renovate.json5", ".renovaterc", ".renovaterc.json", ".github/renovate.json",
    ".github/renovate.json5", ".gitlab/renovate.json",
)  # fmt: skip
_OF_DOCKER = re.compile(r"(?m)package-ecosystem[\"']?\s*:\s*[\"']?docker[\"']?\s*$")
_DEPENDABOT = (".github/dependabot.yml", ".github/dependabot.yaml")


class _Image(NamedTuple):
    """An image that can be pinned: where its name stands."""

    name: str
    instruction: Instruction
    """What names it: a FROM, a COPY, or the ARG that holds the name."""
    span: Span | None
    """Where the name stands; None for the flag of a COPY."""


class _Left(NamedTuple):
    """An image that cannot be pinned, and why."""

    name: str
    instruction: Instruction
    because: str


def propose(view: View) -> Proposal | Refusal | Asks | None:
    """A digest for every image that the registry knows; what stands in the way is told to whoever lets us ask."""
    outcome = _propose(view)
    return outcome if view.settings.online or isinstance(outcome, Asks) else None


def _propose(view: View) -> Proposal | Refusal | Asks | None:
    found = tuple(dict.fromkeys(_images(view)))
    images = [one for one in found if isinstance(one, _Image)]
    left = [one for one in found if isinstance(one, _Left)]
    if not found:
        return None
    answers = view.inspection.answers
    questions = tuple(dict.fromkeys(DigestQuestion(one.name) for one in images))
    if any(question not in answers for question in questions):
        return Asks(ID, questions)
    edits: list[Edit] = []
    pinned: list[_Image] = []
    for one in images:
        answer = answers[DigestQuestion(one.name)]
        if answer.text is None:
            left.append(_Left(one.name, one.instruction, answer.because))
            continue
        text = f"{one.name}{'' if _has_tag(one.name) else ':latest'}@{answer.text}"
        edit = set_flag(view.document, one.instruction, "from", text) if one.span is None else Edit(one.span, text)
        edits.append(edit)
        pinned.append(one)
    gaps = [f"{line_at(one.instruction.start_line)}: {one.name} stays as it is, {one.because}" for one in left]
    if not pinned:
        return Refusal(ID, "; ".join(gaps), tuple(evidence_at(view, one.instruction) for one in left))
    gaps += _otherwise_pinned(view, {one.name: answers[DigestQuestion(one.name)].text or "" for one in pinned})
    result = splice(view.document, edits)
    names = listed(list(dict.fromkeys(one.name for one in pinned)))
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="review",
        why=f"What {names} stands for changes with every release of it: two builds of one commit may differ.",
        evidence=tuple(evidence_at(view, one.instruction) for one in pinned),
        edits={view.dockerfile: result.source},
        planned=result.planned,
        risk=" ".join([_moved_by(view), *(f"{gap}." for gap in gaps)]),
    )


# -- which images --


def _images(view: View) -> Iterator[_Image | _Left]:
    document = view.document
    for stage in document.stages:
        if base_stage(document, stage) is None and stage.base != "scratch":
            found = _of_from(view, stage)
            if found is not None:
                yield found
        for instruction in stage.instructions:
            name = instruction.flag("from") if instruction.keyword == "COPY" else None
            # A bare name may be a context of that name, given to the build by whoever runs it.
            if name and source_stage(document, instruction, name) is None and ({":", "/"} & set(name)):
                found = _literal(view, name, instruction, None)
                if found is not None:
                    yield found


def _of_from(view: View, stage: Stage) -> _Image | _Left | None:
    instruction = stage.instructions[0]
    if "$" not in stage.base:
        return _literal(view, stage.base, instruction, instruction.words[0].span)
    variable = _WHOLE_VARIABLE.match(stage.base)
    if variable is None:
        because = "part of its name comes from an ARG, and a digest would win over that"
        return _Left(stage.base, instruction, because)
    return _of_argument(view, variable["braced"] or variable["bare"], instruction)


def _of_argument(view: View, name: str, used_by: Instruction) -> _Image | _Left | None:
    """The image in the default of a global ARG that is the whole name of a FROM."""
    shown = f"${name}"
    declared = [(one, pair) for one in view.document.global_arguments() for pair in pairs(one) if pair.name == name]
    if len(declared) != 1 or declared[0][1].value is None:
        return _Left(shown, used_by, "the build has to say which image that is")
    argument, pair = declared[0]
    value = pair.value or ""
    for other in view.document.instructions:
        if other is not argument and _uses(other, name) and not _is_whole_base(other, name):
            because = f"{line_at(other.start_line)} uses the ARG {name} for something else too"
            return _Left(shown, used_by, because)
    setter = next((c for c in view.inspection.callers if name in c.build_args), None)
    if setter is not None:
        return _Left(shown, used_by, f"{setter.path} sets the ARG {name} itself")
    end = pair.word.span.end
    if pair.word.text != f"{name}={value}" or len(value.encode()) > pair.word.span.end - pair.word.span.start:
        return _Left(shown, used_by, f"the ARG {name} is not written plainly")
    return _literal(view, value, argument, Span(end - len(value.encode()), end))


def _literal(view: View, name: str, instruction: Instruction, span: Span | None) -> _Image | _Left | None:
    """An image by its name as written; None for one that is pinned."""
    if "@" in name or name == "scratch":
        return None
    if not _IMAGE.match(name):
        return _Left(name, instruction, "it is not written as a plain name")
    if span is not None and span.of(view.document.source) != (name.encode()):
        return _Left(name, instruction, "its name goes over several lines")
    context = next((c for c in view.inspection.callers if any(given == name for given, _ in c.contexts)), None)
    if context is not None:
        return _Left(name, instruction, f"{context.path} puts a context of its own in its place")
    maker = _made_here(view, name)
    if maker is not None:
        return _Left(name, instruction, f"{maker} builds an image of that name")
    return _Image(name, instruction, span)


def _made_here(view: View, name: str) -> str | None:
    """The caller that gives this name to what it builds: the registry may have another image, or an older one."""
    named = re.compile(rf"(?<![\w./-]){re.escape(name)}(?![\w.-])")
    for path, kind in dict.fromkeys((caller.path, caller.kind) for caller in view.inspection.callers):
        for line in short_lines(read_text(view.workspace, path) or ""):
            if name in line and _RESULT.get(kind, _TAGS).search(line) and named.search(line):
                return path
    return None


def _uses(instruction: Instruction, name: str) -> bool:
    """Whether an instruction reads an ARG, or takes it over into its stage."""
    if instruction.keyword == "ARG" and any(pair.name == name for pair in pairs(instruction)):
        return True
    texts = (instruction.argument, *(flag.value or "" for flag in instruction.flags))
    return any(re.search(rf"\$(?:{name}\b|\{{{name}\b)", text) for text in texts)


def _is_whole_base(instruction: Instruction, name: str) -> bool:
    return instruction.keyword == "FROM" and instruction.words[0].text in (f"${name}", f"${{{name}}}")


def _has_tag(name: str) -> bool:
    return ":" in name.rpartition("/")[2]


# -- what is said about it --


def _moved_by(view: View) -> str:
    """Who brings the security updates from now on."""
    renovate = _first(view, _RENOVATE)
    if renovate is not None:
        return f"Renovate ({renovate}) moves digests that stand behind a tag."
    dependabot = _first(view, _DEPENDABOT)
    if dependabot is not None and _OF_DOCKER.search(read_text(view.workspace, dependabot) or ""):
        return f"Dependabot ({dependabot}) moves digests that stand behind a tag."
    advice = (
        f"give {dependabot} an entry for docker" if dependabot is not None else "let Renovate or Dependabot move them"
    )
    return f"Pinned images get no security updates by themselves: {advice}."


def _otherwise_pinned(view: View, digests: Mapping[str, str]) -> list[str]:
    """The stages that hold one of these images by another digest. That may be one platform's: it is not handed on."""
    found = []
    for stage in view.document.stages:
        name, _, digest = stage.base.partition("@")
        if digest and digests.get(name, digest) != digest:
            line = line_at(stage.start_line)
            found.append(f"{line} has {name} by another digest, and dependency-updates brings both to one")
    return found


def _first(view: View, paths: Sequence[str]) -> str | None:
    return next((path for path in paths if view.workspace.is_file(path)), None)
