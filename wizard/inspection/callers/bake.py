"""Bake files: targets with their Dockerfile, context, stage and arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from wizard.inspection.values import Caller

_TARGET = re.compile(r'^\s*target\s+"?([\w-]+)"?\s*\{', re.MULTILINE)
_ATTRIBUTE = r'^\s*{name}\s*=\s*"([^"]*)"'
_ARGUMENTS = re.compile(r"^\s*args\s*=\s*\{(.*?)\}", re.MULTILINE | re.DOTALL)
_CONTEXTS = re.compile(r"^\s*contexts\s*=\s*\{(.*?)\}", re.MULTILINE | re.DOTALL)
_PAIR = re.compile(r'"?([\w./:@-]+)"?\s*[=:]\s*"([^"]*)"')
_KEY = re.compile(r'(?:^|[,{\n])\s*"?(\w+)"?\s*[=:]')
_LIST = r"^\s*{name}\s*=\s*\[(.*?)\]"
_VARIABLE = re.compile(r'^\s*variable\s+"(\w+)"\s*\{[^}]*?\bdefault\s*=\s*"([^"]*)"', re.MULTILINE | re.DOTALL)


def read_bake(path: str, text: str) -> tuple[Caller, ...]:
    """The targets of a bake file. Paths stay as written: bake takes them relative to where it is started."""
    return tuple(_json(path, text) if path.endswith(".json") else _hcl(path, text))


def _json(path: str, text: str) -> Iterator[Caller]:
    import json

    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return
    targets = content.get("target") if isinstance(content, dict) else None
    for name, target in targets.items() if isinstance(targets, dict) else ():
        if isinstance(target, dict):
            offset = text.find(f'"{name}"')
            yield _caller(path, text.count("\n", 0, max(offset, 0)) + 1, name, target, tuple(target.get("args") or ()))


def _hcl(path: str, text: str) -> Iterator[Caller]:
    found = list(_TARGET.finditer(text))
    variables = dict(_VARIABLE.findall(text))
    targets: dict[str, dict[str, Any]] = {}
    for match, following in zip(found, [*found[1:], None], strict=True):
        body = text[match.end() : following.start() if following else len(text)]
        targets[match[1]] = own = _attributes(body, variables)
        line = text.count("\n", 0, match.start(1)) + 1
        whole = _inherited(own, targets)
        yield _caller(path, line, match[1], whole, tuple(whole["args"]))


def _attributes(body: str, variables: dict[str, str]) -> dict[str, Any]:
    """What a target says itself; variables are put in by their defaults."""
    attributes: dict[str, Any] = {
        name: re.sub(r"\$\{(\w+)\}", lambda found: variables.get(found[1], found[0]), value[1])
        for name in ("context", "dockerfile", "target")
        if (value := re.search(_ATTRIBUTE.format(name=name), body, re.MULTILINE))
    }
    for name in ("inherits", "no-cache-filter"):
        value = re.search(_LIST.format(name=name), body, re.MULTILINE | re.DOTALL)
        attributes[name] = re.findall(r'"([^"]*)"', value[1]) if value else []
    contexts, arguments = _CONTEXTS.search(body), _ARGUMENTS.search(body)
    attributes["contexts"] = dict(_PAIR.findall(contexts[1])) if contexts else {}
    attributes["args"] = _KEY.findall(arguments[1]) if arguments else []
    return attributes


def _inherited(own: dict[str, Any], targets: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A target with what it inherits of those above it in the file."""
    whole: dict[str, Any] = {"args": []}
    for name in own["inherits"]:
        above = targets.get(name)
        if above is not None and above is not own:
            parent = _inherited(above, {key: one for key, one in targets.items() if one is not own})
            whole = {**whole, **parent, "args": [*whole["args"], *parent["args"]]}
    return {**whole, **own, "args": list(dict.fromkeys([*whole["args"], *own["args"]]))}


def _caller(path: str, line: int, name: str, target: dict[str, Any], arguments: tuple[str, ...]) -> Caller:
    def text(key: str) -> str | None:
        value = target.get(key)
        return value if isinstance(value, str) else None

    place = (path, line, f'target "{name}"')
    contexts = target.get("contexts")
    named = tuple((str(key), str(value)) for key, value in contexts.items()) if isinstance(contexts, dict) else ()
    stages = tuple(map(str, target.get("no-cache-filter") or ()))
    return Caller("bake", *place, text("dockerfile"), text("context"), text("target"), arguments, stages, named)
