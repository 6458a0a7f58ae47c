"""What a comparison is made of and what it finds: plain values, no I/O. Seconds, bytes, paths relative to the root."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Label = Literal["before", "after"]
Scenario = Literal["cold", "unchanged", "source", "dependency"]
Severity = Literal["harmful", "noted", "harmless"]
Verdict = Literal["equivalent", "noted", "different", "unknown"]
Outcome = Literal["done", "failed", "cancelled"]

LABELS: tuple[Label, Label] = ("before", "after")
SCENARIOS: tuple[Scenario, ...] = ("cold", "unchanged", "source", "dependency")
"""In the order in which one round runs them: the later ones need the cache that the cold build leaves."""
USUAL_SCENARIOS: tuple[Scenario, ...] = ("cold", "unchanged", "source")
"""Where the person names none."""


@dataclass(frozen=True, slots=True)
class StageTime:
    """How long one stage took in one build."""

    name: str
    seconds: float
    """The union of the intervals of its steps."""
    critical_seconds: float
    """Its share of the critical path."""


@dataclass(frozen=True, slots=True)
class Run:
    """One build, measured."""

    side: Label
    scenario: Scenario
    round: int
    """From 1."""
    outcome: Outcome
    seconds: float
    """Wall clock of the whole build command, export included."""
    steps_total: int
    """Real steps: no FROM, a LINK pair counted once."""
    steps_cached: int
    stages: tuple[StageTime, ...] = ()
    export_seconds: float = 0.0
    """Part of `seconds`: writing the image into the engine's store."""
    executed: tuple[str, ...] = ()
    """The steps that ran instead of coming from the cache: stage, number, and the instruction as the file has it."""
    torch_bytes: int | None = None
    """Wheels of the torch family that the installer says it downloaded; None where the log says nothing of it."""
    error: str | None = None
    """What failed, one line for people."""


@dataclass(frozen=True, slots=True)
class ImageSize:
    """The sizes of one image. Figures of different image stores are never comparable."""

    unpacked: int
    """Sum of the layers as `docker history` lists them (file sizes, or disk blocks in the containerd store)."""
    content: int | None
    """Compressed layers; only the containerd store knows it."""
    layers: int
    """Layers that hold something."""


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What an image tells the engine to run."""

    entrypoint: tuple[str, ...]
    cmd: tuple[str, ...]
    env: Mapping[str, str]
    user: str
    workdir: str
    ports: tuple[str, ...]
    """As `8080/tcp`, sorted."""
    volumes: tuple[str, ...]
    healthcheck: tuple[str, ...]
    """The test as the image has it: `CMD …` or `CMD-SHELL …`; empty where there is none."""
    labels: Mapping[str, str]
    stop_signal: str
    shell: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Packages:
    """The packages that an image holds: name -> version. None where it could not be told."""

    python: Mapping[str, str] | None
    python_version: str | None
    system: Mapping[str, str] | None
    """From dpkg's database."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Where an image has something that its files need."""

    path: str
    package: str | None
    """The package of the system that put it there; None where none did."""


@dataclass(frozen=True, slots=True)
class MissingLibrary:
    """A library that the loader does not find for a file."""

    name: str
    file: str
    elsewhere: str | None = None
    """A place in the image that the loader does not search for this file. What the file's own program loads before
    counts too, so this may be all right."""


@dataclass(frozen=True, slots=True)
class MissingProgram:
    """A program that a script, a program (its loader) or a link names, and that is not there."""

    name: str
    """Its path, or its name where PATH is searched for it."""
    file: str
    called: bool
    """Whether the file stands in a folder of PATH, or is what the container starts."""


@dataclass(frozen=True, slots=True)
class Libraries:
    """Whether everything that the files of an image are linked with is in it. Nothing was run to find out."""

    files: int
    """Programs and shared libraries (ELF files) looked at."""
    found: Mapping[str, Provider]
    """What they and the scripts need and the image has, by the name that it is needed by."""
    missing: tuple[MissingLibrary, ...]
    programs: tuple[MissingProgram, ...]
    release: str | None
    """`bookworm`, or what /etc/os-release says in place of a code name: `alpine 3.19`."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One HTTP request to a container."""

    port: int
    path: str
    status: int | None
    """None where nothing answered."""
    content_type: str
    size: int
    digest: str | None
    """Of the body; None where two requests in a row gave different bodies, or nothing answered."""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a container of an image does in the first seconds, without network to the outside."""

    started: bool
    exit_code: int | None
    """None while it still ran at the end of the observation."""
    health: Literal["healthy", "unhealthy", "none", "untested"]
    """What the image's HEALTHCHECK command says when run by us; `none` where the image has no such command."""
    ready_seconds: float | None
    """From start until the health check passed or the first probe was answered; None where neither happened."""
    ports: tuple[int, ...] | None
    """TCP ports that it listens on; None where it could not be told."""
    probes: tuple[Probe, ...]
    observed_seconds: float
    out_of_memory: bool = False
    logs: str = ""
    """The last lines of its output."""
    error: str | None = None
    """Why it could not be started or watched."""


@dataclass(frozen=True, slots=True)
class SideResult:
    """What was found of one side."""

    label: Label
    what: str
    """What it is, for people: `git:main`, `the folder as it is`, …"""
    context_files: int | None = None
    context_bytes: int | None = None
    """Eligible files of the build context, by our own walk."""
    image: str | None = None
    """The image's id."""
    size: ImageSize | None = None
    config: ImageConfig | None = None
    packages: Packages | None = None
    libraries: Libraries | None = None
    installs_line: int | None = None
    """The line of its Dockerfile (1-based) that installs the packages of the system for the run time."""
    base: str | None = None
    """The image that it is built upon, as its Dockerfile names it."""
    behaviour: Behaviour | None = None
    error: str | None = None
    """Why there is no image."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that the verdict rests on."""

    kind: str
    """`build`, `behaviour`, `entrypoint`, `env`, `python-package`, …"""
    severity: Severity
    text: str
    intended_by: str | None = None
    """The proposal that meant to change it."""
    undecided: bool = False
    """It keeps us from telling whether the images do the same job."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A proposal that makes the difference between the sides."""

    rule: str
    title: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that differs between the sides."""

    path: str
    added: int
    removed: int
    kind: Literal["new", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class Change:
    """What was changed between the sides, where dockwiz knows it."""

    proposals: tuple[Applied, ...] = ()
    files: tuple[FileChange, ...] = ()
    undo: bool = False
    """The change was applied by dockwiz and can be undone by it."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Where and with what it was measured."""

    engine: str
    """Engine version."""
    store: str
    """`overlay2` or `containerd`."""
    buildx: str | None
    builder: str | None
    driver: str | None
    architecture: str
    machine: str
    """Processors, memory and system, in words."""
    dockwiz: str
    link: str | None = None
    """The network link, where the person told it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a comparison has come."""

    message: str
    done: int
    """Builds and observations finished."""
    total: int
    run: Run | None = None
    """The build that has just finished."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything found when two sides were compared. Partial where it was cancelled."""

    id: str
    at: str
    """When it began: UTC, ISO 8601."""
    before: SideResult
    after: SideResult
    scenarios: tuple[Scenario, ...]
    """Those asked for."""
    runs: tuple[Run, ...]
    conditions: Conditions
    verdict: Verdict
    reasons: tuple[Reason, ...]
    change: Change = field(default_factory=Change)
    edited: str | None = None
    """The file that the source scenario edited."""
    manifests: Mapping[str, str] = field(default_factory=dict)
    """The file that the dependency scenario edited, by side."""
    not_measured: tuple[str, ...] = ()
    """What was not measured and why, for people."""
    cancelled: bool = False

    def of(self, side: Label, scenario: Scenario) -> tuple[Run, ...]:
        """The finished builds of one side in one scenario, in the order they ran."""
        return tuple(r for r in self.runs if r.side == side and r.scenario == scenario and r.outcome == "done")
