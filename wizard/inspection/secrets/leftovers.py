"""Whether a step writes a secret into a file that stays in its layer."""

from __future__ import annotations

import posixpath
import re
from typing import Final

from wizard.dockerfile.document import Document, Instruction
from wizard.inspection.secrets.variables import text_of

_REDIRECT: Final = r"(?:>>?\s*|\|\s*(?:sudo\s+)?tee\s+(?:-a\s+)?)[\"']?(?P<file>[\w./~${}-]+)"
_SETTINGS: Final = re.compile(
    r"\b(?:(?:npm|yarn|pnpm|pip3?|poetry|pdm|uv|composer|bundle|git|gem|conda|conan|dotnet|aws|gcloud)\s+(?:\S+\s+)*?"
    r"(?:config|configure|auth|login|set|add-source|nuget\s+add)\b|docker\s+login|git\s+(?:\S+\s+)*?clone|"
    r"git\s+remote|gh\s+auth)[^;&|\n]*"
)
_CONFIG_FILES: Final = {"git": (".gitconfig", ".git-credentials", ".git"), "npm": (".npmrc",), "pip": ("pip.conf",)}


def kept_in_a_file(document: Document, run: Instruction, name: str) -> str | None:
    """What keeps the variable's value once the step is over: the file, or the command that writes one. None where the
    same step removes it again, or nothing seen writes it."""
    text = re.sub(r"\\\r?\n", " ", text_of(document, run))
    variable = rf"\$(?:{name}\b|\{{{name}\b)"
    for found in re.finditer(rf"{variable}[^;&\n]*?{_REDIRECT}", text):
        if found["file"] != "/dev/null" and not _removed(text[found.end() :], found["file"]):
            return f"it writes the value to {found['file']}"
    for command in _SETTINGS.finditer(text):
        if re.search(variable, command[0]):
            program = command[0].split()[0]
            gone = any(_removed(text[command.end() :], file) for file in _CONFIG_FILES.get(program, ()))
            unset = re.search(
                rf"\b{program}\b[^;&|\n]*(?:--unset|\bunset\b|\bdelete\b|\blogout\b)", text[command.end() :]
            )
            if not gone and not unset:
                return f"`{' '.join(command[0].split()[:2])}` writes the value to its settings"
    return None


def _removed(rest: str, file: str) -> bool:
    return (
        re.search(rf"\b(?:rm|shred|unlink)\b[^;&|\n]*{re.escape(posixpath.basename(file))}(?![\w.-])", rest) is not None
    )
