"""Builds of a compose file, changed to hand over a secret. Source: docs.docker.com, Compose Build Specification."""

from __future__ import annotations

import os.path
import posixpath
import re
from copy import deepcopy
from typing import Any

from wizard.inspection.callers.given import BuildSecret, Cannot, sole_variable
from wizard.inspection.values import Caller


def in_compose(text: str, caller: Caller, secret: BuildSecret) -> str:
    """The file with the build argument of a service turned into a secret, its other bytes as they were. Raises Cannot.

    The result is read again: it has to say what the file said before, and the secret.
    """
    content = _read(text)
    name = caller.text.removeprefix("service ")
    service = content["services"][name]
    build = service["build"]
    lines = text.splitlines(keepends=True)
    newline = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    variable, removed = _argument(build, secret)
    source = _source(caller, secret, variable)
    if isinstance(build, dict):
        _change_build(lines, service, secret, removed, newline)
    else:
        number = service.lc.key("build")[0]
        indent = " " * service.lc.key("build")[1]
        more = "".join(f"{indent}  {line}{newline}" for line in (f"context: {build}", "secrets:", f"  - {secret.id}"))
        if not re.fullmatch(rf"\s*build:\s*[\"']?{re.escape(str(build))}[\"']?\s*", lines[number]):
            raise Cannot("its `build` is not written on one plain line")
        lines[number] = f"{indent}build:{newline}{more}"
    result = _with_definition("".join(lines), content, secret, source, newline)
    if _read(result) != _expected(content, name, secret, source):
        raise Cannot("its form (flow style, anchors or merges) is not changed")
    return result


def _read(text: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="rt").load(text)
    except (YAMLError, ValueError, RecursionError):
        raise Cannot("the changed file cannot be read as YAML") from None


def _argument(build: Any, secret: BuildSecret) -> tuple[str, int | None]:
    """The variable whose value it hands over, and the line (from 0) of the build argument. Raises Cannot."""
    arguments = build.get("args") if isinstance(build, dict) else None
    if secret.file is not None or not arguments:
        return secret.id, None
    if isinstance(arguments, dict):
        if secret.id not in arguments:
            return secret.id, None
        value, line = arguments[secret.id], _line(arguments, secret.id)
    else:
        at = next((n for n, one in enumerate(arguments) if str(one).partition("=")[0] == secret.id), None)
        if at is None:
            return secret.id, None
        _, equals, given = str(arguments[at]).partition("=")
        value, line = given if equals else None, arguments.lc.item(at)[0]
    variable = secret.id if value is None else sole_variable(str(value))
    if variable is None:
        raise Cannot("the value that it hands over is no single variable")
    return variable, line


def _line(mapping: Any, key: str) -> int:
    try:
        return int(mapping.lc.key(key)[0])
    except (AttributeError, KeyError, TypeError):
        raise Cannot("its arguments are not written where they are used") from None


def _change_build(lines: list[str], service: Any, secret: BuildSecret, removed: int | None, newline: str) -> None:
    """Takes the argument's line away and names the secret, in place."""
    build = service["build"]
    if build.fa.flow_style():
        raise Cannot("its `build` is written in flow style")
    if removed is not None:
        lines[removed] = ""
        if len(build["args"]) == 1:
            lines[_line(build, "args")] = ""
    if build.get("secrets") is not None:
        at = _line(build, "secrets")
        item = re.match(r"\s*- ", lines[at + 1]) if at + 1 < len(lines) else None
        if item is None:
            raise Cannot("its list of secrets is not written one a line")
        lines[at] += f"{item[0]}{secret.id}{newline}"
        return
    start, depth = service.lc.key("build")
    indent = " " * int(build.lc.key(next(iter(build)))[1])
    last = end = int(start)
    while end + 1 < len(lines) and (
        not lines[end + 1].strip() or len(lines[end + 1]) - len(lines[end + 1].lstrip()) > depth
    ):
        end += 1
        last = end if lines[end].strip() and not lines[end].lstrip().startswith("#") else last
    if not lines[last].endswith("\n"):
        lines[last] += newline if lines[last] else ""
    lines[last] += f"{indent}secrets:{newline}{indent}  - {secret.id}{newline}"


def _source(caller: Caller, secret: BuildSecret, variable: str) -> dict[str, str]:
    if secret.file is None:
        return {"environment": variable}
    folder = posixpath.dirname(caller.path) or "."
    return {"file": f"./{os.path.relpath(secret.place(caller), folder)}"}


def _with_definition(text: str, content: Any, secret: BuildSecret, source: dict[str, str], newline: str) -> str:
    """The file with the top-level definition of the secret."""
    ((key, value),) = source.items()
    defined = content.get("secrets")
    if isinstance(defined, dict) and secret.id in defined:
        if dict(defined[secret.id]) != source:
            raise Cannot(f"it has another secret of the name {secret.id}")
        return text
    entry = f"  {secret.id}:{newline}    {key}: {value}{newline}"
    if defined is not None:
        return re.sub(r"(?m)^secrets:[ \t]*\r?\n", lambda found: found[0] + entry, text, count=1)
    return f"{text}{'' if text.endswith(newline) else newline}{newline}secrets:{newline}{entry}"


def _expected(content: Any, name: str, secret: BuildSecret, source: dict[str, str]) -> Any:
    """What the file has to say once it is changed."""
    wanted = deepcopy(content)
    service = wanted["services"][name]
    if not isinstance(service["build"], dict):
        service["build"] = {"context": service["build"]}
    build = service["build"]
    arguments = build.get("args")
    if secret.file is None and isinstance(arguments, dict):
        arguments.pop(secret.id, None)
    elif secret.file is None and arguments:
        build["args"] = [one for one in arguments if str(one).partition("=")[0] != secret.id]
    if "args" in build and not build["args"]:
        del build["args"]
    named = build.get("secrets") or []
    build["secrets"] = [secret.id, *named]
    wanted.setdefault("secrets", {}).setdefault(secret.id, source)
    return wanted
