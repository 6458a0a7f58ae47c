"""Signs that a service would notice if Python moved into a virtual environment or the compilers were gone.

Each question gives a reason in words and the line that shows it, or None.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

from wizard.dockerfile.document import Document
from wizard.dockerfile.shell import parse_run
from wizard.inspection.callers.commands import Given
from wizard.inspection.division.programs import ProgramUse, programs_used
from wizard.inspection.files import Listing, read_text
from wizard.inspection.masking import shown
from wizard.inspection.places import line_at, place_at
from wizard.inspection.values import Evidence, Sign
from wizard.workspace import OutsideRoot, Workspace

_COMPILERS = frozenset(
    {"gcc", "g++", "cc", "c++", "cpp", "clang", "clang++", "make", "cmake", "ld", "as", "gfortran", "nvcc", "tcc",
     "pip", "pip3", "cython", "maturin"}
)  # fmt: skip
_WORDS_TOO = frozenset({"as", "make", "ld", "cc"})
_ONLY_WITH_MORE = frozenset({"as", "ld", "cc", "pip", "pip3"})
_INSTALLS = re.compile(r"\b(?:pip3?|uv pip) install\b")
_LOGIN = frozenset({"su", "sudo", "runuser", "cron", "crond", "login", "sshd", "init", "systemd"})
_LOGIN_PACKAGES = frozenset({"cron", "anacron", "openssh-server", "systemd", "systemd-sysv"})
_LOGIN_SHELL = re.compile(r"\b(?:ba|da|z)?sh(?:\s+-\S+(?:\s+pipefail)?)*?\s+(?:-[a-z]*l[a-z]*|--login)\b")
_ABSOLUTE = re.compile(r"/usr/local/(?:bin/(?:python|pip)[\d.]*\b|lib/python\d)|/usr/local/bin/(?P<script>[\w.-]+)")
_COMPILES = re.compile(
    r"\btorch\.compile\b|\btorch\._(?:dynamo|inductor)\b|\bfrom\s+torch\s+import\b[^\n]*\bcompile\b|\bpyximport\b|\bcppimport\b|\bload_inline\(|\bcpp_extension\b|\bffi\.verify\("
    r"|[\"']pip[\"'],\s*[\"']install[\"']"
)
_CODE = (".py", ".sh", ".bash", ".conf", ".cfg", ".ini", ".toml", ".yml", ".yaml", ".service", ".env")
_ELSEWHERE = re.compile(
    r"(?:^|/)(?:\.github|\.gitlab|\.circleci|\.devcontainer|\.vscode|docs?)/|(?:^|/)\.gitlab-ci|Dockerfile|Containerfile|Vagrantfile"
)
"""Files that say nothing about what runs in this image."""
_BIN = "/usr/local/bin"
_PUTS_INTO = frozenset({"cp", "mv", "install", "ln"})
_FETCHES = frozenset({"curl", "wget"})


def absolute_python(workspace: Workspace, document: Document, listing: Listing) -> Sign | None:
    """A line that names the image's Python, or a program that pip installed beside it, by its absolute path."""
    made = _put_into_bin(workspace, document)
    for evidence in _lines(workspace, document, listing):
        for found in _ABSOLUTE.finditer(evidence.text):
            if found["script"] is None or found["script"] not in made:
                place = place_at(evidence.path, evidence.line)
                return f"{place} names {found[0]} by its absolute path, where a virtual environment is not", evidence
    return None


def _put_into_bin(workspace: Workspace, document: Document) -> frozenset[str]:
    """Names below /usr/local/bin that the file itself puts there: copied, fetched, moved or linked."""
    made: set[str] = set()
    for instruction in document.instructions:
        if instruction.keyword in ("COPY", "ADD"):
            for word in instruction.json or tuple(word.text for word in instruction.words):
                made.add(word.rstrip("/").rsplit("/", 1)[-1])
                made |= _files_in(workspace, word)
        elif instruction.keyword == "RUN":
            script = parse_run(document, instruction)
            for command in script.commands:
                words = [word.text.strip("\"'") for word in command.words]
                name = posixpath.basename(command.name or "")
                if name in _PUTS_INTO and words[-1].rstrip("/") == _BIN:
                    made |= {posixpath.basename(word) for word in words[1:-1]}
                elif name in _PUTS_INTO and words[-1].startswith(f"{_BIN}/"):
                    made.add(posixpath.basename(words[-1]))
                elif name in _FETCHES:
                    made |= {posixpath.basename(word) for word in words[1:] if f"{_BIN}/" in word}
            made |= set(re.findall(r">>?\s*/usr/local/bin/([\w.-]+)", instruction.argument))
    return frozenset(made)


def _files_in(workspace: Workspace, folder: str) -> set[str]:
    try:
        place = workspace.locate(workspace.from_context(folder))
        return {path.name for path in place.iterdir()} if place.is_dir() else set()
    except (OutsideRoot, OSError, ValueError):
        return set()


def login_shell(workspace: Workspace, document: Document, listing: Listing) -> Sign | None:
    """A command that starts programs with a fresh environment, and so without the PATH that the image sets."""
    for use in programs_used(workspace, document, listing):
        if use.program in _LOGIN:
            place = place_at(use.evidence.path, use.evidence.line)
            return f"{place} starts programs through {use.program}, which forgets the image's PATH", use.evidence
    for instruction in document.instructions:
        line = line_at(instruction.start_line)
        evidence = Evidence(document.path, instruction.start_line, shown(instruction.argument))
        if instruction.keyword in ("CMD", "ENTRYPOINT", "SHELL"):
            text = " ".join(instruction.json or (instruction.argument,))
            if _LOGIN_SHELL.search(text):
                return f"{line} starts a login shell, which forgets the image's PATH", evidence
        if instruction.keyword == "RUN" and "apt" in instruction.argument:
            found = next((word for word in instruction.argument.split() if word in _LOGIN_PACKAGES), None)
            if found is not None:
                return f"{line} installs {found}, which starts programs without the image's PATH", evidence
    return None


def compiles(workspace: Workspace, document: Document, listing: Listing) -> Sign | None:
    """A line that compiles something, or installs packages, at run time."""
    for use in programs_used(workspace, document, listing):
        if use.program in _COMPILERS and not _in_prose(use):
            place = place_at(use.evidence.path, use.evidence.line)
            return f"{place} calls {use.program} at run time", use.evidence
    for path in listing.below(workspace.context):
        text = read_text(workspace, path) if path.endswith(".py") and not path.endswith("setup.py") else None
        found = _COMPILES.search(text) if text else None
        if text and found:
            line = text.count("\n", 0, found.start()) + 1
            evidence = Evidence(path, line, shown(text.splitlines()[line - 1].strip()))
            return f"{place_at(path, line)} compiles at run time ({found[0].rstrip('(')})", evidence
    return None


def started_from_outside(given: Iterable[Given]) -> Sign | None:
    """A command that is given to the container and needs compilers, a login shell or Python at its usual place."""
    for command in given:
        place = place_at(command.evidence.path, command.evidence.line)
        words = command.text.split()
        found = _ABSOLUTE.search(command.text)
        if found is not None:
            return (
                f"{place} names {found[0]} by its absolute path, where a virtual environment is not",
                command.evidence,
            )
        if _LOGIN_SHELL.search(command.text) or any(posixpath.basename(word) in _LOGIN for word in words):
            return f"{place} starts a login shell, or a program that forgets the image's PATH", command.evidence
        if _INSTALLS.search(command.text):
            return f"{place} installs packages at run time", command.evidence
        calls = next((word for word in words if posixpath.basename(word) in _COMPILERS - _ONLY_WITH_MORE), None)
        if calls is not None:
            return f"{place} calls {calls} at run time", command.evidence
    return None


def _in_prose(use: ProgramUse) -> bool:
    """`as`, `make` and `ld` are words too: only a line of a shell script or a command that starts with one counts."""
    return use.program in _WORDS_TOO and not use.evidence.text.lstrip("[\"' ").startswith(use.program)


def _lines(workspace: Workspace, document: Document, listing: Listing) -> Iterator[Evidence]:
    for instruction in document.instructions:
        yield Evidence(document.path, instruction.start_line, shown(instruction.argument))
    for path in listing.below(workspace.context):
        name = path.rsplit("/", 1)[-1]
        if (not path.endswith(_CODE) and "." in name) or _ELSEWHERE.search(path):
            continue
        text = read_text(workspace, path)
        if text is None or "/usr/local/" not in text:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if "/usr/local/" in line and path != document.path:
                yield Evidence(path, number, shown(line.strip()))
