"""A comparison as it comes out, to be bent by a test to what it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from wizard.compare.values import (
    Applied,
    Behaviour,
    Change,
    Comparison,
    Conditions,
    FileChange,
    ImageConfig,
    ImageSize,
    Label,
    Packages,
    Probe,
    Run,
    Scenario,
    SideResult,
    StageTime,
)
from wizard.compare.verdict import judge, reasons_for

CONFIG = ImageConfig(
    entrypoint=(),
    cmd=("python", "app.py"),
    env={"PATH": "/usr/local/bin:/usr/bin", "APP_MODE": "production"},
    user="",
    workdir="/app",
    ports=("8000/tcp",),
    volumes=(),
    healthcheck=("CMD-SHELL", "curl -f http://localhost:8000/health"),
    labels={},
    stop_signal="",
    shell=(),
)
PACKAGES = Packages(python={"flask": "3.0.0", "six": "1.16.0"}, python_version="3.11.9", system={"curl": "8.1"})
ANSWER = Probe(8000, "/", 200, "text/html", 14, "abc")
RUNNING = Behaviour(True, None, "healthy", 0.4, (8000,), (ANSWER,), 0.9)


def ended(code: int, logs: str = "") -> Behaviour:
    return Behaviour(True, code, "none", None, None, (), 0.5, logs=logs)


def side(label: Label, **changes: Any) -> SideResult:
    base = SideResult(
        label=label,
        what="the folder as it is" if label == "before" else "the plan, not yet applied",
        context_files=120,
        context_bytes=48_000_000 if label == "before" else 12_000_000,
        image=f"sha256:{label}",
        size=ImageSize(unpacked=1_412_000_000 if label == "before" else 238_000_000, content=None, layers=9),
        config=CONFIG,
        packages=PACKAGES,
        behaviour=RUNNING,
    )
    return replace(base, **changes)


def run(label: Label, scenario: Scenario, seconds: float, number: int = 1, **changes: Any) -> Run:
    cached = {"cold": 0, "unchanged": 7, "source": 2 if label == "before" else 6}[scenario]
    base = Run(
        label,
        scenario,
        number,
        "done",
        seconds,
        7,
        cached,
        stages=(StageTime("deps", seconds * 0.6, seconds * 0.6), StageTime("production", seconds * 0.3, seconds * 0.2)),
        export_seconds=seconds * 0.1,
        executed=("production 3: COPY . .",) if scenario == "source" else (),
    )
    return replace(base, **changes)


def comparison(**changes: Any) -> Comparison:
    before, after = changes.pop("before", side("before")), changes.pop("after", side("after"))
    change = changes.pop(
        "change",
        Change(
            (Applied("dependency-layer", "Copy the manifests before the sources"),),
            (FileChange("Dockerfile", 14, 7, "changed"), FileChange(".dockerignore", 11, 0, "new")),
            undo=True,
        ),
    )
    reasons = reasons_for(before, after, [proposal.rule for proposal in change.proposals])
    base = Comparison(
        id="20260102-030405-77",
        at="2026-01-02T03:04:05+00:00",
        before=before,
        after=after,
        scenarios=("cold", "unchanged", "source"),
        runs=(
            run("before", "cold", 93.0),
            run("after", "cold", 71.2),
            run("before", "unchanged", 0.5),
            run("after", "unchanged", 0.6),
            run("before", "source", 71.0),
            run("after", "source", 6.3),
        ),
        conditions=Conditions(
            "28.5.2", "overlay2", "0.29.1", "default", "docker", "x86_64", "2 processors, 24 GB memory, Debian", "0.1.0"
        ),
        verdict=judge(reasons),
        reasons=reasons,
        change=change,
        edited="app/views.py",
    )
    return replace(base, **changes)
