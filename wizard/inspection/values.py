"""What an inspection finds: plain values, no I/O. Paths are relative to the root, lines 1-based, sizes in bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from wizard.inspection.questions import Answer, Question


@dataclass(frozen=True, slots=True)
class Evidence:
    """A line of the repo that supports a statement."""

    path: str
    line: int | None
    text: str


Sign = tuple[str, Evidence]
"""A reason in words, and the line that shows it."""


class Caller(NamedTuple):
    """A file that runs a build of a Dockerfile: compose, bake, CI, Makefile, script."""

    kind: str
    """`compose`, `bake`, `ci`, `make`, `script` or `declared` (a platform, a dev container, a task of CI, Tilt)."""
    path: str
    line: int | None
    text: str
    dockerfile: str | None
    """The Dockerfile it names, None where it relies on the default."""
    context: str | None
    target: str | None
    build_args: tuple[str, ...] = ()
    """Names only: values may be secret."""
    named_stages: tuple[str, ...] = ()
    contexts: tuple[tuple[str, str], ...] = ()
    """Named contexts: name, and folder (relative to the root where the caller decides that), image or address."""


class FolderSize(NamedTuple):
    path: str
    files: int
    bytes: int


class BuildContext(NamedTuple):
    """What the build context holds after the ignore file (the eligible files)."""

    files: int
    """Files and links."""
    bytes: int
    ignore_file: str | None
    largest: tuple[FolderSize, ...]
    """Largest eligible top-level folders and files, largest first."""
    paths: tuple[str, ...] = ()
    """Eligible files and links relative to the context, sorted."""
    unreadable: tuple[str, ...] = ()


class NamedContext(NamedTuple):
    """A further context that a caller gives to a build by name."""

    name: str
    where: str
    """A folder, an image or an address."""
    named_by: str
    """`path:line` of the caller."""
    files: int | None = None
    """Eligible files and links of a folder of the repo; None for anything else."""
    bytes: int | None = None


class Ecosystem(NamedTuple):
    """A language's packaging found in the repo."""

    name: str
    """`python`, `node`, …"""
    manager: str
    """`pip`, `poetry`, `uv`, … as the Dockerfile's RUN lines use it, else as the files suggest."""
    manifests: tuple[str, ...]
    """Every file that an install reads, included files too."""
    evidence: tuple[Evidence, ...] = ()


class GpuEvidence(NamedTuple):
    """One sign for or against the use of a GPU."""

    kind: str
    """`base-image`, `caller`, `cuda-index`, `cuda-call`, `cuda-device`, `guarded-call`, `unclear-call` (tests,
    settings, notebooks, code that cannot be parsed), `gpu-package`, `cpu-index`."""
    evidence: Evidence


class Engine(NamedTuple):
    """The Docker engine and builder that a build would use."""

    version: str
    """As the engine reports it, e.g. `28.5.2`."""
    api_version: str
    host: str
    """As the person's configuration names it, e.g. `unix:///var/run/docker.sock`."""
    store: str
    """`overlay2` or `containerd`."""
    builder: str | None
    """The buildx builder, None without buildx."""
    driver: str | None
    buildx: str | None
    """buildx version, None where it is missing."""
    architecture: str
    disk_free: int | None = None


@dataclass(frozen=True)
class Inspection:
    """Everything found in the repo, before any edit."""

    dockerfiles: tuple[str, ...]
    dockerfile: str | None
    """The one in question."""
    callers: tuple[Caller, ...]
    context: BuildContext
    ecosystems: tuple[Ecosystem, ...]
    gpu: tuple[GpuEvidence, ...]
    change_counts: Mapping[str, int] = field(default_factory=dict)
    """git: in how many commits a file changed; empty outside git."""
    engine: Engine | None = None
    no_engine: str | None = None
    """Why there is no engine: one line for people."""
    notes: tuple[str, ...] = ()
    """What could not be read, for people."""
    named_contexts: tuple[NamedContext, ...] = ()
    answers: Mapping[Question, Answer] = field(default_factory=dict)
    """What the network said, as far as rules asked and the person wanted it; empty without `--online`."""
