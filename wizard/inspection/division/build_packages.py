"""Which Debian packages of an image only its build needs, and which libraries must stay when they go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from wizard.dockerfile.installs import Install
from wizard.dockerfile.shell import ShellWord
from wizard.inspection.division.debian import brought_along, build_only, needs_of, runtime_of
from wizard.inspection.division.native import Catalogue, bare
from wizard.inspection.ecosystems.requirements import Requirement
from wizard.inspection.steps import Reading


class Moved(NamedTuple):
    """What one `apt-get install` installs for the build alone."""

    reading: Reading
    install: Install
    words: tuple[ShellWord, ...]

    @property
    def all_of_it(self) -> bool:
        """Whether the install names nothing else."""
        return len(self.words) == len(self.install.packages)


class BuildPackages(NamedTuple):
    """The Debian packages by where they are needed."""

    moved: tuple[Moved, ...]
    kept_libraries: tuple[str, ...]
    """Run-time libraries that came with the moved ones and now have to be asked for by name."""
    unknown: tuple[str, ...]
    """Python packages about which the catalogue says nothing, or nothing complete."""


def sort_packages(
    tables: Catalogue,
    release: str | None,
    system: Iterable[Reading],
    requirements: Iterable[Requirement],
    called: frozenset[str],
    proven: Iterable[str] = (),
) -> BuildPackages:
    """Sort what the system steps install. `called`: the programs that the image calls, in a build step or running.

    A package stays where it is when one of its programs is called, or when what it leaves for the run time is not
    known for this release. The libraries behind a moved `-dev` package are kept, whoever links them. Libraries that
    come with it in passing (`libgomp1` with gcc) are kept where a Python package is known to use them, and where
    nothing is known of one: what it compiles may be linked with them. `proven`: libraries that a built image was seen
    to need.
    """
    system = tuple(system)
    moved: list[Moved] = []
    libraries: list[str] = []
    in_passing: set[str] = set()
    for reading in system:
        for install in reading.installs:
            words: list[ShellWord] = []
            for word in build_only(tables, install):
                name = word.value or ""
                runtime = runtime_of(tables, name, release)
                if runtime is not None and not called & set(tables.programs_of(name)):
                    words.append(word)
                    libraries += runtime
                    in_passing |= brought_along(tables, name)
            if words:
                moved.append(Moved(reading, install, tuple(words)))
    unknown: list[str] = []
    for requirement in requirements:
        name = requirement.name or requirement.text
        needs = needs_of(tables, name, requirement.extras, release)
        if needs is None or not needs.complete:
            unknown.append(name)
            libraries += sorted(in_passing) if needs is None else ()
        wanted = (*(needs.runtime if needs else ()), *tables.linked_from_source(name))
        libraries += [library for library in wanted if library in in_passing]
    libraries += proven
    gone = {word.value for one in moved for word in one.words}
    named = (word.value for reading in system for install in reading.installs for word in install.packages)
    present = {bare(name) for name in named if name and name not in gone}
    return BuildPackages(
        tuple(moved),
        tuple(name for name in dict.fromkeys(libraries) if name not in present),
        tuple(dict.fromkeys(unknown)),
    )
