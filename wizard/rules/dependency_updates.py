"""Show what is outdated, and take the newer releases that keep their major version.

What it does
: Looks up the newest release of every package that a requirements file pins with `==`, for the image's Python, and
  lists what is newer with its distance: major, minor or patch. The edit moves the pins to what fits together and keeps
  the major version (below 1.0 the second number counts as such); a major one is listed and left to you. A lock that
  dockwiz made is resolved anew with them. Of the bases, a tag with a patch release (`python:3.11.4-slim`) moves to the
  newest patch release of the same tag, and a digest to the one that its tag has now. A Python or a Debian that gets no
  security fixes any more is named.

Why
: What is pinned stays as it is, with the faults that were found since. Small steps are easy to review; after two years
  of none an update is a project.

When it is safe
: Never by itself: a newer release is other code, so it waits for a review and your tests. The package index and the
  registry have to be asked, so the rule waits for `--online`; it asks the index of the Dockerfile, of the files or of
  your own pip or uv settings. Withdrawn (yanked) releases are not taken, pre-releases only where one is pinned, nothing
  without a wheel. Left alone and named: files with hashes, files that pip-compile, uv or another manager wrote (with
  the command that renews them), a base whose patch release other files name too, or that a caller replaces. PyTorch's
  packages belong to their index and stay, as does a base that a variable names. The end of support comes from a table
  with its date, and only what was past by then is named.

Source
: pip's documentation, "Version specifiers" and pypa's "Yanking"; semver.org; devguide.python.org, "Status of Python
  versions"; wiki.debian.org/LTS.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from wizard.assets import knowledge
from wizard.dockerfile.document import Instruction, Span
from wizard.dockerfile.editing import Edit, splice
from wizard.inspection.ecosystems.requirements import read_requirements
from wizard.inspection.files import list_files, read_text
from wizard.inspection.gpu.locked_family import with_family
from wizard.inspection.image_names import name_parts
from wizard.inspection.installs.locking import Lockable, Unlockable, index_lines, is_generated, lockable
from wizard.inspection.installs.locks import lock_file, source_question
from wizard.inspection.installs.newer_pins import Newer, Pin, newer_of, opened, pins_of, rewritten
from wizard.inspection.installs.pip import is_pip
from wizard.inspection.newer_bases import Base, NewerBase, named_bases, newer_base, past_support
from wizard.inspection.places import line_at
from wizard.inspection.questions import Answer, LockQuestion, Question
from wizard.inspection.steps import read_steps
from wizard.inspection.values import Evidence
from wizard.rules.base import Asks, Category, Proposal, Refusal, View, evidence_at
from wizard.wording import listed

ID = "dependency-updates"
TITLE = "Take newer releases of what is pinned"
CATEGORY: Category = "reproducible"

_OWN: Final = {
    "uv": ("uv.lock", "uv tree --outdated", "uv lock --upgrade"),
    "poetry": ("poetry.lock", "poetry show --outdated", "poetry update"),
    "pdm": ("pdm.lock", "pdm outdated", "pdm update"),
    "pipenv": ("Pipfile.lock", "pipenv update --outdated", "pipenv update"),
}
"""Manager: its lock, what lists the newer releases, what takes them."""
_WRITERS: Final = {"pip-compile": "pip-compile --upgrade", "uv": "uv pip compile --upgrade"}
_NAMES_A_VERSION: Final = re.compile(
    r"(?:^|/)(?:\.python-version|\.tool-versions|\.nvmrc|\.node-version|runtime\.txt|Pipfile|pyproject\.toml"
    r"|package\.json|mise\.toml)\Z"
)


class _Source(NamedTuple):
    """Requirements that one install reads, and their pins."""

    install: Lockable
    question: LockQuestion
    """What the files come to that a person edits."""
    pins: tuple[Pin, ...]
    lock: str | None
    """The lock of ours that the install reads instead."""


class _Found(NamedTuple):
    """A source with what is newer."""

    source: _Source
    newer: tuple[Newer, ...]
    compatible: str | None
    """The lines of all that fits together; None where nothing does."""


def propose(view: View) -> Proposal | Refusal | Asks | None:
    """Newer pins and bases; what stands in the way is told to whoever lets us ask."""
    outcome = _propose(view)
    return outcome if view.settings.online or isinstance(outcome, Asks) else None


def _propose(view: View) -> Proposal | Refusal | Asks | None:
    gaps: list[str] = []
    sources = _sources(view, gaps)
    bases = [base for base in named_bases(view.document) if _may_move(view, base, gaps)]
    answers = view.inspection.answers
    open_questions: list[Question] = []
    images: list[NewerBase] = []
    for base in bases:
        outcome = newer_base(base, answers)
        if isinstance(outcome, NewerBase):
            images.append(outcome)
        elif isinstance(outcome, Answer):
            gaps.append(f"of {base.reference} nothing can be looked up: {outcome.because}")
        elif outcome is not None:
            open_questions.append(outcome)
    found: list[_Found] = []
    for source in sources:
        step = _newer(view, source, gaps)
        if isinstance(step, _Found):
            found.append(step)
        elif step is not None:
            open_questions.append(step)
    if open_questions:
        return Asks(ID, tuple(dict.fromkeys(open_questions)))
    past = list(past_support(view.document))
    if not found and not images and not past:
        return Refusal(ID, "; ".join(gaps)) if gaps else None
    return _proposal(view, found, images, past, gaps)


# -- what is pinned --


def _sources(view: View, gaps: list[str]) -> list[_Source]:
    """The requirements files with pins that may move; what else installs packages goes to the gaps."""
    listing = list_files(view.workspace)
    sources: dict[LockQuestion, _Source] = {}
    for stage in view.document.stages:
        for reading in read_steps(view.document, stage):
            for install in reading.installs:
                if install.manager in _OWN and not is_pip(install):
                    lock, lists, takes = _OWN[install.manager]
                    if any(path.rpartition("/")[2] == lock for path in listing.below(view.workspace.context)):
                        line = line_at(reading.instruction.start_line)
                        gaps.append(
                            f"{line} installs what {lock} holds: `{lists}` shows what is newer, `{takes}` takes it"
                        )
                elif is_pip(install) and install.requirement_files:
                    try:
                        one = lockable(view.workspace, view.document, stage, reading, install)
                        source = _source(view, with_family(view.document, one, knowledge("gpu_packages")["torch"]))
                    except Unlockable as reason:
                        gaps.append(str(reason))
                        continue
                    if source.pins:
                        sources.setdefault(source.question, source)
    gaps[:] = dict.fromkeys(gaps)
    return list(sources.values())


def _source(view: View, one: Lockable) -> _Source:
    """What a person edits of what an install reads. Raises Unlockable."""
    question = source_question(view.workspace, one)
    path = one.manifest.path
    lock = path if question is not None else None
    question = question or one.question
    for name, content in question.files:
        writer = is_generated(content)
        if writer is not None:
            command = _WRITERS.get(writer, f"{writer} update")
            raise Unlockable(f"{name} says that {writer} wrote it: `{command}` takes newer releases")
        if read_requirements(view.workspace, name).hashed:
            raise Unlockable(f"{name} has hashes: what wrote it has to write them anew")
    family = set(knowledge("gpu_packages")["torch"]["family"])
    return _Source(one, question, tuple(pin for pin in pins_of(question) if pin.name not in family), lock)


def _newer(view: View, source: _Source, gaps: list[str]) -> _Found | LockQuestion | None:
    """What is newer of a source, or the question that has to be answered first."""
    answers = view.inspection.answers
    newest = opened(source.question, source.pins, majors=True)
    # A lock has to hold everything.
    together = opened(source.question, source.pins, majors=False, partial=source.lock is None)
    if newest not in answers:
        return newest
    alone = answers[newest]
    if alone.text is None:
        gaps.append(f"of {source.question.requirements} nothing can be looked up: {alone.because}")
        return None
    if alone.because:
        gaps.append(f"of {source.question.requirements} not everything can be looked up: {alone.because}")
    if not newer_of(source.pins, alone.text, ""):
        return None
    if together not in answers:
        return together
    fits = answers[together]
    if fits.because and fits.because != alone.because:
        gaps.append(f"of what {source.question.requirements} comes to now: {fits.because}")
    return _Found(source, newer_of(source.pins, alone.text, fits.text or ""), fits.text)


# -- which bases --


def _may_move(view: View, base: Base, gaps: list[str]) -> bool:
    """Whether nothing else in the repo goes by the exact name of a base."""
    at = line_at(base.instruction.start_line)
    callers = view.inspection.callers
    replacing = next((c for c in callers if any(name == base.reference for name, _ in c.contexts)), None)
    if replacing is not None:
        gaps.append(f"{at}: {replacing.path} puts a context of its own in place of {base.reference}")
        return False
    version = re.match(r"\d+\.\d+\.\d+", name_parts(base.reference)[1])
    if version is None:
        return True
    whole = re.compile(rf"(?<![\d.]){re.escape(version[0])}(?![\d.])")
    for path in list_files(view.workspace).below(view.workspace.context):
        if _NAMES_A_VERSION.search(path) and whole.search(read_text(view.workspace, path) or ""):
            gaps.append(f"{at}: {path} names {version[0]} too, and both have to move together")
            return False
    for other in view.document.instructions:
        if other.keyword != "FROM" and whole.search(other.argument):
            gaps.append(f"{line_at(other.start_line)} names {version[0]} too, and both have to move together")
            return False
    return True


# -- the change --


def _proposal(
    view: View, found: Sequence[_Found], images: Sequence[NewerBase], past: Sequence[tuple[Instruction, str]],
    gaps: Sequence[str],
) -> Proposal:  # fmt: skip
    newer = list(dict.fromkeys(one for each in found for one in each.newer))
    files = _files(view, found)
    edits = [Edit(_name_of(image.base), image.whole) for image in images]
    result = splice(view.document, edits) if edits else None
    counts = Counter(one.distance for one in newer)
    said = [f"{count} {distance}" for distance in ("major", "minor", "patch") if (count := counts[distance])]
    why = []
    if newer:
        pinned = len({pin for each in found for pin in each.source.pins})
        why.append(f"Of {pinned} pinned packages {len(newer)} have a newer release ({listed(said)}).")
    why += dict.fromkeys(f"The registry has a newer {one.kind} of {one.base.reference}." for one in images)
    why += [f"{line_at(at.start_line).capitalize()}: {clause}." for at, clause in past]
    majors = [f"{one.pin.name} {one.newest}" for one in newer if one.distance == "major"]
    risk = ["Newer releases are other code: run your tests in the new image."] if files or images else []
    risk += [f"Left to you, because the major version changes: {listed(majors)}."] if majors else []
    unfit = [each.source.question.requirements for each in found if each.compatible is None]
    risk += [f"Nothing newer of {name} fits together, so its pins stay." for name in unfit]
    risk += [f"{_capital(gap)}." for gap in gaps]
    return Proposal(
        rule=ID,
        title=TITLE if files or images else "Look at what is outdated",
        category=CATEGORY,
        safety="review",
        why=" ".join(why),
        evidence=_evidence(view, newer, images, past),
        edits=files if result is None else {**files, view.dockerfile: result.source},
        planned=result.planned if result else None,
        risk=" ".join(risk),
        details=_table(newer, images),
    )


def _files(view: View, found: Sequence[_Found]) -> dict[str, bytes | None]:
    """The requirements files with the newer pins, and the locks that were made of them."""
    wanted: dict[Pin, set[str]] = {}
    for each in found:
        for one in each.newer:
            if one.compatible is not None:
                wanted.setdefault(one.pin, set()).add(f"=={one.compatible}")
    # Two installs that read one file may come to two versions of a package: then it stays.
    specifiers = {pin: next(iter(versions)) for pin, versions in wanted.items() if len(versions) == 1}
    files: dict[str, bytes | None] = {}
    for each in found:
        source = each.source
        moved = {pin: specifiers[pin] for pin in source.pins if pin in specifiers}
        for path, content in source.question.files if moved else ():
            new = rewritten(path, content, moved)
            files |= {path: new} if new != content else {}
        if moved and source.lock is not None:
            indexes = index_lines(view.workspace, source.question)
            lock = lock_file(source.question.requirements, source.question, indexes, each.compatible or "")
            files[source.lock] = lock
    return files


def _name_of(base: Base) -> Span:
    return base.instruction.words[0].span


def _evidence(
    view: View, newer: Sequence[Newer], images: Sequence[NewerBase], past: Sequence[tuple[Instruction, str]]
) -> tuple[Evidence, ...]:
    pins = (Evidence(one.pin.path, one.pin.line, f"{one.pin.name}=={one.pin.version}") for one in newer)
    froms = (*(image.base.instruction for image in images), *(at for at, _ in past))
    return (*pins, *dict.fromkeys(evidence_at(view, one) for one in froms))


def _table(newer: Sequence[Newer], images: Sequence[NewerBase]) -> tuple[str, ...]:
    """What is newer, a row for each, in columns."""
    rows: list[tuple[str, ...]] = [
        (one.pin.name, one.pin.version, one.newest, one.distance, one.compatible or _left(one)) for one in newer
    ]
    for image in images:
        old, new = _short(image.base.reference, image.base.digest), _short(image.reference, image.digest)
        rows.append((name_parts(image.reference)[0], old, new, image.kind, new))
    if not rows:
        return ()
    rows = [("", "pinned", "newest", "", "in the edit"), *dict.fromkeys(rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return tuple("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def _left(one: Newer) -> str:
    """What is said in place of a version that the edit takes."""
    return "left to you" if one.distance == "major" else "stays"


def _capital(gap: str) -> str:
    """The beginning of a sentence; the name of a file stays as it is."""
    return gap if "." in gap.partition(" ")[0] else f"{gap[:1].upper()}{gap[1:]}"


def _short(reference: str, digest: str) -> str:
    """The tag of an image, and the beginning of its digest."""
    return name_parts(reference)[1] + (f"@{digest[:15]}…" if digest else "")
