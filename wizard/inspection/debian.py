"""Which Debian release an image has, and what its packages are called there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from wizard.inspection.native import Catalogue, Needs

Answer = TypeVar("Answer")

RELEASES = ("bullseye", "bookworm", "trixie")


def release_of(image: str) -> str | None:
    """The release that an image's tag names (`python:3.11-slim-bookworm`); None where the tag leaves it open."""
    tag = image.partition("@")[0].rpartition(":")[2]
    return next((release for release in RELEASES if re.search(rf"(?:^|-){release}(?:-|$)", tag)), None)


def runtime_of(catalogue: Catalogue, package: str, release: str | None) -> tuple[str, ...] | None:
    """What a package of compilers or headers leaves for the run time: the libraries behind a `-dev` package.

    Empty for a compiler or a tool. None where it is not known, or where the names differ between releases and the
    release is not known.
    """
    if package in catalogue.debian["build_only"]["packages"] and catalogue.runtime_of(package) is None:
        return ()
    return _same(lambda one: catalogue.runtime_of(package, one), release)


def needs_of(catalogue: Catalogue, name: str, extras: Iterable[str], release: str | None) -> Needs | None:
    """What a Python package needs at run time; None where that is not known for this release."""
    wanted = tuple(extras)
    return _same(lambda one: catalogue.needs(name, wanted, one), release)


def _same(ask: Callable[[str], Answer], release: str | None) -> Answer | None:
    """The answer for the release; where that is open, the one that all releases give."""
    if release is not None:
        return ask(release)
    answers = [ask(one) for one in RELEASES]
    return answers[0] if all(answer == answers[0] for answer in answers) else None
