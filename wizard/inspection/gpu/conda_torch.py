"""Where conda brings PyTorch, and what makes that its CPU build.

The channel `pytorch` gives the CUDA build unless the package `cpuonly` is asked for beside it (pytorch.org, "Previous
versions", Conda); the builds of conda-forge that need CUDA ask for a GPU driver (`__cuda`), which a build does not show
them (conda-forge.org, "Installing CUDA-enabled packages"). Taken from these pages: no channel was at hand to try.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from wizard.dockerfile.document import Document, Span, Stage
from wizard.dockerfile.editing import Edit
from wizard.dockerfile.installs import Install
from wizard.inspection.ecosystems.conda_files import CondaFile, read_conda_file
from wizard.inspection.ecosystems.requirements import parse_requirements, read_requirements
from wizard.inspection.gpu.evidence import CPU_INDEX, gpu_only_packages
from wizard.inspection.installs.conda import conda_files_of
from wizard.inspection.masking import shown
from wizard.inspection.places import place_at
from wizard.inspection.steps import Reading, read_steps
from wizard.inspection.values import Evidence
from wizard.workspace import Workspace

CHANNEL, CPU_ONLY = "pytorch", "cpuonly"
_PYTORCH = re.compile(r"(?:(?P<channel>[\w./:-]+)::)?pytorch(?![\w-])(?P<rest>.*)")
_WAY_OUT = "install torch with pip in a step of its own, from the CPU index, before the rest"


class CondaTorch(NamedTuple):
    """PyTorch that conda brings with CUDA, and the edit that asks for `cpuonly` beside it."""

    evidence: Evidence
    edit: Edit | None = None
    """In the Dockerfile."""
    file: str = ""
    """The environment file that changes instead, relative to the root."""
    content: bytes = b""
    because: str | None = None
    """Why it is not changed."""


def conda_torch(workspace: Workspace, document: Document) -> Iterator[CondaTorch]:
    """All of the Dockerfile, in order."""
    for stage in document.stages:
        for reading in read_steps(document, stage):
            for install in reading.installs:
                if install.manager == "conda" and not install.requirement_files:
                    yield from _on_the_command_line(document, install)
            yield from _in_files(workspace, document, stage, reading)


def _on_the_command_line(document: Document, install: Install) -> Iterator[CondaTorch]:
    specs = [word.value or "" for word in install.packages]
    channels = [option.value or "" for option in install.options if option.name in ("-c", "--channel")]
    found = next((word for word in install.packages if _is_cuda_build(word.value or "", channels, specs)), None)
    if found is None:
        return
    line = document.source.count(b"\n", 0, found.span.start) + 1
    evidence = Evidence(document.path, line, shown(f"conda {install.verb} {found.value}"))
    edit = Edit(Span(found.span.end, found.span.end), f" {_beside(found.value or '')}")
    yield CondaTorch(evidence, edit, because=_brings_cuda(evidence, channels, specs))


def _in_files(workspace: Workspace, document: Document, stage: Stage, reading: Reading) -> Iterator[CondaTorch]:
    for manifest in conda_files_of(workspace, document, stage, reading).found:
        if not manifest.path.endswith((".yml", ".yaml")):
            asked = read_requirements(workspace, manifest.path)
            torch = next((one for one in asked.requirements if one.name == "torch"), None)
            if torch is not None and not CPU_INDEX.search(workspace.read(manifest.path).decode("utf-8", "replace")):
                yield _by_pip(manifest.path, torch.line, torch.text)
            continue
        file = read_conda_file(workspace, manifest.path)
        yield from _in_environment(workspace, manifest.path, file)


def _in_environment(workspace: Workspace, path: str, file: CondaFile) -> Iterator[CondaTorch]:
    specs, channels = [one.text for one in file.packages], [one.text for one in file.channels]
    entry = next((one for one in file.packages if _is_cuda_build(one.text, channels, specs)), None)
    if entry is not None:
        evidence = Evidence(path, entry.line, shown(f"- {entry.text}"))
        lines = workspace.read(path).splitlines(keepends=True)
        written = re.match(rb"(\s*-\s+)['\"]?(?:[\w.:/-]+::)?pytorch\b", lines[entry.line - 1])
        if written is None:
            because = f"how {place_at(path, entry.line)} is written is not known to this rule: add `{CPU_ONLY}` there"
            yield CondaTorch(evidence, because=because)
            return
        end = b"\r\n" if lines[entry.line - 1].endswith(b"\r\n") else b"\n"
        above = lines[entry.line - 1].rstrip(b"\r\n") + end
        lines[entry.line - 1 : entry.line] = [above, written[1] + _beside(entry.text).encode() + end]
        yield CondaTorch(evidence, file=path, content=b"".join(lines), because=_brings_cuda(evidence, channels, specs))
    for one in file.pip:
        asked = parse_requirements(one.text.encode(), path).requirements
        if any(r.name == "torch" for r in asked) and not any(CPU_INDEX.search(other.text) for other in file.pip):
            yield _by_pip(path, one.line, one.text)


def _by_pip(path: str, line: int, text: str) -> CondaTorch:
    because = f"{place_at(path, line)} has conda call pip for torch, which takes the CUDA build: {_WAY_OUT}"
    return CondaTorch(Evidence(path, line, shown(text)), because=because)


def _beside(spec: str) -> str:
    """The package that goes beside a spec, from the same channel where it names one."""
    return f"{spec.rpartition('::')[0]}::{CPU_ONLY}" if "::" in spec else CPU_ONLY


def _brings_cuda(evidence: Evidence, channels: list[str], specs: list[str]) -> str | None:
    """What asks for CUDA on purpose."""
    names = (re.split(r"[=<>!~ \[]", spec.rpartition("::")[2], maxsplit=1)[0] for spec in specs)
    asked = next((name for name in names if name in gpu_only_packages()), None)
    asked = asked or ("a CUDA build" if any("pytorch" in spec and "cuda" in spec for spec in specs) else None)
    asked = asked or ("the channel nvidia" if "nvidia" in channels else None)
    if asked is None:
        return None
    place = place_at(evidence.path, evidence.line)
    return f"beside {place} stands {asked}, which is there for CUDA: without it `{CPU_ONLY}` can be added"


def _is_cuda_build(spec: str, channels: list[str], specs: list[str]) -> bool:
    """Whether a spec takes PyTorch from its own channel, without the package that makes it the CPU build."""
    found = _PYTORCH.match(spec)
    if found is None or "cpu" in found["rest"] or any(re.match(rf"(?:.*::)?{CPU_ONLY}\b", other) for other in specs):
        return False
    return (found["channel"] or next(iter(channels), "")) == CHANNEL
