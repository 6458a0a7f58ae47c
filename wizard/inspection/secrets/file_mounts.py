"""A copied file with credentials as the mount of a build secret."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection
from typing import NamedTuple

from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.editing import Edit, delete, remove_span
from wizard.dockerfile.errors import EditConflict
from wizard.dockerfile.run_editing import remove_command
from wizard.dockerfile.script import Command
from wizard.dockerfile.shell import parse_run
from wizard.dockerfile.sources import operands
from wizard.dockerfile.stages import lineage
from wizard.dockerfile.started import starting
from wizard.dockerfile.state import environment
from wizard.ignorefile import with_lines
from wizard.inspection.context.measure import ignore_file
from wizard.inspection.copies.placed import IMAGE_FOLDER, context_copies
from wizard.inspection.places import line_at
from wizard.inspection.secrets.copied import CopiedFile
from wizard.inspection.secrets.variables import text_of
from wizard.workspace import Workspace


class FileMounts(NamedTuple):
    """The steps that get the file, each with its `--mount`; the edits that take the file out of the image."""

    steps: tuple[tuple[Instruction, str], ...]
    edits: tuple[Edit, ...]
    ignore: tuple[tuple[str, bytes], ...]


def file_mounts(
    workspace: Workspace, document: Document, file: CopiedFile, dockerfiles: Collection[str]
) -> FileMounts | str:
    """How the file is mounted instead of copied; or why it is not, with the way out."""
    name = posixpath.basename(file.path)
    by_hand = f"Mount it by hand: `RUN --mount=type=secret,id={name.lstrip('.')},target=…`."
    place = line_at(file.instruction.start_line).capitalize()
    if file.instruction.keyword != "COPY" or file.instruction.json is not None or file.instruction.flags:
        return f"{place} is no plain COPY. {by_hand}"
    target = posixpath.join(file.copy.destination, name) if file.copy.into_folder else file.copy.destination
    if IMAGE_FOLDER in target:
        return f"{place} copies to a folder that only the image knows. {by_hand}"
    others = [copy for stage in document.stages for copy in context_copies(document, stage)
              if copy.instruction is not file.instruction and file.path in copy.sources]  # fmt: skip
    if others:
        return f"{line_at(others[0].instruction.start_line).capitalize()} copies it too. {by_hand}"
    stages = [stage for stage in document.stages if file.stage in lineage(document, stage)]
    edits: list[Edit] = [_without(document, file)]
    steps: list[tuple[Instruction, str]] = []
    for stage in stages:
        for instruction in stage.instructions:
            if instruction.keyword != "RUN" or instruction.index < file.instruction.index:
                continue
            removed = _removal(document, instruction, target, environment(document, stage, instruction).workdir)
            if isinstance(removed, str):
                return f"{line_at(instruction.start_line).capitalize()} {removed}. {by_hand}"
            edits += [removed] if removed else []
            gone = removed is not None and removed.removes is not None
            if not gone and _calls(document, instruction, file.entry["programs"]):
                steps.append((instruction, _mount(document, stage, instruction, name, target)))
        if any(_calls_in(one, file.entry["programs"]) for one in starting(document, stage)):
            return f"What starts the service may read {name} again. Start the program itself, then ask again."
    if not steps:
        return f"No step that reads {name} is seen: take the copy out, or mount the file where it is read."
    ignore = _kept_out(workspace, document, file, dockerfiles)
    if isinstance(ignore, str):
        return f"{ignore} {by_hand}"
    return FileMounts(tuple(steps), tuple(edits), ignore)


def _mount(document: Document, stage: Stage, instruction: Instruction, name: str, target: str) -> str:
    """For another user than root the file has to be readable: the mount is root's, mode 0400."""
    mode = "" if environment(document, stage, instruction).is_root else ",mode=0444"
    return f"--mount=type=secret,id={name.lstrip('.')},target={target}{mode}"


def _without(document: Document, file: CopiedFile) -> Edit:
    words = operands(file.instruction)
    if len(words) == 2:
        return delete(document, file.instruction)
    word = next(word for word in file.instruction.words if posixpath.normpath(word.text.lstrip("/")) == file.path)
    return remove_span(document, file.instruction, word.span)


def _calls(document: Document, instruction: Instruction, programs: Collection[str]) -> bool:
    script = parse_run(document, instruction)
    if script.opaque is not None:
        return _calls_in(instruction, programs)
    return any(posixpath.basename(word.text) in programs for command in script.commands for word in command.words)


def _calls_in(instruction: Instruction, programs: Collection[str]) -> bool:
    words = set(re.findall(r"[\w./-]+", instruction.argument))
    return any(posixpath.basename(word) in programs for word in words)


def _removal(document: Document, run: Instruction, target: str, workdir: str | None) -> Edit | str | None:
    """The edit that takes the removal of the file out of a step: what is mounted cannot be removed. None where the step
    does not name the file; a reason where it does something else with it."""
    name = posixpath.basename(target)
    if not re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)", text_of(document, run)):
        return None
    script = parse_run(document, run)
    removals = [command for command in script.top if _removes(command, target, workdir)]
    rest = [command for command in script.commands if command not in removals]
    if not removals or any(name in word.text for command in rest for word in command.words):
        return f"names {name} too"
    if not rest:
        return delete(document, run)
    try:
        return remove_command(document, script, removals[0]) if len(removals) == 1 else f"removes {name} several times"
    except EditConflict:
        return f"removes {name} in a list that cannot be changed"


def _removes(command: Command, target: str, workdir: str | None) -> bool:
    if command.name != "rm" or command.redirects or command.piped:
        return False
    paths = [word.value for word in command.words[1:] if not word.text.startswith("-")]
    return len(paths) == 1 and paths[0] is not None and posixpath.join(workdir or "/", paths[0]) == target


def _kept_out(
    workspace: Workspace, document: Document, file: CopiedFile, dockerfiles: Collection[str]
) -> tuple[tuple[str, bytes], ...] | str:
    """The ignore file with the file in it, where a copy of a folder would bring it after all."""
    folders = [copy for stage in document.stages for copy in context_copies(document, stage)
               if any(source == "." or file.path.startswith(f"{source}/") for source in copy.sources)]  # fmt: skip
    if not folders:
        return ()
    path = ignore_file(workspace, document.path)
    shared = path is None or posixpath.basename(path) == ".dockerignore"
    if shared and len(dockerfiles) > 1:
        line = line_at(folders[0].instruction.start_line).capitalize()
        return f"{line} brings it with its folder, and other Dockerfiles, which may copy it, share the ignore file."
    target = path or workspace.from_context(".dockerignore")
    old = workspace.read(path) if path else b""
    return ((target, with_lines(old, [("Handed to the build as a secret", file.path)])),)
