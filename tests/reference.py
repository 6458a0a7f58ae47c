"""The reference case in full (`make reference`): the naive CUDA build of flask-torch against ours, measured.

Four comparisons: the default selection and `--goal speed`, on the machine's own link and on one of 100 Mbit/s (the
private engine's bridge, shaped). Where the public CPU index is out of reach, the CPU wheel of torch is served from this
machine. Reports go to docs/reference/; the run fails where a figure is not reached. Takes
about half an hour; leave the machine alone meanwhile.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.engine.daemon import Daemon
from tests.engine.engine import ensure
from tests.engine.wheel_index import cpu_index
from wizard.assets import knowledge
from wizard.samples import lay_out

REPORTS = Path(__file__).parent.parent / "docs" / "reference"
SHAPED = "100mbit"


@dataclass(frozen=True)
class Case:
    """One comparison, and how much less time a cold build has to take (share of the naive one)."""

    name: str
    goal: str | None
    shaped: bool
    less_time: float

    @property
    def scenarios(self) -> str:
        """Rebuilds after an edit depend little on the link: on the slow one they would only repeat the downloads."""
        return "cold" if self.shaped else "cold,unchanged,source,dependency"

    @property
    def link(self) -> str:
        return "100 Mbit/s, shaped on the engine's bridge" if self.shaped else "the machine's own"


CASES = (
    Case("own-link-default", None, False, 0.45),
    Case("own-link-speed", "speed", False, 0.58),
    Case("100mbit-default", None, True, 0.68),
    Case("100mbit-speed", "speed", True, 0.75),
)
LESS_AFTER_SOURCE_EDIT, LESS_AFTER_DEPENDENCY_EDIT = 0.99, 0.90
LESS_DOWNLOAD, LESS_CONTEXT, LESS_SIZE = 0.92, 0.75, 0.75
"""LESS_SIZE: of what is pushed and pulled; unpacked it is reported too, and 70 % are wanted."""
LESS_UNPACKED = 0.70


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.reference", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(case.name for case in CASES)} (all)")
    parser.add_argument("--runs", default="1", help="rounds of each comparison (1)")
    options = parser.parse_args()
    chosen = [case for case in CASES if not options.cases or case.name in options.cases]
    # The containerd store: what Docker 29 and newer use unless told otherwise.
    daemon = ensure(store="containerd")
    environment = {**os.environ, **(daemon.environment if daemon else {})}
    missed: list[str] = []
    with tempfile.TemporaryDirectory() as home, torch_index(environment) as index:
        environment["DOCKWIZ_STATE"] = f"{home}/state"
        for case in chosen:
            if case.shaped and daemon is None:
                missed.append(f"{case.name}: not run: only the private engine's link can be shaped")
                continue
            found = compare(case, Path(home) / case.name, environment, index, options.runs, daemon)
            missed += check(case, found)
            if daemon is not None:
                # Some 20 GB a case; the engine is ours, so nobody misses its cache.
                prune = ["docker", "builder", "prune", "--all", "--force"]
                subprocess.run(prune, env=environment, stdout=subprocess.DEVNULL, check=True)
    for line in missed:
        print(f"NOT REACHED  {line}")
    print(f"{len(chosen)} comparisons, {len(missed)} figures not reached; reports in {REPORTS}")
    return 1 if missed else 0


@contextlib.contextmanager
def torch_index(environment: dict[str, str]) -> Iterator[str]:
    """PyTorch's CPU index where it can be reached, else this machine's own wheel on the engine's bridge."""
    public = str(knowledge("gpu_packages")["torch"]["cpu_index"])
    try:
        with urllib.request.urlopen(f"{public}/torch/", timeout=10):
            yield public
            return
    except (OSError, urllib.error.URLError):
        pass
    with cpu_index(environment) as address:
        yield address


def compare(
    case: Case, folder: Path, environment: dict[str, str], index: str, runs: str, daemon: Daemon | None
) -> dict[str, Any]:
    """Lay the sample out, apply, compare; the report lands in docs/reference/, without the address of the index."""
    lay_out("flask-torch", folder)
    dockwiz = [sys.executable, "-m", "screens.cli"]
    goal = ["--goal", case.goal] if case.goal else []
    subprocess.run([*dockwiz, "apply", folder, "--yes", "--torch-index", index, *goal], env=environment, check=True)
    with shaped(daemon if case.shaped else None):
        done = subprocess.run(
            [*dockwiz, "compare", folder, "--json", "--runs", runs, "--link", case.link, "--scenario", case.scenarios],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
    found: dict[str, Any] = json.loads(done.stdout)
    REPORTS.mkdir(parents=True, exist_ok=True)
    (REPORTS / f"{case.name}.json").write_text(without_address(done.stdout, index))
    report = subprocess.run(
        [*dockwiz, "report", folder], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    (REPORTS / f"{case.name}.md").write_text(without_address(report.stdout, index))
    print(report.stdout)
    return found


def without_address(text: str, index: str) -> str:
    """The text without this machine's own address, cut short or not; the public index may be named."""
    host = urlsplit(index).hostname or ""
    if not re.fullmatch(r"[0-9.]+", host):
        return text
    network = host.rpartition(".")[0]
    return re.sub(rf"(?:https?://)?{re.escape(network)}\.[0-9]*(?::[0-9]*)?/?", "INDEX", text)


@contextlib.contextmanager
def shaped(daemon: Daemon | None) -> Iterator[None]:
    """The link of 100 Mbit/s while the block runs; nothing without a daemon of ours."""
    if daemon is None:
        yield
        return
    daemon.shape(SHAPED)
    try:
        yield
    finally:
        daemon.shape(None)


def check(case: Case, found: dict[str, Any]) -> list[str]:
    """The figures that were not reached, in words."""
    wanted = [
        ("cold build time", found["scenarios"]["cold"], case.less_time),
        ("rebuild after a source edit", found["scenarios"].get("source"), LESS_AFTER_SOURCE_EDIT),
        ("rebuild with one more package", found["scenarios"].get("dependency"), LESS_AFTER_DEPENDENCY_EDIT),
        ("torch download", torch_download(found), LESS_DOWNLOAD),
        ("context", found["context"], LESS_CONTEXT),
        ("image size, compressed", in_the_store(found["size"]), LESS_SIZE),
        ("image size, unpacked", found["size"], LESS_UNPACKED),
    ]
    missed = []
    for what, values, less in wanted:
        if values is None:
            continue
        before, after = number(values.get("before")), number(values.get("after"))
        share = 1 - after / before if before and after is not None else None
        words = "not measured" if share is None else f"{share:.1%} less"
        print(f"{case.name}: {what}: {words} (wanted {less:.0%})")
        if share is None or share < less:
            missed.append(f"{case.name}: {what}: {words}, wanted {less:.0%}")
    if found["verdict"] not in ("equivalent", "noted"):
        missed.append(f"{case.name}: verdict {found['verdict']}")
    return missed


def in_the_store(size: dict[str, Any]) -> dict[str, Any]:
    """The compressed bytes of both images, which the containerd store keeps."""
    return {side: size[side]["content"] for side in ("before", "after") if size[side]}


def torch_download(found: dict[str, Any]) -> dict[str, Any]:
    """Bytes of the torch family's wheels that the first cold build of each side downloaded."""
    runs = [run for run in found["scenarios"]["cold"]["runs"] if run["round"] == 1]
    return {run["side"]: run["torch_bytes"] for run in runs}


def number(value: Any) -> float | None:
    """A figure of the report: plain, or the bytes of an entry."""
    if isinstance(value, dict):
        value = value.get("unpacked", value.get("bytes"))
    return float(value) if isinstance(value, int | float) else None


if __name__ == "__main__":
    sys.exit(main())
