"""Copy local files with COPY instead of ADD.

What it does
: Makes COPY of an ADD that only copies: files, folders and heredocs of the build context.

Why
: ADD also fetches addresses, clones repositories and unpacks archives. Which of these it does depends on what a name or
  a file holds on the day of the build; COPY puts into the image what it was given, and nothing else.

When it is safe
: Every source stands in the repo under its plain name, and is a folder or a file that is neither a tar nor compressed
  (seen from its first bytes, as BuildKit does) nor named so. An ADD that fetches, clones, unpacks or has a flag of its
  own (`--checksum`, `--keep-git-dir`, `--unpack`) is right as it is. One whose sources only the build knows stays too:
  a variable, a pattern, a file that is made before the build, an ONBUILD.

Source
: docs.docker.com, "Building best practices", ADD or COPY; BuildKit's solver/llbsolver/file/unpack.go.
"""

from __future__ import annotations

from typing import Final, Literal

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.editing import Edit, splice
from wizard.dockerfile.sources import context_sources, operands
from wizard.dockerfile.state import environment
from wizard.inspection.copies.archives import may_be_archive
from wizard.inspection.places import line_at
from wizard.rules.base import Category, Proposal, Refusal, View, evidence_at
from wizard.wording import listed
from wizard.workspace import OutsideRoot, Workspace

ID = "add-to-copy"
TITLE = "Copy local files with COPY instead of ADD"
CATEGORY: Category = "secure"

_FLAGS: Final = frozenset({"chown", "chmod", "link", "exclude"})
"""That COPY has too, and takes the same way."""
_PATTERN: Final = frozenset("*?[\\")


def propose(view: View) -> Proposal | Refusal | None:
    """COPY for every ADD that does no more than that."""
    document = view.document
    copies: list[Instruction] = []
    left: list[tuple[Instruction, str]] = []
    for stage in document.stages:
        for instruction in stage.instructions:
            if (instruction.trigger or instruction).keyword != "ADD":
                continue
            does, because = _does(view.workspace, document, stage, instruction)
            if does == "copy":
                copies.append(instruction)
            elif does == "unknown":
                left.append((instruction, because))
    if not copies:
        if not left:
            return None
        instruction, because = left[0]
        return Refusal(ID, f"{line_at(instruction.start_line)}: {because}", (evidence_at(view, instruction),))
    edits = [Edit(one.keyword_span, "copy" if one.written.islower() else "COPY") for one in copies]
    result = splice(document, edits)
    places = listed([line_at(one.start_line) for one in copies])
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="safe",
        why=f"ADD also fetches, clones and unpacks, as its sources happen to be; "
        f"a copy is all that {places} {'asks' if len(copies) == 1 else 'ask'} for.",
        evidence=tuple(evidence_at(view, one) for one in copies),
        edits={view.dockerfile: result.source},
        planned=result.planned,
        risk="None of these sources is an address or an archive that ADD would unpack."
        + "".join(f" {line_at(one.start_line).capitalize()} is left as it is: {because}." for one, because in left),
    )


def _does(
    workspace: Workspace, document: Document, stage: Stage, instruction: Instruction
) -> tuple[Literal["copy", "more", "unknown"], str]:
    """What an ADD does, and for `unknown` why that cannot be told."""
    if instruction.trigger is not None:
        return "unknown", "an ONBUILD adds what another build's context holds"
    if document.escape == "`":
        return "unknown", "the file's escape character is that of Windows images, whose paths are not read"
    if any(flag.name not in _FLAGS for flag in instruction.flags):
        return "more", ""
    written = operands(instruction)[:-1]
    sources = context_sources(instruction, environment(document, stage, instruction))
    if len(sources) + len(instruction.heredocs) < len(written):
        return "more", ""
    archives = [_is_archive(workspace, source) for source in sources]
    unsettled = next((word for word in written if "$" in word), None)
    if unsettled is not None:
        return "unknown", f"what `{unsettled}` names is settled by the build, and ADD unpacks an archive"
    if True in archives:
        return "more", ""
    for source, archive in zip(sources, archives, strict=True):
        if set(source) & _PATTERN:
            return "unknown", f"which files `{source}` matches is settled by the build, and ADD unpacks an archive"
        if archive is None:
            return "unknown", f"whether {source} is an archive cannot be seen here, and ADD unpacks one"
    return "copy", ""


def _is_archive(workspace: Workspace, source: str) -> bool | None:
    """None for what is not there, or is a pattern."""
    try:
        path = workspace.from_context(source)
    except OutsideRoot:
        return None
    return False if path == "." or workspace.is_dir(path) else may_be_archive(workspace, path)
