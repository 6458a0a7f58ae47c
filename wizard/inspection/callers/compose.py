"""Compose files: which services build, with which Dockerfile, target and arguments."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from wizard.inspection.values import Caller


def read_compose(path: str, text: str) -> tuple[tuple[Caller, ...], str | None]:
    """The builds of a compose file, and a note for people where it cannot be read.

    `context` and `dockerfile` come back relative to the root: compose takes the context relative to its own file, the
    Dockerfile relative to the context. A context that is an address stays as written.
    """
    if "build" not in text:
        return (), None
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        # The round-trip reader keeps line numbers, and like the safe one makes no objects of the file's choosing.
        content = YAML(typ="rt").load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark is not None else path
        return (), f"{place}: cannot be read as YAML"
    services = content.get("services") if isinstance(content, dict) else None
    if not isinstance(services, dict):
        return (), None
    callers = [
        _caller(path, str(name), service, _line(services, name))
        for name, service in services.items()
        if isinstance(service, dict) and service.get("build") and not _is_inline(service["build"])
    ]
    return tuple(callers), None


def _caller(path: str, name: str, service: dict[str, Any], line: int | None) -> Caller:
    build = service["build"]
    options: dict[str, Any] = build if isinstance(build, dict) else {"context": str(build)}
    context = _default(str(options.get("context", ".")))
    local = "://" not in context and not context.startswith("git@") and "$" not in context
    folder = posixpath.normpath(posixpath.join(posixpath.dirname(path), context)) if local else context
    dockerfile = options.get("dockerfile")
    if dockerfile is not None:
        dockerfile = _default(str(dockerfile))
        dockerfile = posixpath.normpath(posixpath.join(folder, str(dockerfile))) if local else str(dockerfile)
    arguments = options.get("args") or ()
    names = [str(argument).split("=", 1)[0] for argument in arguments]
    target = options.get("target")
    return Caller(
        kind="compose",
        path=path,
        line=_line(service, "build") or line,
        text=f"service {name}",
        dockerfile=dockerfile,
        context=folder,
        target=_default(str(target)) if target else None,
        build_args=tuple(names),
        contexts=tuple(_contexts(posixpath.dirname(path), options.get("additional_contexts"))),
    )


def _is_inline(build: Any) -> bool:
    """Whether the Dockerfile stands in the compose file itself."""
    return isinstance(build, dict) and "dockerfile_inline" in build


def _default(value: str) -> str:
    """A value with the defaults of its variables: `${TARGET:-dev}` is `dev` where nobody sets TARGET."""
    return re.sub(r"\$\{\w+:?-([^}]*)\}", r"\1", value)


def _contexts(folder: str, given: Any) -> Iterator[tuple[str, str]]:
    """`additional_contexts`, a mapping or a list of NAME=WHERE; folders are relative to the compose file."""
    pairs = given.items() if isinstance(given, dict) else (str(one).partition("=")[::2] for one in given or ())
    for name, value in pairs:
        where = str(value)
        local = ":" not in where and "$" not in where
        yield str(name), posixpath.normpath(posixpath.join(folder, where)) if local else where


def _line(mapping: Any, key: Any) -> int | None:
    try:
        return int(mapping.lc.key(key)[0]) + 1
    except (AttributeError, KeyError, TypeError):
        return None


class ServiceProgram(NamedTuple):
    """What a service of a compose file has its container run besides the image's own CMD."""

    service: str
    key: str
    """`command`, `entrypoint` or `test` (of the healthcheck)."""
    line: int | None
    text: str


def given_programs(text: str) -> Iterator[ServiceProgram]:
    """The programs that every service of a compose file gives; nothing of a file that cannot be read."""
    if not any(word in text for word in ("command", "entrypoint", "healthcheck")):
        return
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        content = YAML(typ="rt").load(text)
    except (YAMLError, ValueError, RecursionError):
        return
    services = content.get("services") if isinstance(content, dict) else None
    for name, service in services.items() if isinstance(services, dict) else ():
        if not isinstance(service, dict):
            continue
        check = service.get("healthcheck")
        tested = (check, "test") if isinstance(check, dict) else (service, "")
        for holder, key in ((service, "command"), (service, "entrypoint"), tested):
            value = holder.get(key)
            words = [str(one) for one in value] if isinstance(value, list) else [str(value)] if value else []
            words = words[1:] if words and words[0] in ("CMD", "CMD-SHELL") else words
            if words:
                yield ServiceProgram(str(name), key, _line(holder, key), " ".join(words))
