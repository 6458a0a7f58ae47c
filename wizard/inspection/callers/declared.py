"""Builds that files of other tools declare: skaffold, dev containers, platforms, CI tasks.

They say the same things by names of their own; so every mapping in them that names a Dockerfile is taken for a build.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from wizard.inspection.callers.command_line import command_of, options_of
from wizard.inspection.masking import shown
from wizard.inspection.values import Caller

_DOCKERFILE = (
    "dockerfile",
    "dockerFile",
    "Dockerfile",
    "dockerfilePath",
    "dockerfile_path",
    "dockerfile-path",
    "filename",
)
_CONTEXT = ("context", "buildContext", "build_context", "dockerContext", "source_dir")
_TARGET = ("target", "build-target", "build_target", "buildTarget", "targetStage", "docker_build_target")
_ARGUMENTS = ("args", "buildArgs", "build_args", "buildargs", "build-args", "docker_build_args")
_OPTIONS = ("arguments", "extra_build_args", "additionalBuildArgs", "options")
"""Keys whose value is options of `docker build`."""
_NAMES_ONE = re.compile(r"""dockerfile(?:[-_]?path)?["']?\s*[:=]""")
_OF_DOCKER = re.compile(r"^\s*docker:\s*$", re.MULTILINE)
_KANIKO = re.compile(r"\bkaniko\b")
_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])')
_CALL = re.compile(
    r"\b(?:docker_build|images\.build|docker\.image\.build|custom_build)\((?P<body>[^()]*(?:\([^()]*\)[^()]*)*)\)"
)
_NAMED = re.compile(r"""\b(\w+)\s*=\s*f?(["'])(.*?)\2""")
_PLACED = re.compile(r"""(?:^|,)\s*(["'])(.*?)\1\s*(?=,|$)""")
_KEYS = re.compile(r"""["']([A-Za-z_]\w*)["']\s*:""")


def read_declared(path: str, text: str) -> tuple[Caller, ...]:
    """The builds of a YAML, JSON (with comments) or TOML file; none of one that cannot be read. Paths as written."""
    if not _speaks(text.lower()):
        return ()
    callers: list[Caller] = []
    for content in _load(path, text):
        callers += _walk(path, text, content, "")
    return tuple(callers)


def _speaks(text: str) -> bool:
    """Whether a file may declare a build: to read YAML takes a hundred times as long as to look for expressions, and
    that a hundred times as long as to look for words."""
    if "docker" in text and ("cloud-builders/docker" in text or _NAMES_ONE.search(text) is not None):
        return True
    if "docker:" in text and _OF_DOCKER.search(text) is not None:
        return True
    return "kaniko" in text and _KANIKO.search(text) is not None


def read_calls(path: str, text: str) -> tuple[Caller, ...]:
    """The builds of a Tiltfile."""
    return tuple(_call(path, text, found) for found in _CALL.finditer(text))


def _load(path: str, text: str) -> Iterator[Any]:
    if path.endswith((".yml", ".yaml")):
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError

        try:
            yield from YAML(typ="rt").load_all(text)
        except (YAMLError, ValueError, RecursionError):
            return
    elif path.endswith(".toml"):
        import tomllib

        try:
            yield tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError):
            return
    else:
        import json

        plain = _TRAILING_COMMA.sub(lambda found: found[1] or "", _COMMENT.sub(lambda found: found[1] or "", text))
        try:
            yield json.loads(plain)
        except (ValueError, RecursionError):
            return


def _walk(path: str, text: str, content: Any, key: str) -> Iterator[Caller]:
    if isinstance(content, Mapping):
        named = next((name for name in _DOCKERFILE if isinstance(content.get(name), str)), None)
        if _is_command(content):
            line = _line(text, content, "args", "") or 1
            yield command_of("ci", path, line, f"docker build {' '.join(str(one) for one in content['args'])}")
            return
        if named is not None or key == "docker":
            caller = _caller(path, text, content, named)
            if caller is not None:
                yield caller
                return
        for name, value in content.items():
            yield from _walk(path, text, value, str(name))
    elif isinstance(content, list):
        for value in content:
            yield from _walk(path, text, value, key)


def _is_command(content: Mapping[str, Any]) -> bool:
    """Whether a step of Cloud Build, or a container, is given the words of a build, for docker's image or kaniko's."""
    image = str(content.get("name", "")) + " " + str(content.get("image", ""))
    words = content.get("args")
    return isinstance(words, list) and ("kaniko" in image or ("docker" in image and "build" in words))


def _caller(path: str, text: str, content: Mapping[str, Any], named: str | None) -> Caller | None:
    def first(names: tuple[str, ...]) -> str | None:
        return next((value for name in names if isinstance(value := content.get(name), str)), None)

    arguments: Any = next((content[name] for name in _ARGUMENTS if content.get(name)), ())
    names = [str(one).partition("=")[0] for one in arguments] if isinstance(arguments, Mapping | list) else []
    options, _ = options_of(first(_OPTIONS) or "")
    target = first(_TARGET) or next(iter(options.get("--target", [])), None)
    names += [value.partition("=")[0] for value in options.get("--build-arg", [])]
    if named is None and target is None and not names:
        return None
    dockerfile = content.get(named) if named else None
    line = _line(text, content, named or "target", str(dockerfile or target or ""))
    what = f"{named}: {dockerfile}" if named else f"target: {target}"
    return Caller("declared", path, line, shown(what), dockerfile, first(_CONTEXT), target, tuple(dict.fromkeys(names)))


def _line(text: str, content: Any, key: str, value: str) -> int | None:
    try:
        return int(content.lc.key(key)[0]) + 1
    except (AttributeError, KeyError, TypeError):
        offset = text.find(value)
        return text.count("\n", 0, offset) + 1 if value and offset >= 0 else None


def _call(path: str, text: str, found: re.Match[str]) -> Caller:
    body = found["body"]
    given = {name: value for name, _, value in _NAMED.findall(body)}
    placed = [value for _, value in _PLACED.findall(body)]
    arguments = re.search(r"\bbuild_?args\s*=\s*\{(.*?)\}", body, re.DOTALL)
    return Caller(
        "declared",
        path,
        text.count("\n", 0, found.start()) + 1,
        shown(text[found.start() : found.end()].splitlines()[0]),
        given.get("dockerfile"),
        given.get("path") or given.get("context") or (placed[1] if len(placed) > 1 else None),
        given.get("target"),
        tuple(_KEYS.findall(arguments[1])) if arguments else (),
    )
