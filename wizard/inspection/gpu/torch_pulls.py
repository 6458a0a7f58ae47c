"""Which pip installs bring PyTorch into an image, and what of its family they ask for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from wizard.dockerfile.document import Document, Stage
from wizard.dockerfile.installs import Install
from wizard.dockerfile.stages import base_stage
from wizard.dockerfile.state import environment
from wizard.errors import DockwizError
from wizard.inspection.ecosystems.python import locate
from wizard.inspection.ecosystems.requirements import (
    Requirement,
    RequirementsFile,
    normalise_name,
    parse_requirements,
    read_requirements,
    read_tree,
)
from wizard.inspection.gpu.evidence import CPU_INDEX
from wizard.inspection.gpu.local_projects import project_requirements
from wizard.inspection.installs.environments import environment_begun
from wizard.inspection.installs.pip import Manifest, ManifestsOf, is_pip, manifests_of
from wizard.inspection.places import line_at, place_at
from wizard.inspection.steps import Reading, read_steps
from wizard.inspection.values import Evidence
from wizard.workspace import Workspace

_ELSEWHERE = ("-t", "--target", "--prefix", "--root")
_NOT_BY_WHAT_IS_THERE = (
    "--force-reinstall", "-I", "--ignore-installed", "--reinstall", "--reinstall-package", "--no-deps",
    "--require-hashes", "--no-index",
)  # fmt: skip
_SETTINGS = (
    "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_NO_INDEX", "PIP_NO_DEPS", "PIP_REQUIRE_HASHES", "PIP_FORCE_REINSTALL",
    "PIP_IGNORE_INSTALLED", "UV_NO_INDEX", "UV_REQUIRE_HASHES",
)  # fmt: skip
_ON_LINUX = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}


class Pull(NamedTuple):
    """An install that brings torch from somewhere else than a CPU index."""

    stage: Stage
    reading: Reading
    install: Install
    manifests: tuple[Manifest, ...]
    asked: tuple[tuple[Requirement, Evidence], ...]
    """The requirements of the torch family, each with its line."""
    constrained: tuple[Requirement, ...]
    """What constraints files say about the family."""
    pullers: tuple[tuple[Requirement, Evidence], ...]
    """The packages that require torch."""
    hashed: Evidence | None
    problem: str | None
    """Why its requirements files cannot be told; then the rest holds what is known in spite of it."""

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return tuple(e for _, e in self.asked) or tuple(e for _, e in self.pullers[:3])


def pulls_by_stage(workspace: Workspace, document: Document, table: Mapping[str, Any]) -> tuple[tuple[Pull, ...], ...]:
    """The pulls of every stage that has some, in order; none where the family is installed from an index of its own
    already, in the stage, below it, or where its virtual environment comes from.

    `table` is the part `torch` of assets/knowledge/gpu_packages.toml.
    """
    found: list[tuple[Pull, ...]] = []
    served: set[int] = set()
    for stage in document.stages:
        below = (base_stage(document, stage), environment_begun(document, stage))
        if any(other is not None and other.index in served for other in below):
            served.add(stage.index)
            continue
        if any(is_family_install(one, table) for step in read_steps(document, stage) for one in step.installs):
            served.add(stage.index)
        pulls = _pulls_in(workspace, document, stage, table)
        if pulls:
            found.append(pulls)
    return tuple(found)


def _pulls_in(workspace: Workspace, document: Document, stage: Stage, table: Mapping[str, Any]) -> tuple[Pull, ...]:
    """The pulls of the stage's own steps."""
    found: list[Pull] = []
    for reading in read_steps(document, stage):
        if any(is_family_install(install, table) for install in reading.installs):
            return ()
        if not any(is_pip(install) for install in reading.installs):
            continue
        manifests = manifests_of(workspace, document, stage, reading)
        for install in reading.installs:
            pull = _pull(workspace, document, stage, reading, install, manifests, table) if is_pip(install) else None
            if pull is None:
                continue
            if _has_cpu_index(workspace, document, stage, reading, install, manifests):
                # What comes behind finds a CPU build there.
                return tuple(found)
            found.append(pull)
    return tuple(found)


def is_family_install(install: Install, table: Mapping[str, Any]) -> bool:
    """Whether it installs the torch family, and nothing else, from an index of its own."""
    if not is_pip(install) or install.requirement_files:
        return False
    if not install.has("-i", "--index-url", "--default-index"):
        return False
    names = {package_name(word.value) for word in install.packages}
    return bool(names) and names <= set(table["family"])


def family_words(pulls: Iterable[Pull], table: Mapping[str, Any]) -> tuple[str, ...]:
    """What to ask the CPU index for, as words of a command line: `torch==2.1.0`, `'torchvision>=0.16'`.

    The family as the installs ask for it, narrowed by their constraints, and the members that other packages bring.
    """
    pulls = tuple(pulls)
    requirements = [r for pull in pulls for r, _ in pull.asked]
    names = {r.name for r in requirements} or {"torch"}
    brought = {
        entry["member"] for entry in table["brings"] for pull in pulls for r, _ in pull.pullers if is_of(r, entry)
    }
    narrowed = [r for pull in pulls for r in pull.constrained if r.name in names | brought and r.specifier]
    said = {r.name for r in narrowed}
    words = [word for r in requirements if (word := requirement_word(r)) not in said]
    words += [name for name in table["family"] if name in (names | brought) - {r.name for r in requirements} - said]
    words += [requirement_word(r) for r in narrowed]
    return tuple(dict.fromkeys(words))


def obstacle(document: Document, pull: Pull) -> str | None:
    """Why an install would not go by a CPU build that is there before it, or what it asks for is not in the index."""
    install = pull.install
    line = line_at(pull.reading.instruction.start_line)
    if pull.problem is not None:
        return f"{line}: {pull.problem}"
    if pull.hashed is not None:
        return (
            f"{pull.hashed.path} pins hashes, and the CPU wheels have others: lock it against the CPU index "
            "(for example `pip-compile --generate-hashes --index-url` with that index)"
        )
    for requirement, evidence in pull.asked:
        if requirement.url is not None or requirement.path is not None:
            return f"{place_at(evidence.path, evidence.line)} takes {requirement.name} from an address"
        if requirement.specifier.startswith("==="):
            return f"{place_at(evidence.path, evidence.line)} asks for a version letter by letter"
    elsewhere = next((o.name for o in install.options if o.name in _ELSEWHERE), None)
    if elsewhere is not None:
        return f"{line}: the install uses {elsewhere}, and pip would not see the CPU build there"
    state = environment(document, pull.stage, pull.reading.instruction)
    names = (*state.env, *state.args, *install.environment)
    again = next((o.name for o in install.options if o.name in _NOT_BY_WHAT_IS_THERE), None)
    again = again or next((name for name in _SETTINGS if name in names), None)
    if again is not None:
        return f"{line}: with {again} the install does not go by what is installed already"
    return f"{line}: the packages are read from somewhere else" if "xargs" in install.wrappers else None


def saved_bytes(version: str | None, table: Mapping[str, Any]) -> int:
    """What an install downloads less, from the table: for the release asked for, or the nearest one before it."""

    def numbers(text: str) -> tuple[int, ...]:
        return tuple(int(part) for part in text.split("+")[0].split(".") if part.isdigit())

    entries = sorted(table["sizes"], key=lambda entry: numbers(entry["version"]))
    at_most = [entry for entry in entries if version is None or numbers(entry["version"]) <= numbers(version)]
    entry = at_most[-1] if at_most else entries[0]
    return int(entry["cuda_wheel"] + entry["cuda_libraries"] - entry["cpu_wheel"])


def requirement_word(requirement: Requirement) -> str:
    """A requirement as one word of a shell command."""
    extras = f"[{','.join(requirement.extras)}]" if requirement.extras else ""
    marker = f"; {requirement.marker}" if requirement.marker else ""
    text = f"{requirement.name}{extras}{requirement.specifier.replace(' ', '')}{marker}"
    return f"'{text}'" if set(text) & set('<>[];!*~ "$') else text


def is_cuda_library(requirement: Requirement | None, table: Mapping[str, Any]) -> bool:
    """Whether only a CUDA build of torch has a use for it."""
    import fnmatch

    name = requirement.name if requirement is not None else None
    return name is not None and any(fnmatch.fnmatchcase(name, pattern) for pattern in table["cuda_runtime"])


def _has_cpu_index(
    workspace: Workspace, document: Document, stage: Stage, reading: Reading, install: Install, manifests: ManifestsOf
) -> bool:
    """Whether the install already looks into a CPU index: by an option, a line of its files, or the environment."""
    state = environment(document, stage, reading.instruction)
    texts = [option.value or "" for option in install.options] + [word.text for word in install.packages]
    texts += [
        state.env.get(name) or state.args.get(name) or ""
        for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_TORCH_BACKEND", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL",
                     "UV_INDEX", "UV_DEFAULT_INDEX", "PIP_FIND_LINKS")
    ]  # fmt: skip
    for file in requirement_files_of(workspace, install, manifests):
        texts += [line.text for line in file.lines if line.kind in ("index", "requirement")]
    return any(CPU_INDEX.search(text) for text in texts) or install.has("--torch-backend")


def requirement_files_of(
    workspace: Workspace, install: Install, manifests: ManifestsOf
) -> tuple[RequirementsFile, ...]:
    """The files that the install reads; where that could not be worked out, those that its names seem to mean."""
    if manifests.because is None:
        return tuple(read_requirements(workspace, manifest.path) for manifest in manifests.found)
    paths = (locate(workspace, name) for name in install.requirement_files)
    try:
        return tuple(file for path in paths if path is not None for file in read_tree(workspace, path))
    except DockwizError:
        return ()


def _pull(
    workspace: Workspace,
    document: Document,
    stage: Stage,
    reading: Reading,
    install: Install,
    manifests: ManifestsOf,
    table: Mapping[str, Any],
) -> Pull | None:
    files = requirement_files_of(workspace, install, manifests)
    constraints = _constraints(install, files)
    line = reading.instruction.start_line
    found: list[tuple[Requirement, Evidence]] = []
    for word in install.packages:
        for requirement in parse_requirements((word.value or "").encode(), document.path).requirements:
            found.append((requirement, Evidence(document.path, line, word.text)))
    for file in files:
        if file.path not in constraints:
            found += [(r, Evidence(file.path, r.line, r.text)) for r in file.requirements]
    found += project_requirements(workspace, document, stage, reading, install)
    found = [(r, e) for r, e in found if on_linux(r)]
    family = frozenset(table["family"])
    asked = tuple((r, e) for r, e in found if r.name in family)
    entries = (*table["pulled_by"], *table["brings"])
    pullers = tuple((r, e) for r, e in found if any(is_of(r, entry) for entry in entries))
    if not asked and not pullers:
        return None
    hashed = next((Evidence(file.path, 1, "hashes are pinned") for file in files if file.hashed), None)
    constrained = tuple(
        r for file in files if file.path in constraints for r in file.requirements if r.name in family and on_linux(r)
    )
    return Pull(stage, reading, install, manifests.found, asked, constrained, pullers, hashed, manifests.because)


def _constraints(install: Install, files: tuple[RequirementsFile, ...]) -> frozenset[str]:
    """The files that only constrain: named by `-c`, or included by such a file, and not required elsewhere."""
    by_path = {file.path: file for file in files}
    required: set[str] = set()

    def require(path: str | None) -> None:
        if path in by_path and path not in required:
            required.add(path)
            for line in by_path[path].includes:
                require(by_path[path].resolve(line))

    for name in install.requirement_files:
        require(next((p for p in by_path if f"/{p}".endswith("/" + name.lstrip("./").rsplit("/", 1)[-1])), None))
    return frozenset(by_path) - required


def is_of(requirement: Requirement, entry: Mapping[str, Any]) -> bool:
    """Whether an entry of the table speaks of this requirement, with the extra that it needs."""
    extras = entry.get("extras")
    return requirement.name in entry["names"] and (extras is None or bool(set(extras) & set(requirement.extras)))


def on_linux(requirement: Requirement) -> bool:
    """Whether the requirement counts on Linux, as far as its marker speaks of the system alone."""
    if not requirement.marker:
        return True
    from packaging.markers import Marker

    bare = re.sub(r"'[^']*'|\"[^\"]*\"", "''", requirement.marker)
    names = set(re.findall(r"[a-z_]{2,}", bare)) - {"and", "or", "not", "in"}
    return not names <= set(_ON_LINUX) or Marker(requirement.marker).evaluate(dict(_ON_LINUX))


def package_name(word: str | None) -> str:
    """The package that a word of a command line names, normalised; "" for none."""
    return normalise_name(re.split(r"[\s\[=<>!~;@]", word or "", maxsplit=1)[0])
