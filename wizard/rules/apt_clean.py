"""Remove apt's package lists in the step that fetched them.

What it does
: Adds `rm -rf /var/lib/apt/lists/*` at the end of a RUN that fetches the lists and leaves them in its layer.

Why
: The lists are some 20 to 50 MB that nothing reads at run time. Deleted in a later step they stay in the image: layers
  only add.

When it is safe
: The step fetches the lists itself, ends in a plain command that the cleaning can be joined to by `&&` (so it fails
  whenever it failed before), mounts no cache there, and no later step, here or in a stage built upon this one, looks
  for the lists without fetching them first, or runs something unseen that may do so (a fetched script). No package is
  installed for the container whose programs read the lists (python3-apt, aptitude, apt-file). Where the step reaches
  apt through sudo, so does the cleaning.

Source
: docs.docker.com, "Building best practices", apt-get.
"""

from __future__ import annotations

from wizard.dockerfile.document import Document, Stage
from wizard.dockerfile.editing import Edit, splice
from wizard.dockerfile.errors import EditConflict
from wizard.dockerfile.run_editing import insert_command
from wizard.dockerfile.stages import lineage
from wizard.dockerfile.state import environment
from wizard.inspection.apt.lists import AptFlow, apt_flow
from wizard.inspection.apt.run_time import reader_at_run_time
from wizard.inspection.caches.mounted import Hindrance, cleaning_of, covered, stops_at_failure
from wizard.inspection.places import line_at
from wizard.inspection.steps import APT, Reading, read_steps, unread_runs
from wizard.rules.base import Category, Estimate, Proposal, Refusal, View, evidence_at, unread
from wizard.wording import listed

ID = "apt-clean"
TITLE = "Remove apt's package lists in the step that fetched them"
CATEGORY: Category = "size"

LISTS = "/var/lib/apt/lists"
_FETCHES = r"\bapt(?:-get)?\b[^;&|]{0,300}\bupdate\b"
_LIST_BYTES = 20_000_000
"""What the lists of a slim Debian 12 image weigh, measured: 19 to 21 MB."""


def propose(view: View) -> Proposal | Refusal | None:
    """The cleaning command for every RUN that leaves the lists behind."""
    document = view.document
    flow = apt_flow(view.workspace, document)
    edits: list[Edit] = []
    found: list[Reading] = []
    kept: list[tuple[Reading, str]] = []
    for stage in lineage(document, document.stages[-1]):
        for reading in read_steps(document, stage):
            if not _leaves_lists(document, stage, reading):
                continue
            outcome = _cleaning(document, flow, stage, reading)
            if isinstance(outcome, Edit):
                edits.append(outcome)
                found.append(reading)
            else:
                kept.append((reading, outcome))
    if not found:
        if not kept:
            return unread(view, ID, [i for i in unread_runs(document, _FETCHES) if LISTS not in i.argument])
        reading, because = kept[0]
        place = reading.instruction
        return Refusal(ID, f"{line_at(place.start_line)}: {because}", (evidence_at(view, place),))
    places = listed([line_at(reading.instruction.start_line) for reading in found])
    result = splice(document, edits)
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="safe",
        why=f"The package lists fetched in {places} stay in the image, and nothing reads them at run time.",
        evidence=tuple(evidence_at(view, reading.instruction) for reading in found),
        edits={view.dockerfile: result.source},
        planned=result.planned,
        estimate=Estimate(None, _LIST_BYTES, "catalogue"),
        risk="No later step uses the lists without fetching them."
        + "".join(
            f" {line_at(reading.instruction.start_line).capitalize()} is left as it is: {because}."
            for reading, because in kept
        ),
    )


def _cleaning(document: Document, flow: AptFlow, stage: Stage, reading: Reading) -> Edit | str:
    """The command to add, or why the lists have to stay."""
    later = flow.needs_lists(stage, reading.instruction)
    if later is not None:
        other, why = later
        return f"{line_at(other.start_line)} {why}, and would find no lists"
    reader = reader_at_run_time(document, stage)
    if reader is not None:
        return f"{line_at(reader[0].start_line)} installs {reader[1]}, whose programs read the lists in the container"
    script = reading.script
    if script is None:
        return "its commands cannot be read"
    updates = {one.command for one in reading.installs if one.manager in APT and one.verb == "update"}
    if updates.issuperset(script.top):
        return "no step uses the lists that it fetches, and it does nothing else: it could go"
    state = environment(document, stage, reading.instruction)
    if reading.instruction.heredocs and not stops_at_failure(script, state):
        return "the step goes on after a command that failed, and its result is that of the last one"
    update = next(install for install in reading.installs if install.manager in APT)
    text = f"{'sudo ' if 'sudo' in update.wrappers else ''}rm -rf {LISTS}/*"
    try:
        return insert_command(document, script, None, text)
    except EditConflict as error:
        return error.message


def _leaves_lists(document: Document, stage: Stage, reading: Reading) -> bool:
    """Whether a step fetches the lists and neither removes them nor keeps them in a mount."""
    if reading.script is None or not any(i.manager in APT and i.verb == "update" for i in reading.installs):
        return False
    state = environment(document, stage, reading.instruction)
    if covered(reading.instruction, state, LISTS):
        return False
    cleaning = cleaning_of(reading.script, state, [LISTS], {"apt-lists"}, ["/var/lib/apt"])
    return not isinstance(cleaning, Hindrance) and not cleaning.commands and not cleaning.words
