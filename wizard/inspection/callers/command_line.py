"""Command lines that build: `docker build` and its relatives, with their options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile

from wizard.inspection.masking import shown
from wizard.inspection.values import Caller

DOCKER_BUILD = re.compile(
    r"""(?:\b(?:docker|podman|nerdctl)|\$[({]?\w*(?:DOCKER|CONTAINER|PODMAN|OCI)\w*[)}]?)\s+(?:image\s+|builder\s+)?(?:buildx\s+)?build\b(?!x)
    |\bbuildah\s+(?:bud|build)\b
    |\bbuildx\s+bake\b
    |\b(?:docker[ -]compose|podman-compose)\b[^#\n]*?\s(?:build\b|up\b[^#\n]*\s--build\b)
    |\bdocker\.build\(\s*["'][^"']*["']\s*,\s*(?=["'])
    |docker/build-push-action|docker/bake-action|kaniko[^\s]*executor(?![\w:.-])""",
    re.VERBOSE,
)
BUILD_WORDS = ("build", "bake", "kaniko")
"""One of them stands in every line that `DOCKER_BUILD` finds."""
_WORD = re.compile(r"""(?:"[^"]*"|'[^']*'|[^\s"'])+""")
_TAKES_NO_VALUE = frozenset(
    (
        *("--no-cache", "--pull", "--push", "--load", "--rm", "--force-rm", "--quiet", "-q", "--squash", "--compress"),
        *("--check", "--debug", "-D"),
    )
)


def joined(lines: list[str], number: int) -> str:
    """The command from line `number` (1-based) on, its continuation lines joined, or those of its folded YAML text."""
    if _is_folded(lines, number):
        depth = indentation(lines[number - 1])
        folded = takewhile(lambda line: line.strip() and indentation(line) >= depth, lines[number - 1 :])
        return " ".join(line.strip() for line in folded)
    parts: list[str] = []
    for line in lines[number - 1 :]:
        stripped = line.rstrip()
        parts.append(stripped.rstrip("\\`^").strip())
        if not stripped.endswith(("\\", "`", "^")):
            break
    return " ".join(parts)


def _is_folded(lines: list[str], number: int) -> bool:
    """Whether a line is the first of a text that YAML folds into one line (`>`)."""
    above = next((line for line in reversed(lines[: number - 1]) if line.strip()), "")
    return re.search(r"(?:^|[\s:-])>[-+]?\s*$", above) is not None and indentation(above) < indentation(
        lines[number - 1]
    )


def indentation(line: str) -> int:
    """How many characters of white space a line begins with."""
    return len(line) - len(line.lstrip())


def command_of(kind: str, path: str, number: int, command: str) -> Caller:
    match = DOCKER_BUILD.search(command)
    rest = re.split(r"\s*(?:&&|\|\||;|\|)\s*", command[match.end() :] if match else command)[0]
    if match is not None and match[0].startswith("docker.build"):
        rest = re.sub("[\"']", "", rest)
    values, positional = options_of(rest)
    names = [value.split("=", 1)[0] for value in values.get("--build-arg", []) if value]
    dockerfile = next(iter(values.get("-f", []) + values.get("--file", []) + values.get("--dockerfile", [])), None)
    builds = match is not None and "compose" not in match[0] and "bake" not in match[0]
    contexts = (*values.get("--context", []), *positional) if builds else ()
    return Caller(
        kind=kind,
        path=path,
        line=number,
        text=shown(command),
        dockerfile=dockerfile if builds else None,
        context=contexts[-1] if contexts else None,
        target=next(iter(values.get("--target", [])), None),
        build_args=tuple(dict.fromkeys(names)),
        named_stages=tuple(dict.fromkeys(values.get("--no-cache-filter", []))),
        contexts=tuple(_pairs(values.get("--build-context", []))),
    )


def _pairs(values: list[str]) -> Iterator[tuple[str, str]]:
    """NAME=WHERE, taken apart."""
    for value in values:
        name, equals, where = value.partition("=")
        if equals:
            yield name, where


def options_of(command: str) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    """The options of a command line with their values, and its other words."""
    values: dict[str, list[str]] = {}
    positional: list[str] = []
    words = iter([_unwrapped(re.sub("[\"']", "", word)) for word in _WORD.findall(command)])
    for word in words:
        name, equals, value = word.partition("=")
        if not word.startswith("-"):
            positional += [word] if re.search(r"[\w.$/]", word) else []
        elif name not in _TAKES_NO_VALUE:
            values.setdefault(name, []).append(value if equals else next(words, ""))
    return values, tuple(positional)


def _unwrapped(word: str) -> str:
    """A word without what closes the text that the command stands in: the `)` of a call, the `}` of JSON."""
    while word and (opening := {")": "(", "}": "{", "]": "[", ",": ","}.get(word[-1])):
        if opening != "," and word.count(opening) >= word.count(word[-1]):
            break
        word = word[:-1]
    return word
