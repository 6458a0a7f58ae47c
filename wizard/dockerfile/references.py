"""Whether the stages of a file hang together: what BuildKit refuses before it runs a step.

Source: BuildKit's frontend/dockerfile/dockerfile2llb. What it would notice only in a stage that the last one does
not need is left to it, for that stage may never be built; so are values that hold a variable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wizard.dockerfile.arguments import pairs
from wizard.dockerfile.constants import mode_refusal, platform_refusal, port_refusal, signal_refusal
from wizard.dockerfile.document import Document, Flag, Instruction, Stage
from wizard.dockerfile.errors import quoted
from wizard.dockerfile.expansion import Variables
from wizard.dockerfile.grammar import Refused, check_instruction
from wizard.dockerfile.heredocs import is_header
from wizard.dockerfile.lexer import Lexed, LexError, are_plain, is_plain, lex
from wizard.dockerfile.mounts import MountError, check_mount, mounts_over_root
from wizard.dockerfile.stages import base_stage, mount_options, reachable, references, source_stage, triggers

_REFERENCE = (
    r"(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*"
    r"(?::[0-9]+)?/|\[[a-fA-F0-9:]+\](?::[0-9]+)?/)?"
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
    r"(?::[\w][\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?\Z"
)
"""An image reference, after the grammar of github.com/distribution/reference."""
_EXPANDED_FLAGS = {"COPY": ("chown", "chmod"), "ADD": ("chown", "chmod", "checksum")}
_CHECKED_VALUES = frozenset({"VOLUME", "STOPSIGNAL", "EXPOSE"})
"""Instructions of which what a word expands to can be wrong, and not only the word."""
_UNKNOWN = Variables({})
"""Every variable may be set, to something that nobody knows before the build."""


def check_document(document: Document) -> None:
    """Raises Refused with BuildKit's words."""
    escape = document.escape
    for instruction in document.global_arguments():
        _check_values(instruction, escape)
    bases = [_check_base(stage, escape) for stage in document.stages]
    for stage in document.stages:
        for instruction in stage.instructions:
            _check_from_flags(document, instruction)
    _check_cycles(document)
    for stage, base in zip(document.stages, bases, strict=True):
        if base is not None and base != "scratch" and base_stage(document, stage) is None:
            _check_reference(base, stage.instructions[0].words[0].span.start)
    for stage in document.stages:
        for instruction in stage.instructions:
            for name in references(instruction):
                if name != "scratch" and source_stage(document, instruction, name) is None:
                    _check_reference(name, instruction.keyword_span.start)
    needed = reachable(document, document.stages[-1])
    for stage in document.stages:
        if stage.index in needed:
            _check_triggers(document, stage)
    for stage in document.stages:
        for instruction in stage.instructions if stage.index in needed else ():
            _check_values(instruction, escape)
            _check_source(document, stage, instruction)
            _check_targets(instruction, escape)


def _check_triggers(document: Document, stage: Stage) -> None:
    """What ONBUILD left for a stage is read only once one is built upon it, and reported there."""
    base = base_stage(document, stage)
    for trigger in triggers(document, base):
        if trigger.keyword.startswith("#"):
            # Read as a file of its own, it is a comment.
            raise Refused("file with no instructions", stage.instructions[0].span.start)
        try:
            check_instruction(trigger)
        except Refused as refusal:
            raise Refused(refusal.message, stage.instructions[0].span.start, refusal.hint) from None


def _check_base(stage: Stage, escape: str) -> str | None:
    """What FROM names, None where it holds a variable: that may be anything once the build arguments are known."""
    head = stage.instructions[0]
    base = _expand(stage.base, escape, head)
    if base.known and not base.text:
        raise Refused(f"base name ({stage.base}) should not be blank", head.words[0].span.start)
    if stage.platform:
        platform = _expand(stage.platform, escape, head)
        if platform.known and not platform.text:
            raise Refused(f"empty platform value from expression {stage.platform}", head.flags[0].span.start)
        if platform.known and (message := platform_refusal(platform.text, stage.platform)):
            raise Refused(message, head.flags[0].span.start)
    if stage.name and not re.match(_REFERENCE, stage.name.lower(), re.ASCII):
        message = f"invalid context name {stage.name.lower()}: invalid reference format"
        raise Refused(message, head.words[2].span.start)
    return base.text if base.known else None


def _check_reference(name: str, offset: int) -> None:
    path = _path(name)
    if path != path.lower():
        reason = f"invalid reference format: repository name ({path}) must be lowercase"
    elif not re.match(_REFERENCE, name, re.ASCII):
        reason = "invalid reference format"
    else:
        return
    raise Refused(f"failed to parse stage name {quoted(name)}: {reason}", offset)


def _path(name: str) -> str:
    """The repository of an image's name, without registry and tag; those of Docker's own library are in `library/`."""
    first, slash, rest = name.partition("/")
    has_registry = slash and (bool(set(first) & set(".:")) or first == "localhost" or first != first.lower())
    path = (rest if has_registry else name).partition(":")[0]
    return f"library/{path}" if "/" not in path and (not has_registry or first == "docker.io") else path


def _check_from_flags(document: Document, instruction: Instruction) -> None:
    if instruction.keyword != "COPY":
        return
    for flag in instruction.flags:
        if flag.name != "from" or not flag.value:
            continue
        try:
            expanded = lex(flag.value, {}, document.escape).text
        except LexError as error:
            raise Refused(str(error), flag.span.start) from None
        if expanded != flag.value:
            message = (
                "variable expansion is not supported for --from, define a new stage with FROM using ARG from "
                "global scope as a workaround"
            )
            raise Refused(message, flag.span.start)
        if re.fullmatch(r"[-+]?[0-9]{1,18}", flag.value) and not 0 <= int(flag.value) < len(document.stages):
            raise Refused(f"invalid stage index {int(flag.value)}", flag.span.start)


def _check_cycles(document: Document) -> None:
    """A stage that needs itself by way of its COPY and RUN instructions."""
    # Of several instructions that need the same stage BuildKit keeps the last, and points to that one.
    edges = {stage.index: list(dict(_sources(document, stage)).items()) for stage in document.stages}
    done: set[int] = set()
    for root in edges:
        path: set[int] = set()
        todo = [(root, iter(edges[root]))] if root not in done else []
        while todo:
            number, others = todo[-1]
            path.add(number)
            following, instruction = next((edge for edge in others if edge[0] not in done), (None, None))
            if following is None or instruction is None:
                done.add(number)
                path.remove(number)
                todo.pop()
            elif following in path:
                name = document.stages[root].buildkit_name
                raise Refused(f"circular dependency detected on stage: {name}", instruction.span.start)
            else:
                todo.append((following, iter(edges[following])))


def _sources(document: Document, stage: Stage) -> Iterator[tuple[int, Instruction]]:
    """The numbers of the stages that a stage copies from or mounts, with the instruction that does."""
    for instruction in stage.instructions:
        for name in (*references(instruction), *_unnamed_sources(instruction)):
            if (other := source_stage(document, instruction, name)) is not None:
                yield other.index, instruction


def _unnamed_sources(instruction: Instruction) -> Iterator[str]:
    """Whatever its type, BuildKit takes a mount without `from` to come from `scratch`: from a stage of that name."""
    for flag in instruction.flags if instruction.keyword == "RUN" else ():
        if flag.name == "mount" and not mount_options(flag.value or "").get("from"):
            yield "scratch"


def _check_source(document: Document, stage: Stage, instruction: Instruction) -> None:
    """BuildKit goes through the stages once: what an instruction copies or mounts has to stand above it."""
    for name in (*references(instruction), *_unnamed_sources(instruction)):
        other = source_stage(document, instruction, name)
        if other is None or other.index < stage.index:
            continue
        if instruction.keyword == "COPY":
            place = f"{quoted(name)}, it needs to be defined before current stage {quoted(stage.buildkit_name)}"
            raise Refused(f"cannot copy from stage {place}", instruction.keyword_span.start)
        raise Refused(
            f"cannot mount from stage {quoted(name)}, stage needs to be defined before current command",
            instruction.keyword_span.start,
        )


def _check_targets(instruction: Instruction, escape: str) -> None:
    """Nothing is mounted in place of the whole file system."""
    for flag in instruction.flags if instruction.keyword == "RUN" else ():
        if flag.name == "mount" and mounts_over_root(flag.value or "", escape):
            raise Refused('invalid mount target "/"', flag.span.start)


def _check_values(instruction: Instruction, escape: str) -> None:
    """Expands what BuildKit would: an unmatched quote or brace fails the build, and some values do."""
    keyword = instruction.keyword
    for flag in instruction.flags:
        if keyword == "RUN" and flag.name == "mount":
            _check_mount(flag, escape)
        elif flag.value and flag.name in _EXPANDED_FLAGS.get(keyword, ()):
            value = _expand(flag.value, escape, instruction)
            if flag.name == "chmod" and value.known and (message := mode_refusal(value.text)):
                raise Refused(message, flag.span.start)
    if keyword not in _CHECKED_VALUES and are_plain(instruction.argument):
        return
    texts = _expanded_texts(instruction)
    if keyword not in _CHECKED_VALUES:
        texts = [text for text in texts if not is_plain(text)]
    for value in [_expand(text, escape, instruction) for text in texts]:
        if message := _value_refusal(keyword, value):
            raise Refused(message, instruction.keyword_span.start)


def _expanded_texts(instruction: Instruction) -> list[str]:
    keyword = instruction.keyword
    if keyword in ("ENV", "LABEL"):
        return [text for pair in pairs(instruction) for text in (pair.name, pair.value or "")]
    if keyword == "ARG":
        return [pair.value for pair in pairs(instruction) if pair.value is not None]
    if keyword not in ("COPY", "ADD", "WORKDIR", "USER", "STOPSIGNAL", "EXPOSE", "VOLUME"):
        return []
    texts = instruction.json if instruction.json is not None else [word.text for word in instruction.words]
    if keyword == "EXPOSE":
        return sorted(texts)
    return [text for text in texts if keyword not in ("COPY", "ADD") or not is_header(text)]


def _value_refusal(keyword: str, value: Lexed) -> str | None:
    if not value.known:
        return None
    if keyword == "VOLUME" and not value.text:
        return "VOLUME specified can not be an empty string"
    if keyword == "STOPSIGNAL":
        return signal_refusal(value.text)
    if keyword == "EXPOSE":
        return next(filter(None, (port_refusal(word.text) for word in value.words)), None)
    return None


def _expand(text: str, escape: str, instruction: Instruction) -> Lexed:
    try:
        return lex(text, _UNKNOWN, escape)
    except LexError as error:
        raise Refused(str(error), instruction.keyword_span.start) from None


def _check_mount(flag: Flag, escape: str) -> None:
    try:
        check_mount(flag.value or "", escape)
    except (MountError, LexError) as error:
        raise Refused(str(error), flag.span.start) from None
