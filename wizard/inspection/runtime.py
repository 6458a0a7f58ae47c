"""Signs that a service would notice if Python moved into a virtual environment or the compilers were gone.

Each question gives a reason in words and the line that shows it, or None.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wizard.dockerfile.document import Document
from wizard.inspection.files import Listing, read_text
from wizard.inspection.masking import shown
from wizard.inspection.programs import ProgramUse, programs_used
from wizard.inspection.values import Evidence
from wizard.workspace import Workspace

Sign = tuple[str, Evidence]

_COMPILERS = frozenset(
    {"gcc", "g++", "cc", "c++", "cpp", "clang", "clang++", "make", "cmake", "ld", "as", "gfortran", "nvcc", "tcc"}
)
_LOGIN = frozenset({"su", "sudo", "runuser", "cron", "crond", "login"})
_LOGIN_SHELL = re.compile(r"\b(?:ba|da|z)?sh\s+(?:-\w*l\w*|--login)\b")
_ABSOLUTE = re.compile(r"/usr/local/(?:bin/(?:python|pip)[\d.]*\b|lib/python\d)|/usr/local/bin/(?P<script>[\w.-]+)")
_COMPILES = re.compile(
    r"\btorch\.compile\(|\bpyximport\b|\bcppimport\b|\bload_inline\(|\bcpp_extension\b|\bffi\.verify\("
)
_CODE = (".py", ".sh", ".bash", ".conf", ".cfg", ".ini", ".toml", ".yml", ".yaml", ".service", ".env")


def absolute_python(workspace: Workspace, document: Document, listing: Listing) -> Sign | None:
    """A line that names the image's Python, or a program installed beside it, by its absolute path."""
    copied = {
        word.text.rsplit("/", 1)[-1]
        for instruction in document.instructions
        if instruction.keyword in ("COPY", "ADD")
        for word in instruction.words
    }
    for evidence in _lines(workspace, document, listing):
        for found in _ABSOLUTE.finditer(evidence.text):
            if found["script"] is None or found["script"] not in copied:
                place = f"{evidence.path}:{evidence.line}"
                return f"{place} names {found[0]} by its absolute path, where a virtual environment is not", evidence
    return None


def login_shell(workspace: Workspace, document: Document, listing: Listing) -> Sign | None:
    """A command that starts programs with a fresh environment, and so without the PATH that the image sets."""
    for use in programs_used(workspace, document, listing):
        if use.program in _LOGIN:
            place = f"{use.evidence.path}:{use.evidence.line}"
            return f"{place} starts programs through {use.program}, which forgets the image's PATH", use.evidence
    for instruction in document.instructions:
        if instruction.keyword in ("CMD", "ENTRYPOINT", "SHELL"):
            text = " ".join(instruction.json or (instruction.argument,))
            if _LOGIN_SHELL.search(text):
                evidence = Evidence(document.path, instruction.start_line, shown(instruction.argument))
                return f"line {instruction.start_line} starts a login shell, which forgets the image's PATH", evidence
    return None


def compiles(workspace: Workspace, document: Document, listing: Listing) -> Sign | None:
    """A line that compiles something at run time."""
    for use in programs_used(workspace, document, listing):
        if use.program in _COMPILERS and not _in_prose(use):
            return f"{use.evidence.path}:{use.evidence.line} calls {use.program} at run time", use.evidence
    for path in listing.below(workspace.context):
        text = read_text(workspace, path) if path.endswith(".py") else None
        found = _COMPILES.search(text) if text else None
        if text and found:
            line = text.count("\n", 0, found.start()) + 1
            evidence = Evidence(path, line, shown(text.splitlines()[line - 1].strip()))
            return f"{path}:{line} compiles at run time ({found[0].rstrip('(')})", evidence
    return None


def _in_prose(use: ProgramUse) -> bool:
    """`as`, `make` and `ld` are words too: only a line of a shell script or a command that starts with one counts."""
    return use.program in ("as", "make", "ld") and not use.evidence.text.lstrip("[\"' ").startswith(use.program)


def _lines(workspace: Workspace, document: Document, listing: Listing) -> Iterator[Evidence]:
    for instruction in document.instructions:
        yield Evidence(document.path, instruction.start_line, shown(instruction.argument))
    for path in listing.below(workspace.context):
        if not path.endswith(_CODE) and "." in path.rsplit("/", 1)[-1]:
            continue
        text = read_text(workspace, path)
        if text is None or "/usr/local/" not in text:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if "/usr/local/" in line and path != document.path:
                yield Evidence(path, number, shown(line.strip()))
