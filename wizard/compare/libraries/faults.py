"""What the files of the new image miss, and those of the image before do not."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from wizard.compare.intended import OPTIONAL_MODULES, intended_by
from wizard.compare.values import Libraries, MissingLibrary, MissingProgram, Provider, Reason, Severity, SideResult

Missing = TypeVar("Missing", MissingLibrary, MissingProgram)

_PACKAGES = re.compile(r".*/(?:site|dist)-packages/")
_PROGRAMS = re.compile(r".*/(?=s?bin/[^/]+\Z)")
_OWN_MODULE = re.compile(r".*/lib-dynload/(?P<module>\w+)\.[^/]*\Z")
_NAMED = 8
_FILES = 2
"""Libraries, and files, named in one reason; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that files of the new image need and do not find, where the image before has it or did not need it."""

    name: str
    files: tuple[str, ...]
    """The files of the new image that need it."""
    provider: Provider | None = None
    """Where the image before has it."""
    elsewhere: str | None = None
    """A place in the new image where the loader does not look for it."""
    kind: str = "library"
    """Of the reason: `library`, `program`, or `python-module` where it touches modules of Python's own alone."""
    severity: Severity = "harmful"


def faults_between(before: Libraries, after: Libraries) -> tuple[Fault, ...]:
    """The faults of the new image that the image before does not have: plug-ins for what is not installed lack their
    libraries in both."""
    return (*_libraries(before, after), *_programs(before, after))


def library_faults(before: SideResult, after: SideResult) -> tuple[Fault, ...]:
    """The same for two sides; nothing where the files of one were not read."""
    if before.libraries is None or after.libraries is None:
        return ()
    return faults_between(before.libraries, after.libraries)


def compare_libraries(before: SideResult, after: SideResult, rules: Sequence[str] = ()) -> tuple[Reason, ...]:
    """The faults as reasons, those that one package mends as one; or that there are none."""
    if before.libraries is None or after.libraries is None:
        return ()
    faults = library_faults(before, after)
    if not faults:
        files = f"none of the {after.libraries.files} programs and libraries in the new image"
        text = f"{files} misses what the image before has"
        return (Reason("library", "harmless", text),) if after.libraries.files else ()
    groups: defaultdict[tuple[str, Severity, str | None, str], list[Fault]] = defaultdict(list)
    for fault in faults:
        names = {_module(file) for file in fault.files} if fault.kind == "python-module" else {fault.name}
        meant = {intended_by(fault.kind, str(name), rules) for name in names}
        rule = meant.pop() if len(meant) == 1 else None
        mended = (fault.provider.package if fault.provider else None) or fault.name
        groups[fault.kind, "harmless" if rule is not None else fault.severity, rule, mended].append(fault)
    return tuple(
        Reason(kind, severity, _text(together, after.installs_line), rule)
        for (kind, severity, rule, _), together in groups.items()
    )


def remedy(fault: Fault, line: int | None = None) -> str:
    """What to do about it; `line`: where the new Dockerfile installs packages for the run time."""
    if fault.elsewhere is not None:
        return f"it lies in {fault.elsewhere}, where the loader does not look: run ldconfig after it is put there"
    if fault.provider is None:
        return "neither image has it" if fault.severity == "noted" else "the image before has another version of it"
    if fault.provider.package is None:
        return f"the image before has {fault.provider.path}, which no package of the system brought: copy it too"
    where = f" in line {line}" if line is not None else ""
    return f"add {fault.provider.package} to the packages for the run time{where}"


def _text(faults: Sequence[Fault], line: int | None) -> str:
    names = _some([fault.name for fault in faults], _NAMED)
    files = list(dict.fromkeys(file for fault in faults for file in fault.files))
    verb = "is" if len(faults) == 1 else "are"
    found = "missing in" if faults[0].elsewhere is None else "not found in"
    return f"{names} {verb} {found} the new image: needed by {_some(files, _FILES)}; {remedy(faults[0], line)}"


def _some(names: Sequence[str], most: int) -> str:
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def _libraries(before: Libraries, after: Libraries) -> Iterator[Fault]:
    known = {(_place_free(one.file), one.name) for one in before.missing}
    lacking = {one.name for one in before.missing if one.elsewhere is None} - before.found.keys()
    stems = {_stem(name) for name in before.found}

    def new(one: MissingLibrary) -> bool:
        if (_place_free(one.file), one.name) in known or one.name in lacking:
            return False
        # In a package of Python a library is loaded by the modules beside it.
        return one.elsewhere is None or (one.name in before.found and _PACKAGES.match(one.elsewhere) is None)

    for name, group in _by_name(one for one in after.missing if new(one)).items():
        files = tuple(one.file for one in group)
        provider = before.found.get(name)
        modules = [_module(file) for file in files]
        optional = all(module is not None and re.fullmatch(OPTIONAL_MODULES, module) for module in modules)
        yield Fault(
            name,
            files,
            provider=provider,
            elsewhere=group[0].elsewhere,
            kind="python-module" if all(modules) else "library",
            severity="harmful" if _stem(name) in stems and not optional else "noted",
        )


def _programs(before: Libraries, after: Libraries) -> Iterator[Fault]:
    known = {(_place_free(one.file), one.name) for one in before.programs}
    lacking = {one.name for one in before.programs} - before.found.keys()
    new = (
        one
        for one in after.programs
        if (_place_free(one.file), one.name) not in known
        and one.name not in lacking
        # Examples and tests of packages name what nobody has.
        and (one.called or one.name in before.found)
    )
    for name, group in _by_name(new).items():
        called = any(one.called for one in group)
        provider = before.found.get(name)
        files = tuple(one.file for one in group)
        yield Fault(name, files, provider, kind="program", severity="harmful" if called else "noted")


def _by_name(items: Iterable[Missing]) -> Mapping[str, list[Missing]]:
    groups: defaultdict[str, list[Missing]] = defaultdict(list)
    for item in items:
        groups[item.name].append(item)
    return groups


def _place_free(path: str) -> str:
    """What stays of a path when Python packages move into an environment of their own."""
    return _PROGRAMS.sub("", _PACKAGES.sub("", path))


def _module(file: str) -> str | None:
    """The module of Python's own standard library that a file is."""
    found = _OWN_MODULE.match(file)
    return found["module"] if found is not None else None


def _stem(name: str) -> str:
    """A library without its version: another one of it is the same library for whoever reads."""
    return name.partition(".so")[0]
