"""What packages need at run time: native_libraries.toml and apt_packages.toml, asked as questions."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Literal, NamedTuple

from wizard.assets import knowledge

Purpose = Literal["build", "either", "unknown"]


class Needs(NamedTuple):
    """What a Python package needs of the system at run time."""

    name: str
    runtime: tuple[str, ...]
    """Debian packages; empty for a package that needs nothing."""
    programs: tuple[str, ...]
    """Programs that the package calls."""
    complete: bool
    """Whether `runtime` is all there is, however the package is used."""
    source: str


class Catalogue:
    """The bundled tables. Each is read when it is first asked: most repos need one of them at most."""

    @cached_property
    def python(self) -> Mapping[str, Any]:
        return knowledge("native_libraries")

    @cached_property
    def debian(self) -> Mapping[str, Any]:
        return knowledge("apt_packages")

    def needs(self, name: str, extras: Iterable[str] = (), release: str = "bookworm") -> Needs | None:
        """What a package (normalised name) needs on a Debian release; None where the catalogue does not know it."""
        for kind in ("pure", "wheels"):
            if name in self.python[kind]["packages"]:
                return Needs(name, (), (), True, self.python[kind]["source"])
        entry = next((entry for entry in self.python["package"] if entry["name"] == name), None)
        if entry is None:
            return None
        spared = set(entry.get("unless_extra", ())) & set(extras)
        return Needs(
            name,
            () if spared else tuple(entry.get(release, entry["runtime"])),
            tuple(entry.get("programs", ())),
            entry.get("complete", True),
            entry["source"],
        )

    def linked_from_source(self, name: str) -> tuple[str, ...]:
        """Debian 12 packages that a build from source of a Python package may link."""
        listed = self.python["from_source"].get(name, ())
        entry: Mapping[str, Any] = next((entry for entry in self.python["package"] if entry["name"] == name), {})
        return tuple(dict.fromkeys((*listed, *entry.get("from_source", ()))))

    def purpose(self, package: str) -> Purpose:
        """Whether a Debian package is of use for building alone (`build`), or at both times (`either`)."""
        name = bare(package)
        if name in self.debian["build_only"]["packages"] or any(
            fnmatch.fnmatchcase(name, pattern) for pattern in self.debian["build_only"]["patterns"]
        ):
            return "build"
        known = name in self.debian["either"]["packages"] or name in self.debian["programs"]["of"]
        return "either" if known else "unknown"

    def runtime_of(self, package: str, release: str = "bookworm") -> tuple[str, ...] | None:
        """The run time counterparts of a -dev package on a Debian release; None where the table does not have it."""
        name = bare(package)
        entry = next((entry for entry in self.debian["development"] if entry["name"] == name), None)
        return None if entry is None else tuple(entry.get(release, entry["runtime"]))

    def programs_of(self, package: str) -> tuple[str, ...]:
        """The programs that a Debian package brings; empty where the table does not have it."""
        return tuple(self.debian["programs"]["of"].get(bare(package), ()))


def catalogue() -> Catalogue:
    """The bundled tables."""
    return Catalogue()


def bare(package: str) -> str:
    """The name alone of a Debian package: `libpq5=15.*`, `libpq5:amd64` and `libpq5/bookworm` as `libpq5`."""
    return re.split("[=:/]", package, maxsplit=1)[0]
