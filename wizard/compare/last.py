"""The last comparison of a repo, kept in its state folder so that a report can be made of it later."""

from __future__ import annotations

import dataclasses
import json
import os
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wizard.compare.values import Comparison
from wizard.errors import BadInput
from wizard.state import StateFolder

_VERSION = 1


def save_last(comparison: Comparison, state: StateFolder) -> Path:
    """Keep the comparison in place of the one before. Raises BadInput where it cannot be written."""
    path = state.ensure() / "comparison.json"
    fresh = path.with_suffix(".new")
    text = json.dumps({"version": _VERSION, "comparison": dataclasses.asdict(comparison)})
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        fresh.replace(path)
    except OSError as error:
        raise BadInput(f"cannot be written: {(error.strerror or '').lower()}", path=str(path)) from error
    return path


def load_last(state: StateFolder) -> Comparison | None:
    """The comparison that was kept; None where there is none, or one that this version cannot read."""
    try:
        data = json.loads((state.path / "comparison.json").read_text("utf-8"))
        if data["version"] != _VERSION:
            return None
        return typing.cast(Comparison, _value(Comparison, data["comparison"]))
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
