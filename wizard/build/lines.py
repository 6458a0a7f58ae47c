"""Which line of the Dockerfile a step stands on.

Exact after the build, from the provenance in the builder's metadata file (`digest_lines`); until then, and where there
is none, by aligning the step numbers of a stage with its instructions (`LineTable`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from wizard.build.steps import StepName
from wizard.dockerfile.document import Document, Instruction, Stage

_NUMBERED = ("RUN", "COPY", "ADD", "WORKDIR")
"""What BuildKit counts besides FROM (dockerfile2llb/convert.go)."""

_MAPPING = "https://mobyproject.org/buildkit@v1#metadata"


class LineTable:
    """The numbered instructions of a Dockerfile, by stage."""

    def __init__(self, document: Document) -> None:
        self._stages: dict[str, Stage] = {stage.buildkit_name: stage for stage in document.stages}
        self.names = tuple(stage.buildkit_name for stage in document.stages)
        """As BuildKit calls the stages, in file order."""

    def stage_line(self, stage: str) -> int | None:
        """The line of a stage's FROM."""
        return self._stages[stage].start_line if stage in self._stages else None

    def lines(self, stage: str, steps: Iterable[StepName]) -> Mapping[int, int]:
        """Step number to line, for the numbered steps (without FROM) of a stage that the build reports.

        Where numbering starts depends on what is not in the file: a base image from the registry takes a number,
        triggers of that image take more, a named context takes none. So every start is tried, and the one where all
        keywords agree and most of the texts do is taken. None agrees: no line is claimed.
        """
        found = self._stages.get(stage)
        if found is None:
            return {}
        instructions = numbered(found)
        commands = {step.index: step.command for step in steps}
        triggers = {index for index, command in commands.items() if command.startswith("ONBUILD ")}
        best: tuple[int, int] | None = None
        for first in range(1, max(commands, default=0) + 1):
            score = 0
            for index, command in commands.items():
                if index < first:
                    score += 0 if index in triggers else -1
                    continue
                if index - first >= len(instructions):
                    break
                instruction = instructions[index - first]
                if command.split(" ", 1)[0].upper() != instruction.keyword:
                    break
                score += squeeze(command) == squeeze(text_of(instruction))
            else:
                if best is None or score > best[0]:
                    best = (score, first)
        if best is None:
            return {}
        first = best[1]
        own = {index: instructions[index - first].start_line for index in commands if index >= first}
        return {**dict.fromkeys(triggers, found.start_line), **own}


def digest_lines(metadata: Mapping[str, Any]) -> Mapping[str, int]:
    """Vertex digest to the first line of its instruction, from a metadata file written with
    BUILDX_METADATA_PROVENANCE=max (buildx v0.14 and newer); empty where the builder gave none.
    """
    found: dict[str, int] = {}
    for provenance in (value for key, value in metadata.items() if key.startswith("buildx.build.provenance")):
        try:
            digests = provenance["buildConfig"]["digestMapping"]
            locations = provenance["metadata"][_MAPPING]["source"]["locations"]
        except (KeyError, TypeError):
            continue
        for digest, step in digests.items():
            ranges = [
                part["start"]["line"]
                for location in (locations.get(step) or {}).get("locations") or ()
                for part in location.get("ranges") or ()
                if part.get("start", {}).get("line")
            ]
            if ranges:
                found[str(digest)] = int(ranges[0])
    return found


def numbered(stage: Stage) -> tuple[Instruction, ...]:
    """The instructions of a stage that BuildKit numbers, FROM excepted."""
    return tuple(i for i in stage.instructions if i.keyword in _NUMBERED and not _is_root_workdir(i))


def counted(stage: Stage) -> int:
    """How many instructions BuildKit counts for the total, FROM excepted: a `WORKDIR /` too, which makes no step."""
    return sum(i.keyword in _NUMBERED for i in stage.instructions)


def text_of(instruction: Instruction) -> str:
    """The instruction on one line, as BuildKit prints it but for its blanks and the values of variables."""
    flags = (f"--{flag.name}" + ("" if flag.value is None else f"={flag.value}") for flag in instruction.flags)
    return " ".join((instruction.keyword, *flags, instruction.argument))


def squeeze(text: str) -> str:
    """Without blanks, for comparing."""
    return "".join(text.split())


def _is_root_workdir(instruction: Instruction) -> bool:
    """`WORKDIR /` makes no step."""
    return instruction.keyword == "WORKDIR" and set(instruction.argument.strip("\"'")) == {"/"}
