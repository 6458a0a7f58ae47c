"""Whether the stages of a file hang together: what BuildKit refuses before it runs a step.

Source: BuildKit's frontend/dockerfile/dockerfile2llb. What it would notice only in a stage that the last one does
not need is left to it: that stage may never be built.
"""

from __future__ import annotations

import re

from wizard.dockerfile.arguments import pairs
from wizard.dockerfile.document import Document, Flag, Instruction, Stage
from wizard.dockerfile.expansion import Variables
from wizard.dockerfile.grammar import Refused
from wizard.dockerfile.lexer import LexError, lex
from wizard.dockerfile.stages import base_stage, dependencies, reachable

_REFERENCE = (
    r"(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*"
    r"(?::[0-9]+)?/|\[[a-fA-F0-9:]+\](?::[0-9]+)?/)?"
    r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
    r"(?::[\w][\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?\Z"
)
"""An image reference, after the grammar of github.com/distribution/reference."""
_EXPANDED_FLAGS = {"COPY": ("chown", "chmod"), "ADD": ("chown", "chmod", "checksum")}
_MOUNT_KEYS = frozenset({
    "type", "from", "source", "target", "readonly", "id", "sharing", "required", "size", "mode", "uid", "gid", "src",
    "dst", "destination", "ro", "rw", "readwrite", "env",
})  # fmt: skip
_MOUNT_TYPES = frozenset({"bind", "cache", "tmpfs", "secret", "ssh"})
_SHARING = frozenset({"shared", "private", "locked"})


def check_document(document: Document) -> None:
    """Raises Refused with BuildKit's words."""
    _check_order(document)
    for stage in document.stages:
        for instruction in stage.instructions:
            _check_from_flags(document, instruction)
    _check_cycles(document)
    needed = reachable(document, document.stages[-1])
    for instruction in document.global_arguments():
        _check_expansion(instruction, document.escape)
    for stage in document.stages:
        if stage.index not in needed:
            continue
        _check_base(document, stage)
        for instruction in stage.instructions:
            _check_expansion(instruction, document.escape)
            for flag in instruction.flags:
                if instruction.keyword == "RUN" and flag.name == "mount":
                    _check_mount(flag)


def _check_order(document: Document) -> None:
    first = next((i for i in document.instructions if i.keyword != "ARG"), None)
    if first is None:
        raise Refused("dockerfile contains no stages to build", document.instructions[-1].keyword_span.start)
    if first.keyword != "FROM":
        raise Refused("no build stage in current context", first.keyword_span.start)


def _check_base(document: Document, stage: Stage) -> None:
    """A name that holds a variable may be anything once the build arguments are known."""
    if "$" in stage.base or stage.base == "scratch" or base_stage(document, stage) is not None:
        return
    name = _expand(stage.base, document.escape, stage.instructions[0])
    if not re.match(_REFERENCE, name, re.ASCII):
        repository = name.partition("@")[0].partition(":")[0]
        reason = "invalid reference format"
        if re.search(r"[A-Z]", repository) and re.match(_REFERENCE, name.lower(), re.ASCII):
            full = repository if "/" in repository else f"library/{repository}"
            reason += f": repository name ({full}) must be lowercase"
        raise Refused(f'failed to parse stage name "{name}": {reason}', stage.instructions[0].words[0].span.start)


def _check_from_flags(document: Document, instruction: Instruction) -> None:
    if instruction.keyword == "RUN":
        for flag in instruction.flags:
            source = re.search(r"(?:^|,)from=([^,]*\$[^,]+)", flag.value or "", re.IGNORECASE)
            if flag.name == "mount" and source:
                message = "'from' doesn't support variable expansion, define alias stage instead"
                raise Refused(message, flag.span.start)
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
    """A stage that needs itself, by whatever way."""
    edges = {stage.index: [other.index for other in dependencies(document, stage)] for stage in document.stages}
    done: set[int] = set()
    for root in edges:
        path: list[int] = []
        todo = [(root, iter(edges[root]))] if root not in done else []
        while todo:
            number, others = todo[-1]
            if not path or path[-1] != number:
                path.append(number)
            following = next((other for other in others if other not in done), None)
            if following is None:
                done.add(number)
                path.pop()
                todo.pop()
            elif following in path:
                stage = document.stages[number]
                name = document.stages[following].buildkit_name
                raise Refused(f"circular dependency detected on stage: {name}", stage.instructions[0].span.start)
            else:
                todo.append((following, iter(edges[following])))


def _check_expansion(instruction: Instruction, escape: str) -> None:
    """Lexes what BuildKit would expand: an unmatched quote or brace fails the build."""
    keyword = instruction.keyword
    texts: list[str] = [flag.value for flag in instruction.flags
                        if flag.value and flag.name in _EXPANDED_FLAGS.get(keyword, ())]  # fmt: skip
    if keyword in ("ENV", "LABEL", "ARG"):
        for pair in pairs(instruction):
            texts += [pair.name, pair.value or ""]
    elif keyword in ("COPY", "ADD", "WORKDIR", "USER", "STOPSIGNAL", "EXPOSE", "VOLUME"):
        texts += instruction.json if instruction.json is not None else [word.text for word in instruction.words]
    for text in texts:
        if instruction.heredocs and text.lstrip("0123456789").startswith("<<"):
            continue
        _expand(text, escape, instruction)


def _expand(text: str, escape: str, instruction: Instruction) -> str:
    try:
        return lex(text, Variables({}), escape).text
    except LexError as error:
        raise Refused(str(error), instruction.keyword_span.start) from None


def _check_mount(flag: Flag) -> None:
    import csv

    value = flag.value or ""
    try:
        fields = next(csv.reader([value], strict=True), [])
    except csv.Error as error:
        raise Refused(f"failed to parse csv mounts: {error}", flag.span.start) from None
    for text in fields or [""]:
        message = _mount_field(text)
        if message:
            raise Refused(message, flag.span.start)


def _mount_field(text: str) -> str | None:
    key, has_value, value = text.partition("=")
    key = key.lower()
    if not has_value:
        if key in ("readonly", "ro", "readwrite", "rw", "required"):
            return None
        return f"invalid field '{text}' must be a key=value pair"
    if key not in _MOUNT_KEYS:
        return f"unexpected key '{key}' in '{text}'"
    if "$" in value or "'" in value or '"' in value:
        return None
    if key == "type" and value.lower() not in _MOUNT_TYPES:
        return f'unsupported mount type "{value}"'
    if key == "sharing" and value.lower() not in _SHARING:
        return f'unsupported sharing value "{value}"'
    return None
