"""What a rule is given and what it returns.

A rule is a module of this package with `ID`, `TITLE`, `CATEGORY` and `propose(view)`; its docstring is its
documentation. `wizard.rules.registry.RULES` lists them in fold order. No rule imports another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from wizard.dockerfile.document import Document, Instruction, Reading
from wizard.dockerfile.shell import parse_run
from wizard.inspection.division.proven import ProvenNeed
from wizard.inspection.places import line_at, quoted
from wizard.inspection.questions import Question
from wizard.inspection.values import Evidence, Inspection
from wizard.workspace import Workspace

Category = Literal["speed", "size", "reproducible", "secure"]
Safety = Literal["safe", "review"]
Basis = Literal["index", "measured", "catalogue"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the person chose that rules heed."""

    torch_index: str | None = None
    """Address of a CPU wheel index; None means the bundled default."""
    online: bool = False
    proven: tuple[ProvenNeed, ...] = ()
    """What comparisons of this Dockerfile found missing in an image that was divided into stages."""


@dataclass(frozen=True)
class View:
    """What a rule sees: the files as the earlier proposals left them, and what was found before any of them."""

    workspace: Workspace
    dockerfile: str
    """Path of the Dockerfile, relative to the root."""
    document: Document
    """That Dockerfile, parsed from `workspace`."""
    inspection: Inspection
    settings: Settings = field(default_factory=Settings)


def evidence_at(view: View, instruction: Instruction) -> Evidence:
    """An instruction of the Dockerfile as evidence, secrets masked."""
    return quoted(view.dockerfile, instruction)


class Estimate(NamedTuple):
    """What a proposal is expected to save, and where the figure comes from."""

    seconds: float | None
    bytes: int | None
    basis: Basis


@dataclass(frozen=True)
class Proposal:
    """One improvement: which files it changes and why."""

    rule: str
    title: str
    category: Category
    safety: Safety
    why: str
    evidence: tuple[Evidence, ...]
    edits: Mapping[str, bytes | None]
    """Whole new content by path; None removes the file; empty for advice."""
    planned: tuple[Reading, ...] | None = None
    """The instructions that the Dockerfile is to hold: `planned` of the document that `splice` or `assemble` gave.
    None: the same as before. The gate holds the result to them."""
    estimate: Estimate | None = None
    details: tuple[str, ...] = ()
    """Lines that are shown as they stand, below the reason: a table."""
    risk: str = ""
    """What was checked, and what could still go wrong; one or two sentences."""
    disputed: bool = False
    """Something speaks against it: a goal does not select it, only the person does."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule that would have applied, and the precondition that does not hold."""

    rule: str
    because: str
    evidence: tuple[Evidence, ...] = ()


class Asks(NamedTuple):
    """A rule that would apply, and has to know first what only the network can tell.

    Without `--online` it waits. With it the answers come into `Inspection.answers`, also those that nobody could find,
    and the plan is made again: so a rule asks a question once.
    """

    rule: str
    questions: tuple[Question, ...]


def unread(view: View, rule: str, runs: Sequence[Instruction]) -> Refusal | None:
    """The refusal of a rule that may have to do with these steps, which cannot be read."""
    if not runs:
        return None
    opaque = parse_run(view.document, runs[0]).opaque
    because = f"its shell text cannot be read ({opaque or 'what it gives to another shell holds expansions'})"
    if runs[0].json is not None:
        because = "it is a JSON list, which is not looked into (written as a command of the shell it would be)"
    if view.document.escape == "`":
        because = "the file's escape character is that of Windows images, whose shell texts are not read"
    return Refusal(rule, f"{line_at(runs[0].start_line)}: {because}", (evidence_at(view, runs[0]),))


class Rule(Protocol):
    """A module of wizard.rules."""

    ID: str
    TITLE: str
    CATEGORY: Category

    __doc__: str | None

    def propose(self, view: View) -> Proposal | Refusal | Asks | None: ...
