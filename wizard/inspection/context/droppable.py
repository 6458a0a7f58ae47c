"""What of a build context can stay at home: the patterns of assets/knowledge, each held against the repo.

Whatever is not decided by a fact of the repo stays in: a path that is left in costs bytes, a missing one breaks the
image.
"""

from __future__ import annotations

import fnmatch
import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from wizard.assets import knowledge
from wizard.dockerfile.sources import is_pattern
from wizard.ignorefile import parse as parse_ignore_file
from wizard.inspection.context.eligible import MINIMUM, PLAIN, Context

WORTH_A_WORD = 1_000_000
"""Bytes from which it is worth saying why something stays in."""

_PART_OF_THE_PROGRAM = (
    *(".py", ".pyi", ".so", ".pyd", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".html", ".css", ".go", ".rs", ".rb"),
    *(".java", ".jar", ".war", ".class", ".php", ".sh", ".wasm", ".map", ".whl", ".node", ".dll", ".exe", ".deb"),
    *(".pt", ".pth", ".onnx", ".safetensors", ".ckpt", ".gguf", ".bin", ".pkl", ".joblib", ".model", ".pb", ".tflite"),
    *(".crt", ".pem", ".key", ".mo", ".proto"),
)
"""Endings of code, of what is built from it, and of trained models: never taken for data."""
_DEFAULT_COMPOSE = re.compile(r"(?:docker-)?compose\.ya?ml")


class Droppable(NamedTuple):
    """The lines that can be added, as (group, pattern), and sentences on what stays in and why."""

    lines: tuple[tuple[str, str], ...]
    left_in: tuple[str, ...]


def droppable(context: Context) -> Droppable:
    """Every pattern that the repo does not speak against, those for data last."""
    lines: list[tuple[str, str]] = []
    left_in: list[str] = []
    patterns = knowledge("ignore_patterns")["pattern"]
    whole = _checkout_is_described(next(entry for entry in patterns if entry["pattern"] == ".git"), context)
    withheld = False
    for entry in patterns:
        pattern = f"**/{entry['pattern']}" if entry["anywhere"] else entry["pattern"]
        hits = context.matching(pattern)
        if not hits and ("of" in entry and not context.has(entry["of"])):
            continue
        if pattern == ".git" and not hits and context.workspace.context != ".":
            continue
        needed = _needed(entry, pattern, hits, context)
        if needed is None and whole and not all(map(context.is_ignored, hits)):
            withheld = True
        elif needed is None:
            lines.append((entry["group"], pattern))
        elif hits and needed and sum(context.sizes[hit] for hit in hits) >= MINIMUM:
            left_in.append(f"{entry['pattern']} stays in: {needed}.")
    if withheld:
        left_in.append("What git tracks stays in: `git describe` calls a checkout without it dirty.")
    environments = (path for path in _environments(context, lines) if not whole or context.is_ignored(path))
    lines += [("Virtual environments", path) for path in environments]
    data, named = _data(context)
    lines += [("Data that git ignores and nothing here needs", path) for path in data]
    return Droppable(tuple(lines), (*left_in, *named))


def _checkout_is_described(git: Mapping[str, Any], context: Context) -> bool:
    """Whether something in the image asks the `.git` of the context, and so sees a tracked file that is missing.

    setuptools-scm and its like then make another version of a clean checkout of a tag.
    """
    root = context.workspace.root
    kept_out = os.path.lexists(root / ".git") and ".git" not in context.sizes
    return context.workspace.context == "." and not kept_out and _asked_for(git, context) is not None


def _needed(entry: Mapping[str, Any], pattern: str, hits: list[str], context: Context) -> str | None:
    """Why what the pattern drops may be needed, in words ("" where there is nothing to say); None where it is not."""
    if _dropped_source(pattern, context):
        return "an instruction or a link of the repo names it"
    if entry["class"] == "always":
        return _asked_for(entry, context) or _not_made(entry, hits, context)
    if not hits or any("$" in source for source in context.sources):
        return ""
    if entry["class"] == "ignored" and not all(context.is_ignored(hit) for hit in hits):
        return ""
    if set(entry.get("except", ())) & set(context.nodes) or any(context.has(name) for name in entry.get("unless", ())):
        return ""
    if not context.texts.complete:
        return "there are too many files to see what names what"
    asked = _asked_for(entry, context)
    if asked is not None:
        return asked
    for name in {hit.rpartition("/")[2] for hit in hits}:
        place = context.texts.naming(name)
        if place is not None:
            return f"{place} names {name}"
    return None


def _asked_for(entry: Mapping[str, Any], context: Context) -> str | None:
    words = "|".join(map(re.escape, entry.get("needed_by", ())))
    patterns = ([rf"(?<![\w-])(?:{words})(?![\w-])"] if words else []) + list(entry.get("needed_when", ()))
    if not patterns:
        return None
    if not context.texts.complete:
        return "there are too many files to see what asks for it"
    pattern = re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.MULTILINE)
    place = context.texts.matching(pattern, (*entry.get("needed_by", ()), *entry.get("signs", ())))
    return None if place is None else f"{place} asks for it"


def _not_made(entry: Mapping[str, Any], hits: list[str], context: Context) -> str | None:
    """Why the image may use what comes with the context: nothing makes it anew."""
    if "made_by" not in entry:
        return None
    if entry.get("committed_counts") and hits and context.ignored and not all(context.is_ignored(hit) for hit in hits):
        return "git tracks it, or does not ignore it"
    words = "|".join(map(re.escape, entry["made_by"]))
    if re.search(rf"(?<![\w-])(?:{words})(?![\w-])", context.texts.commands):
        return None
    named = re.search(rf"(?<![\w.-]){re.escape(entry['pattern'])}(?![\w-])", context.texts.commands)
    if named or ("implied_by" in entry and (hits or context.has(entry["implied_by"]))):
        return "no RUN makes it anew"
    return None


def _environments(context: Context, lines: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Virtual environments under other names than the usual one."""
    covered = parse_ignore_file("\n".join(pattern for _, pattern in lines).encode())
    for marker in context.nodes.get("pyvenv.cfg", ()):
        folder = posixpath.dirname(marker)
        if folder and PLAIN.fullmatch(folder) and not covered.explain(folder)[0]:
            named = re.search(rf"(?<![\w.-]){re.escape(folder)}(?![\w-])", context.texts.commands)
            if not named and not _dropped_source(folder, context):
                yield folder


def _data(context: Context) -> tuple[list[str], list[str]]:
    """Data that can stay at home, and sentences on what looks like data and stays in."""
    lines: list[str] = []
    stays: list[str] = []
    for path in context.suspects:
        if path not in context.ignored:
            continue
        name = path.rpartition("/")[2]
        if _holds(context, path, _PART_OF_THE_PROGRAM):
            reason = "it holds code or a model"
        elif _dropped_source(path, context) or any("$" in source for source in context.sources):
            reason = "an instruction or a link of the repo may name it"
        elif not context.texts.complete:
            reason = "there are too many files to see what names it"
        elif _mounted_over(context, path):
            lines.append(path)
            continue
        else:
            place = context.texts.naming_beside_mounts(name)
            if place is None:
                lines.append(path)
                continue
            reason = f"{place} names it"
        if context.sizes[path] >= WORTH_A_WORD:
            stays.append(f"{path} stays in: {reason}.")
    return lines, stays


def _holds(context: Context, path: str, endings: tuple[str, ...]) -> bool:
    return any(file.lower().endswith(endings) for file in context.paths if file == path or file.startswith(f"{path}/"))


def _mounted_over(context: Context, path: str) -> bool:
    """Whether the compose file mounts the folder of the host where the image would have its copy."""
    places = [posixpath.join(destination, path) for destination in context.destinations]
    source = rf"\./{re.escape(path)}/?"
    short = re.compile(rf"-\s*[\"']?{source}:(?P<target>/[^:\"'\s]+)")
    long = re.compile(rf"source:\s*[\"']?{source}[\"']?\s*\n(?:[^\n]*\n)?\s*target:\s*[\"']?(?P<target>/[^\"'\s]+)")
    for file, text in context.texts.host.items():
        if context.workspace.to_context(file) is None or not _DEFAULT_COMPOSE.fullmatch(file.rpartition("/")[2]):
            continue
        if posixpath.dirname(file) != context.workspace.context.removeprefix("."):
            continue
        targets = [match["target"].rstrip("/") for form in (short, long) for match in form.finditer(text)]
        if places and targets and all(any(f"{place}/".startswith(f"{t}/") for t in targets) for place in places):
            return True
    return False


def _dropped_source(pattern: str, context: Context) -> bool:
    """Whether the pattern drops what an instruction names, or where a link leads that itself stays."""
    if not context.sources and not context.links:
        return False
    excluded = parse_ignore_file(pattern.encode()).explain
    for source in context.sources:
        if excluded(source)[0]:
            return True
        if is_pattern(source) and any(
            excluded(path)[0] for path in fnmatch.filter(context.sizes, source) if path.count("/") == source.count("/")
        ):
            return True
    return any(excluded(target)[0] and not excluded(link)[0] for link, target in context.links.items())
