"""What Debian's packages are called, and what they are good for, by release."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterable
from typing import TypeVar

from wizard.dockerfile.installs import Install
from wizard.dockerfile.shell import ShellWord
from wizard.inspection.division.native import Catalogue, Needs, bare
from wizard.inspection.steps import APT

Answer = TypeVar("Answer")

RELEASES = ("bullseye", "bookworm", "trixie")
"""Those that the tables of native libraries cover."""


def build_only(catalogue: Catalogue, install: Install) -> tuple[ShellWord, ...]:
    """The words of an `apt-get install` that name compilers, headers and other packages that only building needs."""
    if install.manager not in APT or install.verb != "install":
        return ()
    return tuple(word for word in install.packages if word.value and catalogue.purpose(word.value) == "build")


def runtime_of(catalogue: Catalogue, package: str, release: str | None) -> tuple[str, ...] | None:
    """What a package of compilers or headers leaves for the run time: the libraries behind a `-dev` package.

    Empty for a compiler or a tool. None where it is not known, or where the names differ between releases and the
    release is not known.
    """
    name = bare(package)
    if name in catalogue.debian["build_only"]["packages"] and catalogue.runtime_of(name) is None:
        return ()
    return _same(lambda one: catalogue.runtime_of(name, one), release)


def brought_along(catalogue: Catalogue, package: str) -> frozenset[str]:
    """Further libraries that a package of compilers or headers has in the image, by names that all releases know."""
    return frozenset(catalogue.debian["brings"]["of"].get(bare(package), ()))


def of_use_at_run_time_only(catalogue: Catalogue, package: str) -> bool:
    """Whether a package is known to be of no use to a build of Python packages."""
    name = bare(package)
    table = catalogue.debian["run_time"]
    if catalogue.purpose(name) == "build":
        return False
    return name in table["packages"] or any(fnmatch.fnmatchcase(name, pattern) for pattern in table["patterns"])


def needs_of(catalogue: Catalogue, name: str, extras: Iterable[str], release: str | None) -> Needs | None:
    """What a Python package needs at run time; None where that is not known for this release."""
    wanted = tuple(extras)
    return _same(lambda one: catalogue.needs(name, wanted, one), release)


def _same(ask: Callable[[str], Answer], release: str | None) -> Answer | None:
    """The answer for the release; where that is open, the one that all releases give.

    None where they differ, and for a release that the tables do not cover.
    """
    if release is not None:
        return ask(release) if release in RELEASES else None
    answers = [ask(one) for one in RELEASES]
    return answers[0] if all(answer == answers[0] for answer in answers) else None
