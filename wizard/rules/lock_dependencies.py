"""Install Python packages from a lock: every version and hash written down, what they depend on included.

What it does
: Resolves the requirements file of a `pip install -r` (or `uv pip install -r`) with uv, for the Python and the
  platforms of the image, and writes what it comes to beside it, `<name>-lock.txt`, with hashes. The install reads the
  lock with `--require-hashes`, and the COPY that brings your file brings the lock too. Your file stays what you edit;
  where it asks for something that the lock does not hold, the lock is resolved anew, and keeps what still fits.

Why
: A requirements file pins at most what it names. What that depends on is decided anew by every build: the same commit
  gives another image next month, or none at all. And a hash is the only proof that a package is the one you tried.

When it is safe
: A package index has to be asked, so the rule waits for `--online`. It asks the one that the Dockerfile or the files
  name, else the one of your own pip or uv settings, and writes no address that is not in your files already. It waits
  for a review because it pins what the index has today. No line may come from an address, a folder or version control
  (those have no version to pin), no option or setting may change what pip would choose, every package needs a wheel
  (nothing of the index is run here), the Python has to be the image's. What differs between x86-64 and arm64 is marked
  with its machine. PyTorch is locked as the image gets it: after torch-cpu-index, never with CUDA by accident. For
  Poetry, PDM, Pipenv, uv projects and conda it names the command that makes their lock, where there is none.

Source
: pip's documentation, "Secure installs" and "Repeatable installs"; docs.astral.sh/uv, "Locking environments".
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import NamedTuple

from wizard.assets import knowledge
from wizard.dockerfile.document import Span, Stage
from wizard.dockerfile.editing import Edit, splice
from wizard.dockerfile.installs import Install
from wizard.dockerfile.stages import lineage
from wizard.inspection.context.measure import is_ignored
from wizard.inspection.ecosystems.requirements import read_requirements
from wizard.inspection.files import list_files
from wizard.inspection.gpu.evidence import gpu_verdict
from wizard.inspection.gpu.locked_family import family_install, pinned, with_family
from wizard.inspection.gpu.torch_pulls import is_family_install, package_name, pulls_by_stage
from wizard.inspection.installs.beside import bring, read_instead
from wizard.inspection.installs.locking import (
    Lockable,
    Unlockable,
    index_lines,
    is_generated,
    lockable,
    variables_in,
)
from wizard.inspection.installs.locks import lock_file, lock_path, renewal
from wizard.inspection.installs.pip import PIP_INSTALLS, is_pip, manifests_of
from wizard.inspection.places import line_at
from wizard.inspection.steps import Reading, read_steps, unread_runs
from wizard.rules.base import Asks, Category, Proposal, Refusal, View, evidence_at, unread
from wizard.wording import listed

ID = "lock-dependencies"
TITLE = "Install Python packages from a lock"
CATEGORY: Category = "reproducible"

_OWN_LOCKS = {
    "poetry": ("poetry.lock", "poetry lock"),
    "pdm": ("pdm.lock", "pdm lock"),
    "pipenv": ("Pipfile.lock", "pipenv lock"),
    "uv": ("uv.lock", "uv lock"),
    "conda": ("conda-lock.yml", "conda-lock --file environment.yml"),
}
"""Manager: its lock, and what makes it."""
_TOOLS = frozenset({"pip", "setuptools", "wheel", "uv", "poetry", "pdm", "pipenv", "pip-tools", "build", "virtualenv"})


class _Step(NamedTuple):
    """A Python install, where it stands."""

    stage: Stage
    reading: Reading
    install: Install


def propose(view: View) -> Proposal | Refusal | Asks | None:
    """A lock for every requirements file that is installed; what stands in the way is told to whoever lets us ask."""
    try:
        outcome = _propose(view)
    except Unlockable as reason:
        outcome = Refusal(ID, str(reason))
    return outcome if view.settings.online or isinstance(outcome, Asks) else None


def _propose(view: View) -> Proposal | Refusal | Asks | None:
    steps = [
        _Step(stage, reading, install)
        for stage in view.document.stages
        for reading in read_steps(view.document, stage)
        for install in reading.installs
    ]
    with_file = [step for step in steps if is_pip(step.install) and step.install.requirement_files]
    stale = next((outcome for step in with_file if (outcome := _renewed(view, step)) is not None), None)
    if stale is not None:
        return stale
    unlocked = [step for step in with_file if not _is_locked(view, step)]
    if not unlocked:
        return _without_file(view, steps)
    try:
        found = [_lockable(view, step) for step in unlocked]
        for one in found:
            _check(view, one)
        _check_torch(view, found)
        _check_together(view, found)
    except Unlockable as reason:
        return Refusal(ID, str(reason), tuple(evidence_at(view, step.reading.instruction) for step in unlocked))
    questions = tuple(dict.fromkeys(one.question for one in found))
    answers = view.inspection.answers
    if any(question not in answers for question in questions):
        return Asks(ID, questions)
    for question in questions:
        if answers[question].text is None:
            because = f"{question.requirements} cannot be resolved: {answers[question].because}"
            return Refusal(ID, because, tuple(evidence_at(view, one.reading.instruction) for one in found))
    return _proposal(view, found, _beside(steps))


def _lockable(view: View, step: _Step) -> Lockable:
    """What there is to lock, PyTorch from its own index where a step brings it from there. Raises Unlockable."""
    return with_family(
        view.document, lockable(view.workspace, view.document, *step), knowledge("gpu_packages")["torch"]
    )


# -- what must hold --


def _is_locked(view: View, step: _Step) -> bool:
    """Whether the install checks hashes already."""
    if step.install.has("--require-hashes"):
        return True
    found = manifests_of(view.workspace, view.document, step.stage, step.reading).found
    return any(read_requirements(view.workspace, manifest.path).hashed for manifest in found)


def _check(view: View, one: Lockable) -> None:
    path = one.manifest.path
    writer = is_generated(view.workspace.read(path))
    if writer is not None:
        option = "--generate-hashes" if writer in ("pip-compile", "uv") else "the option for hashes"
        raise Unlockable(f"{path} says that {writer} wrote it: let that write the hashes too ({option})")
    lock = lock_path(path)
    if view.workspace.exists(lock):
        raise Unlockable(f"{lock} is there already, and nothing installs it")
    if is_ignored(view.workspace, view.dockerfile, lock):
        raise Unlockable(f"the ignore file would keep {lock} out of the build context")
    if not view.workspace.read(path).strip():
        raise Unlockable(f"{path} is empty")
    if posixpath.basename(one.manifest.image_path) not in "".join(
        option.words[-1].text for option in one.install.options
    ):
        raise Unlockable(f"{line_at(one.reading.instruction.start_line)}: the file is not named plainly")
    if bring(view.workspace, view.document, one.manifest, lock) is None:
        line = line_at(one.manifest.copy.instruction.start_line)
        raise Unlockable(f"{line}: the COPY that brings {path} cannot bring the lock too")
    base = lineage(view.document, one.stage)[0]
    setter = next((c for c in view.inspection.callers if set(c.build_args) & set(variables_in(base.base))), None)
    if setter is not None:
        line = line_at(base.start_line)
        raise Unlockable(f"{line}: the base image depends on a build argument, which {setter.path} sets")


def _check_torch(view: View, found: list[Lockable]) -> None:
    """PyTorch's CUDA build is locked only where it is wanted."""
    if gpu_verdict(view.inspection.gpu) == "gpu":
        return
    table = knowledge("gpu_packages")["torch"]
    pulling = {pull.stage.index for pulls in pulls_by_stage(view.workspace, view.document, table) for pull in pulls}
    one = next((one for one in found if one.stage.index in pulling), None)
    if one is not None:
        raise Unlockable(
            f"{line_at(one.reading.instruction.start_line)} brings PyTorch with CUDA, which a lock would hold on to,"
            " and nothing here is known to need it: take torch-cpu-index first"
        )


def _check_together(view: View, found: list[Lockable]) -> None:
    """One lock for what lands in one environment, and one content for one path."""
    for one in found:
        below = lineage(view.document, one.stage)
        other = next((o for o in found if o.stage in below and o.manifest.path != one.manifest.path), None)
        if other is not None:
            lines = map(line_at, sorted(step.reading.instruction.start_line for step in (other, one)))
            raise Unlockable(
                f"{listed(list(lines))} install into one environment, and two locks may not fit each other:"
                " one file that includes both with -r can be locked"
            )
        twin = next((o for o in found if o.manifest.path == one.manifest.path and o.question != one.question), None)
        if twin is not None:
            raise Unlockable(
                f"{one.manifest.path} is installed for several Pythons or platforms: each needs its own lock"
            )


def _without_file(view: View, steps: list[_Step]) -> Refusal | None:
    """What there is to say where no requirements file is left to lock."""
    listing = list_files(view.workspace)
    for step in steps:
        install, line = step.install, line_at(step.reading.instruction.start_line)
        here = (evidence_at(view, step.reading.instruction),)
        if install.manager in _OWN_LOCKS and not is_pip(install) and install.verb not in ("tool install", "add"):
            lock, command = _OWN_LOCKS[install.manager]
            if not any(posixpath.basename(path) == lock for path in listing.below(view.workspace.context)):
                return Refusal(ID, f"{line}: {install.manager} finds no {lock}: `{command}` makes it", here)
        elif is_pip(install) and (install.paths or install.editables):
            why = "what it depends on stands in its own files (`uv lock` with `uv sync` locks that)"
            return Refusal(ID, f"{line} installs a project, and {why}", here)
        elif is_pip(install) and {package_name(word.value) for word in install.packages} - _TOOLS:
            return Refusal(ID, f"{line} names its packages itself: a requirements file can be locked", here)
    return unread(view, ID, unread_runs(view.document, PIP_INSTALLS))


def _beside(steps: list[_Step]) -> list[str]:
    """The installs that stay as they are and leave versions open, as sentences."""
    table = knowledge("gpu_packages")["torch"]
    open_ones = (
        step
        for step in steps
        if is_pip(step.install)
        and not step.install.requirement_files
        and not is_family_install(step.install, table)
        and any("==" not in word.text and package_name(word.value) not in _TOOLS for word in step.install.packages)
    )
    return [
        f"{line_at(step.reading.instruction.start_line).capitalize()} goes on choosing versions itself."
        for step in open_ones
    ]


# -- the change --


def _proposal(view: View, found: list[Lockable], beside: list[str]) -> Proposal:
    files: dict[str, bytes | None] = {}
    edits: dict[Span, Edit] = {}
    gaps: list[str] = []
    table = knowledge("gpu_packages")["torch"]
    for one in found:
        answer = view.inspection.answers[one.question]
        path = one.manifest.path
        lock = lock_path(path)
        files[lock] = lock_file(path, one.question, index_lines(view.workspace, one.question), answer.text or "")
        family = family_install(view.document, one.stage, table) if one.question.family is not None else None
        edits |= {edit.span: edit for edit in (pinned(family, answer.text or "") if family is not None else ())}
        edits |= {edit.span: edit for edit in _install_edits(one, lock)}
        edits |= {edit.span: edit for edit in bring(view.workspace, view.document, one.manifest, lock) or ()}
        base = lineage(view.document, one.stage)[0]
        gaps += [f"{lock}: {answer.because}."] if answer.because else []
        gaps += [f"It is for the default of {name} in {line_at(base.start_line)}." for name in variables_in(base.base)]
    result = splice(view.document, edits.values())
    names = listed(list(dict.fromkeys(one.manifest.path for one in found)))
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="review",
        why=f"What {names} leaves open, and all that it depends on, is chosen anew by every build.",
        evidence=tuple(evidence_at(view, one.reading.instruction) for one in found),
        edits={view.dockerfile: result.source, **files},
        planned=result.planned,
        risk=" ".join(
            dict.fromkeys(
                [
                    "The lock holds what the index has today; try the image with it.",
                    "After a change of your file, `dockwiz apply --online` brings it up to date.",
                    *gaps,
                    *beside,
                ]
            )
        ),
    )


def _install_edits(one: Lockable, lock: str) -> Iterator[Edit]:
    """The lock with its hashes in place of the file."""
    old, new = posixpath.basename(one.manifest.image_path), posixpath.basename(lock)
    first = next(o for o in one.install.options if o.name in ("-r", "--requirement", "--requirements"))
    for edit in read_instead(one.install, old, new):
        glued = first.words[0].span == edit.span
        yield edit._replace(text=f"--require-hashes {edit.text}") if glued else edit
        if not glued:
            at = first.words[0].span.start
            yield Edit(Span(at, at), "--require-hashes ")


# -- a lock that no longer fits --


def _renewed(view: View, step: _Step) -> Proposal | Refusal | Asks | None:
    """The lock of an install resolved anew, where the file that it was made from asks for something else by now."""
    try:
        one = _lockable(view, step)
    except Unlockable:
        return None
    lock = one.manifest.path
    question = renewal(view.workspace, one)
    if question is None:
        return None
    answer = view.inspection.answers.get(question)
    if answer is None:
        return Asks(ID, (question,))
    here = (evidence_at(view, step.reading.instruction),)
    if answer.text is None:
        return Refusal(ID, f"{question.requirements} cannot be resolved: {answer.because}", here)
    content = lock_file(question.requirements, question, index_lines(view.workspace, question), answer.text)
    if content == question.previous:
        return None
    return Proposal(
        rule=ID,
        title=f"Bring {lock} up to date",
        category=CATEGORY,
        safety="review",
        why=f"{question.requirements} asks for packages that {lock} does not hold.",
        evidence=here,
        edits={lock: content},
        risk="What still fits keeps its version.",
    )
