"""Remove apt's package lists in the step that fetched them.

What it does
: Adds `rm -rf /var/lib/apt/lists/*` at the end of a RUN that fetches the lists and leaves them in its layer.

Why
: The lists are some 20 to 50 MB that nothing reads at run time. Deleted in a later step they stay in the image: layers
  only add.

When it is safe
: The step refreshes the lists itself, does nothing but plain commands joined by `&&`, mounts no cache there, and no
  later step of the stages built on it uses the lists without refreshing them.

Source
: docs.docker.com, "Building best practices", apt-get.
"""

from __future__ import annotations

from wizard.dockerfile.cleaning import cleans
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.editing import Edit, splice
from wizard.dockerfile.run_editing import insert_command
from wizard.dockerfile.stages import base_stage, mount_options
from wizard.inspection.steps import APT, Reading, read_steps
from wizard.rules.base import Category, Estimate, Proposal, Refusal, View, evidence_at

ID = "apt-clean"
TITLE = "Remove apt's package lists in the step that fetched them"
CATEGORY: Category = "size"

LISTS = "/var/lib/apt/lists"
_LIST_BYTES = 20_000_000
"""What the lists of a slim Debian 12 image weigh, measured: 19 to 21 MB."""


def propose(view: View) -> Proposal | Refusal | None:
    """The cleaning command for every RUN that leaves the lists behind."""
    document = view.document
    edits: list[Edit] = []
    found: list[Instruction] = []
    kept: list[Instruction] = []
    for stage in document.stages:
        if not _reaches_an_image(document, stage):
            continue
        readings = read_steps(document, stage)
        for number, reading in enumerate(readings):
            if not _leaves_lists(reading):
                continue
            if _read_later(document, stage, readings[number + 1 :]):
                kept.append(reading.instruction)
                continue
            assert reading.script is not None
            if not reading.script.and_list:
                kept.append(reading.instruction)
                continue
            edits.append(insert_command(document, reading.script, None, f"rm -rf {LISTS}/*"))
            found.append(reading.instruction)
    if not found:
        return None
    lines = ", ".join(str(instruction.start_line) for instruction in found)
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="safe",
        why=f"The package lists that line {lines} fetches stay in the image, and nothing reads them at run time.",
        evidence=tuple(evidence_at(view, instruction) for instruction in found),
        edits={view.dockerfile: splice(document, edits).source},
        estimate=Estimate(None, _LIST_BYTES, "catalogue"),
        risk="No later step uses the lists without refreshing them."
        + (f" Line {kept[0].start_line} is left as it is." if kept else ""),
    )


def _reaches_an_image(document: Document, stage: Stage) -> bool:
    """Whether the layers of this stage end up in the last stage's image."""
    current: Stage | None = document.stages[-1]
    while current is not None and current is not stage:
        current = base_stage(document, current)
    return current is stage


def _leaves_lists(reading: Reading) -> bool:
    if reading.script is None or reading.role == "unknown" or not reading.managers & APT:
        return False
    updates = any(i.manager in APT and i.verb == "update" for i in reading.installs)
    cleaned = any(cleans(command) == "apt-lists" for command in reading.script.commands)
    mounts = (mount_options(flag.value or "") for flag in reading.instruction.flags if flag.name == "mount")
    mounted = any((mount.get("target") or mount.get("dst") or "").startswith("/var/lib/apt") for mount in mounts)
    return updates and not cleaned and not mounted


def _read_later(document: Document, stage: Stage, rest: tuple[Reading, ...]) -> bool:
    """Whether a later step, here or in a stage built on this one, installs without refreshing the lists first."""
    followers = [other for other in document.stages if base_stage(document, other) is stage]
    steps = [*rest, *(reading for other in followers for reading in read_steps(document, other))]
    for reading in steps:
        if reading.role == "unknown" and b"apt" in reading.instruction.argument.encode("utf-8", "replace"):
            return True
        verbs = [i.verb for i in reading.installs if i.manager in APT]
        if "install" in verbs and "update" not in verbs[: verbs.index("install")]:
            return True
    return False
