"""The last comparison of each build context, kept in the repo's state folder: a report can be made of it later."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wizard.belonging import Kept, newest_of
from wizard.compare.values import Comparison
from wizard.errors import BadInput
from wizard.state import StateFolder

_VERSION = 1


def save_last(comparison: Comparison, state: StateFolder, context: str, dockerfile: str) -> Path:
    """Keep the comparison in place of the one before of the same build context (relative to the root, as the
    Dockerfile is). Raises BadInput where it cannot be written."""
    path = state.ensure() / _name(context)
    fresh = path.with_suffix(".new")
    data = {
        "version": _VERSION,
        "context": context,
        "dockerfile": dockerfile,
        "comparison": dataclasses.asdict(comparison),
    }
    text = json.dumps(data)
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        fresh.replace(path)
    except OSError as error:
        raise BadInput(f"cannot be written: {(error.strerror or '').lower()}", path=str(path)) from error
    return path


def load_last(state: StateFolder, context: str = ".") -> Kept[Comparison] | None:
    """The comparison of a build context, else of the one project below it; None where there is none that this version
    can read. Raises SeveralProjects where there are some of several projects below it.
    """
    kept = [found for path in state.path.glob("comparison*.json") if (found := _read(path)) is not None]
    return newest_of(sorted(kept, key=lambda one: one.value.at, reverse=True), context)


def _name(context: str) -> str:
    key = hashlib.sha256(context.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return "comparison.json" if context == "." else f"comparison-{key}.json"


def _read(path: Path) -> Kept[Comparison] | None:
    try:
        data = json.loads(path.read_text("utf-8"))
        if data["version"] != _VERSION:
            return None
        comparison = typing.cast(Comparison, _value(Comparison, data["comparison"]))
        return Kept(data.get("context", "."), (data.get("dockerfile", "Dockerfile"),), comparison)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _value(kind: Any, data: Any) -> Any:
    """JSON data as a value of this type: dataclasses, tuples, mappings, unions with None, plain values."""
    origin = typing.get_origin(kind)
    arguments = typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        if data is None:
            return None
        return _value(next(argument for argument in arguments if argument is not types.NoneType), data)
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return typing.cast(Any, kind)(**{name: _value(hints[name], item) for name, item in data.items()})
    if origin is tuple:
        return tuple(_value(arguments[0], item) for item in data)
    if origin is Mapping:
        return {name: _value(arguments[1], item) for name, item in data.items()}
    return data
