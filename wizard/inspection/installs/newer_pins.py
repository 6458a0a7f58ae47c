"""Newer releases of what requirements files pin: what has to be asked of a resolver, and what its answers come to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

from wizard.inspection.ecosystems.requirements import RequirementsFile, parse_requirements
from wizard.inspection.questions import LockQuestion

if TYPE_CHECKING:
    from packaging.version import Version

Distance = Literal["major", "minor", "patch"]


class Pin(NamedTuple):
    """A line of a requirements file that asks for one version with `==`."""

    name: str
    """Normalised."""
    version: str
    path: str
    line: int


class Newer(NamedTuple):
    """A pin that there are newer releases of."""

    pin: Pin
    newest: str
    distance: Distance
    """How far the newest is from the pinned one."""
    compatible: str | None
    """What fits together with everything else and keeps the major version; None where that is the pinned one."""


def pins_of(question: LockQuestion) -> tuple[Pin, ...]:
    """The pins of the files that a question is about, not of those that only constrain.

    Left out: a package that several lines name (which of them counts, the environment decides), a local version (it
    belongs to an index of its own) and a version that is not written plainly.
    """
    read = [parse_requirements(text, path) for path, text in question.files if path not in question.constraints]
    constraints = {file.resolve(line) for file in read for line in file.constraints}
    asking = [file for file in read if file.path not in constraints]
    named = Counter(requirement.name for file in asking for requirement in file.requirements)
    return tuple(pin for file in asking for pin in _pins(file) if named[pin.name] == 1)


def opened(question: LockQuestion, pins: Iterable[Pin], *, majors: bool, partial: bool = True) -> LockQuestion:
    """The question what the files come to where the pins may go up: with `majors` without end and each by itself, else
    up to the next release that may break what uses it, all together. With `partial` what has no wheel is left out."""
    wanted = {pin: f">={pin.version}" + ("" if majors else f",<{_next_major(pin.version)}") for pin in pins}
    files = tuple((path, rewritten(path, text, wanted)) for path, text in question.files)
    return question._replace(files=files, previous=b"", alone=majors, partial=partial)


def rewritten(path: str, content: bytes, wanted: Mapping[Pin, str]) -> bytes:
    """A requirements file with other specifiers (`==3.1.0`) in place of its pins; every other byte stays."""
    file = parse_requirements(content, path)
    of = {pin.line: (pin, specifier) for pin, specifier in wanted.items() if pin.path == path}
    if not of:
        return content
    sources = []
    for line in file.lines:
        pin, specifier = of.get(line.line, (None, ""))
        source = line.source
        if pin is not None:
            # As the person writes it: `flask == 2.0` keeps its blank.
            source = _written(pin.version).sub(rf"{specifier[:2]}\g<1>{specifier[2:]}", source, count=1)
        sources.append(source)
    return "".join(sources).encode(file.encoding)


def newer_of(pins: Iterable[Pin], newest: str, compatible: str) -> tuple[Newer, ...]:
    """What two answers say: the lines of each release by itself, and of those that fit together ("" for none).

    A package of which the machines get several versions is left out.
    """
    alone, together = _versions(newest), _versions(compatible)
    found = []
    for pin in pins:
        latest = alone.get(pin.name)
        if latest is None or not _is_newer(latest, pin.version):
            continue
        fits = together.get(pin.name)
        within = fits if fits is not None and _is_newer(fits, pin.version) else None
        found.append(Newer(pin, latest, distance(pin.version, latest), within))
    return tuple(found)


def distance(old: str, new: str) -> Distance:
    """How far two versions are apart; below 1.0 the second number counts as the major one (semver.org, item 4)."""
    before, after = _version(old), _version(new)
    if (before.epoch, before.major) != (after.epoch, after.major):
        return "major"
    if before.minor != after.minor:
        return "minor" if before.major else "major"
    return "patch"


def _next_major(version: str) -> str:
    """The first version that may break what uses this one."""
    parsed = _version(version)
    epoch = f"{parsed.epoch}!" if parsed.epoch else ""
    return f"{epoch}{parsed.major + 1}" if parsed.major else f"{epoch}0.{parsed.minor + 1}"


def _is_newer(new: str, old: str) -> bool:
    return _version(new) > _version(old)


def _versions(lines: str) -> dict[str, str]:
    """Package -> version, of the lines of a lock."""
    found: dict[str, set[str]] = {}
    for requirement in parse_requirements(lines.encode(), "").requirements:
        found.setdefault(requirement.name or "", set()).add(requirement.version or "")
    return {name: next(iter(versions)) for name, versions in found.items() if len(versions) == 1 and "" not in versions}


def _pins(file: RequirementsFile) -> Iterable[Pin]:
    if file.encoding not in ("utf-8", "utf-8-sig"):
        return
    for line in file.lines:
        one = line.requirement
        if one is None or one.name is None or one.version is None or one.specifier.startswith("===") or one.hashes:
            continue
        if _is_plain(one.version) and _written(one.version).search(line.source):
            yield Pin(one.name, one.version, file.path, one.line)


def _is_plain(version: str) -> bool:
    from packaging.version import InvalidVersion

    try:
        return _version(version).local is None
    except InvalidVersion:
        return False


def _written(version: str) -> re.Pattern[str]:
    return re.compile(rf"==(\s*){re.escape(version)}(?![\w.+!*-])")


def _version(text: str) -> Version:
    from packaging.version import Version

    return Version(text)
