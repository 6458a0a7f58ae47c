"""What a lock that was made again differs in from the one before, for a person to know."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Container
from typing import Any


def changed_versions(before: bytes, after: str, but: Container[str]) -> tuple[str, ...]:
    """Packages of both locks that are in another version than before, those of `but` left out, by name."""
    old, new = _versions(tomllib.loads(before.decode("utf-8", "replace"))), _versions(tomllib.loads(after))
    return tuple(name for name in new if name in old and name not in but and new[name] != old[name])


def changed_format(before: bytes, after: str) -> bool:
    """Whether the lock is written in another version of its format, which an older manager may not read."""
    return _format(tomllib.loads(before.decode("utf-8", "replace"))) != _format(tomllib.loads(after))


def _format(lock: dict[str, Any]) -> object:
    """The number that uv writes at the top, Poetry and PDM into a table."""
    metadata = lock.get("metadata", {})
    return lock.get("version", metadata.get("lock_version", metadata.get("lock-version")))


def _versions(lock: dict[str, Any]) -> dict[str, set[str]]:
    """The versions by package, without their local parts (`+cpu`)."""
    found: dict[str, set[str]] = {}
    for one in lock.get("package", ()):
        found.setdefault(one["name"], set()).add(re.sub(r"\+.*", "", str(one.get("version", ""))))
    return found
