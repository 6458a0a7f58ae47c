"""What a comparison or a build adds to the history, and what the history knows before the next one."""

from __future__ import annotations

import datetime
import os
import statistics
import subprocess
from pathlib import Path

from wizard.build.buildx import BuildResult
from wizard.compare.forecast import Known
from wizard.compare.values import LABELS, Comparison, Label
from wizard.history.store import Entry, History
from wizard.inspection.values import Engine


def of_comparison(comparison: Comparison, root: Path, dockerfile: str) -> tuple[Entry, ...]:
    """One entry for each finished build."""
    branch, commit = branch_and_commit(root)
    sides = {side.label: side for side in (comparison.before, comparison.after)}
    entries = []
    for run in comparison.runs:
        if run.outcome != "done":
            continue
        side = sides[run.side]
        entries.append(
            Entry(
                at=comparison.at,
                kind="compare",
                side=run.side,
                scenario=run.scenario,
                seconds=run.seconds,
                steps_total=run.steps_total,
                steps_cached=run.steps_cached,
                image_bytes=side.size.unpacked if side.size is not None else None,
                context_bytes=side.context_bytes,
                dockerfile=dockerfile,
                branch=branch,
                commit=commit,
                engine=comparison.conditions.engine,
                store=comparison.conditions.store,
                comparison=comparison.id,
            )
        )
    return tuple(entries)


def of_build(result: BuildResult, engine: Engine, root: Path, dockerfile: str) -> tuple[Entry, ...]:
    """The entry for a build as the person ran it; none where it did not succeed."""
    if result.outcome != "done":
        return ()
    branch, commit = branch_and_commit(root)
    return (
        Entry(
            at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            kind="build",
            side="",
            scenario="build",
            seconds=result.seconds,
            steps_total=result.trace.steps_total,
            steps_cached=result.trace.steps_cached,
            dockerfile=dockerfile,
            branch=branch,
            commit=commit,
            engine=engine.version,
            store=engine.store,
        ),
    )


def known(history: History, dockerfile: str) -> Known:
    """What earlier cold builds of this Dockerfile (relative to the root) took, for a forecast: the median of the last
    ten, and the newest images. Another Dockerfile of the repo says nothing of this one."""
    own = [entry for entry in history.entries if entry.dockerfile == dockerfile]
    seconds = [entry.seconds for entry in own if entry.scenario == "cold"][-10:]
    images: dict[Label, int] = {}
    for entry in own:
        for side in LABELS:
            if entry.side == side and entry.image_bytes is not None:
                images[side] = entry.image_bytes
    return Known(statistics.median(seconds) if seconds else None, images)


def branch_and_commit(root: Path) -> tuple[str | None, str | None]:
    """What git has checked out; None outside git, and for the branch of a detached head."""
    branch = _git(root, "symbolic-ref", "--quiet", "--short", "HEAD")
    return branch, _git(root, "rev-parse", "--verify", "--quiet", "HEAD")


def _git(root: Path, *arguments: str) -> str | None:
    if not (root / ".git").exists():
        return None
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-c", f"safe.directory={root}", *arguments],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
