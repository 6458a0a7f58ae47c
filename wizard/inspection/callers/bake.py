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
_PAIR = re.compile(r'"?([\w./-]+)"?\s*[=:]\s*"([^"]*)"')
_KEY = re.compile(r'^\s*"?(\w+)"?\s*[=:]', re.MULTILINE)


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
    for match, following in zip(found, [*found[1:], None], strict=True):
        body = text[match.end() : following.start() if following else len(text)]
        attributes: dict[str, Any] = {
            name: value[1]
            for name in ("context", "dockerfile", "target")
            if (value := re.search(_ATTRIBUTE.format(name=name), body, re.MULTILINE))
        }
        contexts = _CONTEXTS.search(body)
        attributes["contexts"] = dict(_PAIR.findall(contexts[1])) if contexts else {}
        arguments = _ARGUMENTS.search(body)
        names = tuple(_KEY.findall(arguments[1])) if arguments else ()
        line = text.count("\n", 0, match.start(1)) + 1
        yield _caller(path, line, match[1], attributes, names)


def _caller(path: str, line: int, name: str, target: dict[str, Any], arguments: tuple[str, ...]) -> Caller:
    def text(key: str) -> str | None:
        value = target.get(key)
        return value if isinstance(value, str) else None

    place = (path, line, f'target "{name}"')
    contexts = target.get("contexts")
    named = tuple((str(key), str(value)) for key, value in contexts.items()) if isinstance(contexts, dict) else ()
    return Caller("bake", *place, text("dockerfile"), text("context"), text("target"), arguments, contexts=named)
