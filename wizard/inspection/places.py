"""Lines of the files that a rule sees, in sentences and as evidence.

Earlier proposals may have moved these lines. So a number in a sentence carries a mark, by which `wizard.plan.origins`
finds it and puts in its place the line of the person's own file.
"""

from __future__ import annotations

from wizard.dockerfile.document import Instruction
from wizard.inspection.masking import shown
from wizard.inspection.values import Evidence

MARK = "\N{INVISIBLE SEPARATOR}"


def line_at(line: int | None) -> str:
    """`line 12` of the Dockerfile (1-based), for a sentence."""
    return "the Dockerfile" if line is None else f"line {line}{MARK}"


def place_at(path: str, line: int | None) -> str:
    """`requirements.txt:12` (relative to the root, 1-based), for a sentence."""
    return path if line is None else f"{MARK}{path}:{line}{MARK}"


def quoted(path: str, instruction: Instruction) -> Evidence:
    """An instruction of the Dockerfile at `path` as evidence, secrets masked."""
    return Evidence(path, instruction.start_line, shown(f"{instruction.keyword} {instruction.argument}"))
