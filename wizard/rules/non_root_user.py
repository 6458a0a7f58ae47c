"""Run the service as a user of its own instead of root.

What it does
: Makes a user with a fixed number and a home folder at the end of the last stage, gives it the folders that the code
  writes into, and names it by number in `USER`. The code itself stays root's: the service can read it, not change it.

Why
: Who breaks into a service that runs as root is root in the container, and on the host where anything of it is shared.
  A number, because Kubernetes cannot tell that a name is not root.

When it is safe
: Never by itself: what a service writes is only seen as far as its code tells. It is proposed for Python services upon
  the official `python` images that nothing speaks against: every step of the build is known to leave root's home
  alone, no port below 1024, no volumes or mounts (they belong to others), nothing that changes owners or installs at
  run time, every write that the code shows goes to a folder that is named there, and every copied file may be read by
  all. Else it refuses, and names what speaks against it. Of other images and programs, and of builds with a step that
  is not known, it says nothing: there it cannot tell what would have to change.

Source
: docs.docker.com, Building best practices, USER; kubernetes.io, Configure a Security Context, runAsNonRoot.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from typing import Final

from wizard.assets import knowledge
from wizard.dockerfile.document import Instruction, Stage
from wizard.dockerfile.editing import Edit, insert_after, insert_before, splice
from wizard.dockerfile.stages import base_image, lineage
from wizard.dockerfile.started import started, starting
from wizard.dockerfile.state import environment
from wizard.inspection.callers.find import concerns, kind_of
from wizard.inspection.callers.mounts import mounted_over
from wizard.inspection.context.measure import read_ignore_file
from wizard.inspection.copies.placed import context_copies, lies_in
from wizard.inspection.division.programs import programs_used
from wizard.inspection.files import Listing, list_files, read_text, short_lines
from wizard.inspection.gpu.evidence import is_test
from wizard.inspection.image_names import name_parts
from wizard.inspection.places import line_at, place_at
from wizard.inspection.running.readable import unreadable
from wizard.inspection.running.writes import writes_of
from wizard.inspection.steps import read_steps
from wizard.rules.base import Category, Proposal, Refusal, View, evidence_at
from wizard.wording import listed

ID = "non-root-user"
TITLE = "Run the service as a user of its own"
CATEGORY: Category = "secure"

NUMBER: Final = 10001
"""Above what distributions give to accounts."""
_SHARED: Final = ("/", "/var", "/var/log", "/var/lib", "/var/cache", "/home", "/opt", "/srv", "/mnt", "/media")
_FOR_ALL: Final = ("/tmp", "/var/tmp", "/dev/shm", "/dev/null", "/dev/stdout", "/dev/stderr")
_OF_THE_SYSTEM: Final = ("/etc", "/usr", "/bin", "/sbin", "/lib", "/root", "/proc", "/sys", "/dev", "/boot", "/run")
_IN_HOME: Final = re.compile(
    r"/root(?:/|\b)|~/|\$\{?HOME\b|\s--user\b|\bpipx\b|\bpyenv\b|\bconda\b|\bplaywright\b|\bnltk\b"
)
_MANAGERS_IN_HOME: Final = re.compile(r"\b(?:poetry|pipenv|pdm|hatch)\b|\buv\s+(?:sync|run|python|venv|tool)\b")
_ACCOUNTS: Final = re.compile(r"\b(?:useradd|adduser|groupadd|addgroup)\b")
_PORT: Final = re.compile(
    r"(?:--port[=\s]+|--bind[=\s]+\S*:|-b\s+\S*:|-p\s+|\b(?i:port)\s*[= ]\s*|0\.0\.0\.0:|\[::\]:)[\"']?(\d{1,5})\b"
)
_WRITTEN_BY: Final = re.compile(
    r"--(?:pid|log-file|access-logfile|error-logfile|certfile|keyfile)[=\s]+(?!-(?:\s|$)|/tmp/|/dev/)\S+"
)
_PRIVILEGES: Final = re.compile(
    r"^\s*(?:privileged:\s*true|cap_add:|devices:|network_mode:\s*[\"']?host|pid:\s*[\"']?host)"
    r"|--privileged|--cap-add|--device\b|--net(?:work)?[= ]host"
)
_SHELL_WRITES: Final = re.compile(r">>?\s*(?![&>]|\s*/dev/|\s*/tmp/)|\b(?:mkdir|touch|cp|mv|tee|ln|chmod|sed\s+-i)\b")


def propose(view: View) -> Proposal | Refusal | None:
    """A numbered user for the last stage, where nothing that is seen needs root."""
    document = view.document
    stage = document.stages[-1]
    state = environment(document, stage)
    program = _program(view, stage)
    if program is None or not _is_known(view, stage):
        return None
    if state.user != "":
        users = [one for below in lineage(document, stage) for one in below.instructions if one.keyword == "USER"]
        if state.is_root and users:
            return _refusal(view, users[-1], "asks for root: whether something needs it is not known")
        return None
    refused = _build(view, stage) or _start(view, stage, program)
    if isinstance(refused, Refusal):
        return refused
    listing = list_files(view.workspace)
    outside = _outside(view, listing)
    if outside is not None:
        return Refusal(ID, outside)
    folders = _folders(view, stage, listing)
    if isinstance(folders, Refusal):
        return folders
    result = splice(document, _edits(view, stage, folders))
    writes = f" It may write to its home, to /tmp and to {listed(folders)}." if folders else ""
    return Proposal(
        rule=ID,
        title=TITLE,
        category=CATEGORY,
        safety="review",
        why=f"The service runs as root, and nothing that was found needs it.{writes}",
        evidence=tuple(evidence_at(view, one) for one in starting(document, stage)),
        edits={view.dockerfile: result.source},
        planned=result.planned,
        risk="Check what the code does not show: files that libraries write beside the code, mounts and volumes that "
        f"this repo does not name (they have to belong to {NUMBER}), images built upon this one, and `docker exec` "
        "that expects root. Start the new image and use what uploads, logs and stores.",
    )


def _refusal(view: View, instruction: Instruction, because: str) -> Refusal:
    return Refusal(ID, f"{line_at(instruction.start_line)} {because}", (evidence_at(view, instruction),))


def _edits(view: View, stage: Stage, folders: tuple[str, ...]) -> list[Edit]:
    """The user is made above the copies, so that an edit of the sources does not make it anew; its folders are made
    and it is named below them."""
    document = view.document
    steps = [one for one in stage.instructions if one.keyword in ("FROM", "RUN", "COPY", "ADD", "WORKDIR", "SHELL")]
    if "alpine" in name_parts(base_image(document, stage))[1]:
        make = f"RUN addgroup -g {NUMBER} app && adduser -D -u {NUMBER} -G app app\n"
    else:
        account = f"useradd --no-log-init --uid {NUMBER} --gid {NUMBER} --create-home app"
        make = f"RUN groupadd --gid {NUMBER} app && {account}\n"
    owned = " ".join(shlex.quote(folder) for folder in folders)
    given = f"RUN install -d -o {NUMBER} -g {NUMBER} {owned}\n" if folders else ""
    name = f"{given}USER {NUMBER}:{NUMBER}\n"
    copy = next((one for one in steps if one.keyword in ("COPY", "ADD")), None)
    if copy is None:
        return [insert_after(document, steps[-1], make + name)]
    return [insert_before(document, copy, make), insert_after(document, steps[-1], name)]


def _is_known(view: View, stage: Stage) -> bool:
    """Whether it is known what the base image runs as, and what every step does."""
    document = view.document
    name, tag, _ = name_parts(base_image(document, stage))
    if document.escape == "`" or name != "python" or "onbuild" in tag or "windows" in tag:
        return False
    readings = (reading for below in lineage(document, stage) for reading in read_steps(document, below))
    return all(reading.role != "unknown" or _has_reason(reading.instruction) for reading in readings)


def _has_reason(instruction: Instruction) -> bool:
    """Whether a step that is not known shows by itself what speaks against another user."""
    text = instruction.argument
    return any(pattern.search(text) for pattern in (_IN_HOME, _MANAGERS_IN_HOME, _ACCOUNTS)) or (
        instruction.keyword not in ("RUN", "ENV", "COPY", "ADD", "WORKDIR")
    )


def _program(view: View, stage: Stage) -> str | None:
    """The word that starts Python, a server of Python's or a script; None for another program, and where it is left to
    the base image or to callers."""
    says = started(view.document, stage)
    words = [*(says.entrypoint or ()), *(says.cmd or ())]
    if words[:2] == ["/bin/sh", "-c"]:
        words = words[2].split() if len(words) > 2 else []
        words = words[1:] if words[:1] == ["exec"] else words
    program = posixpath.basename(words[0]) if words and starting(view.document, stage) else ""
    servers = knowledge("running")["servers"]["names"]
    known = program.endswith(".sh") or program in servers or re.fullmatch(r"python[\d.]*", program)
    return words[0] if known else None


def _build(view: View, stage: Stage) -> Refusal | None:
    """What in the build may leave something that only root can use."""
    document = view.document
    for below in lineage(document, stage):
        for reading in read_steps(document, below):
            instruction = reading.instruction
            if instruction.keyword in ("ONBUILD", "VOLUME"):
                return _refusal(view, instruction, f"is a {instruction.keyword}: who owns what it brings is not known")
            if instruction.keyword == "EXPOSE" and any(_is_low(word.text) for word in instruction.words):
                return _refusal(view, instruction, "names a port below 1024, which is root's in many places")
            if instruction.keyword not in ("RUN", "ENV", "COPY", "ADD", "WORKDIR"):
                continue
            text = " ".join(
                [
                    instruction.argument,
                    *(h.body.of(document.source).decode("utf-8", "replace") for h in instruction.heredocs),
                ]
            )
            low = next((found for found in _PORT.finditer(text) if _is_low(found[1])), None)
            if instruction.keyword == "ENV" and low is not None:
                return _refusal(view, instruction, f"names the port {low[1]}, which is root's in many places")
            if _IN_HOME.search(text):
                return _refusal(view, instruction, "puts files into root's home, which nobody else can read")
            if instruction.keyword == "RUN" and _MANAGERS_IN_HOME.search(text):
                return _refusal(view, instruction, "may put the packages into root's home, which nobody else can read")
            if instruction.keyword == "RUN" and _ACCOUNTS.search(text):
                return _refusal(
                    view,
                    instruction,
                    "makes an account already: name it by its number in USER, once it may write what it needs",
                )
            if instruction.flag("chmod") or instruction.flag("chown"):
                return _refusal(view, instruction, "gives files modes or owners of their own")
        found = unreadable(view.workspace, context_copies(document, below))
        if found is not None:
            return Refusal(ID, f"{place_at(found, None)} may not be read by everybody, and is copied with its mode")
    return None


def _is_low(port: str) -> bool:
    number = port.partition("/")[0].partition("-")[0]
    return not number.isdigit() or 0 < int(number) < 1024


def _start(view: View, stage: Stage, program: str) -> Refusal | None:
    """What in the start of the service needs root, or is not known."""
    document = view.document
    says = started(document, stage)
    at = starting(document, stage)[0]
    text = " ".join([*(says.entrypoint or ()), *(says.cmd or ())])
    table = knowledge("running")
    low = next((found for found in _PORT.finditer(text) if _is_low(found[1])), None)
    if low is not None:
        return _refusal(view, at, f"names the port {low[1]}, which is root's in many places")
    written = _WRITTEN_BY.search(text)
    if written is not None:
        return _refusal(
            view, at, f"gives a file to the server (`{written[0].split('=')[0].split()[0]}`), which may be root's"
        )
    for use in programs_used(view.workspace, document):
        of_code = use.evidence.path.endswith(".py")
        if use.program in table["need_root"]["names"] and not (of_code and use.program in ("ip", "service", "mount")):
            place = place_at(use.evidence.path, use.evidence.line)
            return Refusal(ID, f"{place} calls {use.program} at run time, which needs root", (use.evidence,))
    return _port_of_code(view) or (_script(view, at, program) if program.endswith(".sh") else None)


def _port_of_code(view: View) -> Refusal | None:
    """A port below 1024 in the project's own code."""
    for path in list_files(view.workspace).below(view.workspace.context):
        if path.endswith(".py") and not is_test(path):
            for number, line in enumerate(short_lines(read_text(view.workspace, path) or ""), start=1):
                port = re.search(r"\bport\s*=\s*(\d+)\b", line)
                if port is not None and _is_low(port[1]):
                    return Refusal(
                        ID, f"{place_at(path, number)} names the port {port[1]}, which is root's in many places"
                    )
    return None


def _script(view: View, at: Instruction, word: str) -> Refusal | None:
    """Whether the script that starts the service is in the repo, and writes nothing itself."""
    name = posixpath.basename(word)
    paths = [
        path for path in list_files(view.workspace).below(view.workspace.context) if posixpath.basename(path) == name
    ]
    if len(paths) != 1:
        return _refusal(view, at, f"starts {name}, which is not found in the repo")
    for number, line in enumerate(short_lines(read_text(view.workspace, paths[0]) or ""), start=1):
        if _SHELL_WRITES.search(line) and not line.lstrip().startswith("#"):
            return Refusal(ID, f"{place_at(paths[0], number)} may write files when the service starts")
    return None


def _outside(view: View, listing: Listing) -> str | None:
    """A line about the running container that speaks against it: mounts, privileges, low ports."""
    workspace, callers = view.workspace, view.inspection.callers
    mount = mounted_over(workspace, view.document, callers, listing, "/")
    if mount is not None:
        return f"{place_at(mount.path, mount.line)} mounts something into the container, which may belong to root"
    for path in listing.files:
        if kind_of(path) is None or not concerns(workspace, callers, path):
            continue
        for number, line in enumerate(short_lines(read_text(workspace, path) or ""), start=1):
            if line.lstrip().startswith("#"):
                continue
            if _PRIVILEGES.search(line):
                return f"{place_at(path, number)} gives the container more rights, which only root can use"
            port = re.search(
                r"(?:^\s*-\s*[\"']?|-p\s+|--publish[= ])(?:[\d.]+:)?\d+:(\d+)\b|containerPort:\s*(\d+)", line
            )
            if port is not None and _is_low(port[1] or port[2]):
                return f"{place_at(path, number)} names the container's port {port[1] or port[2]}, below 1024"
    return None


def _folders(view: View, stage: Stage, listing: Listing) -> tuple[str, ...] | Refusal:
    """The folders that the service has to own, or the write that cannot be placed."""
    state = environment(view.document, stage)
    database = _database(view, listing)
    if database is not None:
        return Refusal(ID, f"{place_at(database, None)} may be copied with the sources, and would stay root's")
    found = dict.fromkeys(_caches(view, stage))
    shared = next((place for place in found if _of_the_system(place)), None)
    if shared is not None:
        return Refusal(ID, f"the service writes to {shared}, a folder of the system that a variable names")
    for write in writes_of(view.workspace, listing):
        at = place_at(write.path, write.line)
        place = None if write.place is None else state.absolute(write.place)
        if place is None:
            return Refusal(
                ID, f"{at} writes to a place that its text does not tell, or makes a folder that must be new"
            )
        place = place.rstrip("/") or "/"
        if _is_for_all(place):
            continue
        if _of_the_system(place):
            return Refusal(ID, f"{at} writes to {place}, a folder of the system")
        found[place] = None
    return tuple(sorted(found))


def _caches(view: View, stage: Stage) -> tuple[str, ...]:
    """The folders that variables of the image name for what programs keep."""
    table = knowledge("running")["folders"]
    settings = environment(view.document, stage).env
    named = {value.rstrip("/") for name, value in settings.items() if value and re.fullmatch(table["match"], name)}
    return tuple(sorted(path for path in named if path.startswith("/") and not _is_for_all(path)))


def _of_the_system(path: str) -> bool:
    return path in _SHARED or any(lies_in(path, folder) for folder in _OF_THE_SYSTEM)


def _is_for_all(path: str) -> bool:
    return any(lies_in(path, folder) for folder in _FOR_ALL)


def _database(view: View, listing: Listing) -> str | None:
    """A database among the files of the context that the ignore file lets through."""
    workspace = view.workspace
    ignore = read_ignore_file(workspace, view.dockerfile)
    for path in listing.below(workspace.context):
        if path.endswith((".db", ".sqlite", ".sqlite3")) and not ignore.explain(workspace.to_context(path) or path)[0]:
            return path
    return None
