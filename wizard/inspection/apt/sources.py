"""Whether `apt-get update` would fetch the same lists later in a stage: what stands between must not change that.

Sources: apt.conf(5), sources.list(5), apt-secure(8), apt-transport-http(1) for what apt reads.
"""

from __future__ import annotations

import posixpath
import re
from typing import Final

from wizard.dockerfile.arguments import decode, pairs
from wizard.dockerfile.document import Document, Instruction, Stage
from wizard.dockerfile.installs import program, unwrap
from wizard.dockerfile.script import Command
from wizard.dockerfile.state import environment
from wizard.inspection.apt.lists import AptFlow
from wizard.inspection.copies.placed import IMAGE_FOLDER, brought, context_copies, lands_at, lies_in
from wizard.inspection.places import line_at
from wizard.inspection.steps import APT, METADATA, Reading, read_steps, unknown_command, words_of
from wizard.workspace import Workspace

_FOLDERS: Final = ("/etc/apt", "/etc/ssl", "/usr/share/keyrings", "/var/lib/apt", "/var/cache/apt")
_VARIABLES: Final = re.compile(r"(?i:.*_proxy)|APT_CONFIG|PATH|HOME|TMPDIR|GNUPGHOME|LD_.*|SSL_.*|FAKETIME")
"""That apt, or what it starts, heeds beyond its messages and questions."""
_OF_THE_SYSTEM: Final = (
    "/bin", "/dev", "/etc", "/home", "/lib", "/lib32", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys", "/tmp",
    "/usr", "/var",
)  # fmt: skip
_NOT_FOR_APT: Final = (
    "/etc/localtime", "/etc/timezone", "/etc/locale.gen", "/etc/locale.conf", "/etc/default/locale", "/etc/sudoers",
    "/etc/sudoers.d", "/etc/motd",
)  # fmt: skip
"""Files of the system that apt and what it starts to fetch do not read."""
_LINK_OPTION: Final = re.compile(r"-[sfnvr]+")
_INTO_A_FILE: Final = re.compile(r"[^<>`]*>>?\s*(/[\w./-]+)\s*", re.DOTALL)
"""One redirection, at the end, to a path as written."""
_CHANGES: Final = re.compile(
    r"/etc/apt\b|/etc/ssl\b|/usr/share/keyrings|/var/lib/apt|sources\.list|apt\.conf|\b(?:apt-key|apt-add-repository"
    r"|add-apt-repository|extrepo|update-ca-certificates|pro|ua)\b|--add-architecture"
)


def in_the_way(
    workspace: Workspace, document: Document, flow: AptFlow, stage: Stage, update: Instruction, later: Instruction
) -> str | None:
    """Why the update of one step would not do the same at the head of a later one of the stage; None where it does."""
    if [(flag.name, flag.value) for flag in update.flags] != [(flag.name, flag.value) for flag in later.flags]:
        return f"the flags of {line_at(update.start_line)} and {line_at(later.start_line)} differ"
    before, behind = (environment(document, stage, place) for place in (update, later))
    if before.user != behind.user or before.user is None:
        return f"the USER of {line_at(update.start_line)} and {line_at(later.start_line)} differs"
    if before.shell != behind.shell:
        return f"the SHELL of {line_at(update.start_line)} and {line_at(later.start_line)} differs"
    for between in stage.instructions:
        if update.index < between.index < later.index:
            because = _changes_sources(workspace, document, flow, stage, update, between)
            if because is not None:
                return f"{line_at(between.start_line)}, which stands between, {because}"
    return None


def _changes_sources(
    workspace: Workspace, document: Document, flow: AptFlow, stage: Stage, update: Instruction, between: Instruction
) -> str | None:
    if between.keyword in ("ENV", "ARG"):
        names = [pair.name for pair in pairs(between)]
        heeded = next(
            (n for n in names if _VARIABLES.fullmatch(n) or re.search(rf"\$\{{?{n}\b", update.argument)), None
        )
        return f"sets {heeded}" if heeded else None
    if between.keyword in METADATA | {"ONBUILD"}:
        return None
    if between.keyword in ("COPY", "ADD"):
        return "may copy files that apt reads" if _reaches_apt(workspace, document, stage, between) else None
    reading = next(step for step in read_steps(document, stage) if step.instruction is between)
    use = flow.steps.get(between.index)
    if use is not None and use.unseen:
        return f"may change what apt fetches ({use.unseen})"
    if reading.role == "unknown" and not _calls_apt_alone(reading):
        because = _not_apart(document, reading)
        if because is not None:
            return f"may change what apt fetches: {because}"
    return "may change what apt fetches" if _CHANGES.search(between.argument) else None


def _not_apart(document: Document, reading: Reading) -> str | None:
    """Why a step may touch what apt reads; None where every command of it is known, or writes elsewhere."""
    if reading.script is None or not reading.script.commands:
        return reading.because
    by_command = {one.command.span: one for one in reading.installs}
    for command in reading.script.commands:
        because = unknown_command(document, command, by_command.get(command.span))
        if because is not None and not _writes_elsewhere(document, command):
            # The reason itself tells of the sources of the project, and here it is about apt.
            named = command.kind == "command" and not command.substitutes
            return f"`{words_of(command)}` is not known to leave that alone" if named else because
    return None


def _writes_elsewhere(document: Document, command: Command) -> bool:
    """Whether it does nothing but change the folder, make a link or print text into a file that apt does not read."""
    if command.kind != "command" or command.piped or command.background or command.substitutes:
        return False
    name, text = command.name, decode(command.span.of(document.source))
    if name in ("cd", "dpkg-reconfigure"):
        return not command.redirects
    if name in ("echo", "printf"):
        written = _INTO_A_FILE.fullmatch(text)
        return not command.redirects or (written is not None and _is_elsewhere(written[1]))
    options = [word.text for word in command.words[1:] if word.text.startswith("-")]
    plain = name == "ln" and len(command.words) - len(options) == 3 and all(map(_LINK_OPTION.fullmatch, options))
    target = command.words[-1].value if plain else None
    return target is not None and not command.redirects and _is_elsewhere(target)


def _is_elsewhere(path: str) -> bool:
    path = posixpath.normpath(path)
    if any(lies_in(path, file) for file in _NOT_FOR_APT):
        return True
    return path.startswith("/") and path != "/" and not any(lies_in(path, folder) for folder in _OF_THE_SYSTEM)


def _calls_apt_alone(reading: Reading) -> bool:
    """Whether a step is nothing but calls of apt (`apt-get remove …`), none of which installs a file."""
    commands = reading.script.commands if reading.script is not None and reading.script.and_list else ()
    called = [words[0] if (words := unwrap(command)[1]) else None for command in commands]
    by_apt = all(word is not None and program(word) in APT | {"apt-mark"} for word in called)
    return bool(called) and by_apt and not any(install.paths or install.unknown for install in reading.installs)


def _reaches_apt(workspace: Workspace, document: Document, stage: Stage, instruction: Instruction) -> bool:
    """Whether a COPY or ADD may put something where apt reads; the image's own folder may be any."""
    place = lands_at(document, stage, instruction)
    if place is None:
        return True
    place = place.replace(IMAGE_FOLDER, "") or "/"
    if not any(lies_in(place, folder) or lies_in(folder, place) for folder in _FOLDERS):
        return False
    copy = next((copy for copy in context_copies(document, stage) if copy.instruction is instruction), None)
    files = brought(workspace, document.path, copy) if copy is not None and instruction.keyword == "COPY" else None
    if files is None:
        return True
    return any(lies_in(path.replace(IMAGE_FOLDER, ""), folder) for _, path in files for folder in _FOLDERS)
