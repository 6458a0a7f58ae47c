"""Whether anything that can be in the image names a file or folder, or asks for a program.

Asked before a path is kept out of the build context. It errs towards "yes": a path that is left in costs bytes, a
missing one breaks the image.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from posixpath import basename
from typing import TYPE_CHECKING, NamedTuple

from wizard.inspection.callers.find import kind_of
from wizard.inspection.dockerfiles import is_dockerfile_name
from wizard.inspection.files import read_text, short_lines

if TYPE_CHECKING:
    from wizard.dockerfile.document import Document
    from wizard.inspection.values import Caller
    from wizard.workspace import Workspace

MOST_FILES = 3000
"""Files read; with more of them nothing is known."""
LARGEST = 300_000
"""Bytes of a file that is still read: no one writes longer ones by hand."""

_SPEAKS = re.compile(
    r""".+\.(?:py|pyi|sh|bash|js|jsx|ts|tsx|mjs|cjs|json|toml|cfg|ini|ya?ml|conf|html?|go|rs|rb|java|kt|php|cs|csproj|mk|
    gradle|kts|xml|txt|in|env|properties|service|ex|exs|lua|pl|r|jl|scala|swift|c|cc|cpp|h|hpp|cmake)
    |(?:GNU)?[Mm]akefile|Rakefile|Gemfile|Procfile|Pipfile|[Jj]ustfile|.+\.(?:tmpl|j2|erb)""",
    re.VERBOSE | re.IGNORECASE,
)
_LOCK = re.compile(r"package-lock\.json|npm-shrinkwrap\.json|composer\.lock|.+\.min\.js|.+\.ipynb")


class Texts(NamedTuple):
    """What can name things: the text of the files, and the commands of the Dockerfiles."""

    files: Mapping[str, str]
    """Path (relative to the root) -> text. Without the files that only the host reads."""
    host: Mapping[str, str]
    """Compose files: they say what is mounted, and what the environment names."""
    commands: str
    """Everything of the Dockerfiles but FROM and what COPY and ADD name."""
    complete: bool = True
    """False where there were too many files to read them."""

    def naming(self, name: str) -> str | None:
        """A file that names `name` as part of a path or as a word of its own, `Dockerfile` for a command, or None."""
        word = re.escape(name)
        if re.search(rf"(?<![\w.-]){word}(?![\w-])", self.commands):
            return "the Dockerfile"
        named = re.compile(
            rf"""["'/\\\s=:>(]{word}(?:["'/\\<):;,]|\s*$)|^\s*(?:from|import)\s+\.*{word}\b|["']{word}\.""",
            re.MULTILINE,
        )
        return next((path for path, text in self.files.items() if name in text and named.search(text)), None)

    def naming_beside_mounts(self, name: str) -> str | None:
        """As `naming`, and also what compose files say of it, but for the lines that mount it."""
        for path, text in self.host.items():
            lines = [line for line in text.splitlines() if not re.match(r"\s*-?\s*[\"']?(?:source:\s*)?\./", line)]
            if Texts({path: "\n".join(lines)}, {}, "").naming(name):
                return path
        return self.naming(name)

    def matching(self, pattern: re.Pattern[str], signs: Iterable[str]) -> str | None:
        """The file where a pattern is found, `the Dockerfile` for a command, or None. A text without any of `signs`
        cannot hold it: to look for words takes a hundredth of the time."""
        signs = tuple(signs)
        texts = {"the Dockerfile": self.commands, **self.files}
        found = (path for path, text in texts.items() if any(sign in text for sign in signs) and pattern.search(text))
        return next(found, None)


def read_texts(
    workspace: Workspace, documents: Iterable[Document], paths: Iterable[str], callers: Iterable[Caller]
) -> Texts:
    """The texts among `paths` (relative to the root; those that can get into the image).

    Files that call a build from outside of it do not count, unless a command of the Dockerfile names them.
    """
    commands = "\n".join(text for document in documents for text in _commands(document))
    outside = {caller.path for caller in callers}
    speaking = [path for path in paths if _SPEAKS.fullmatch(basename(path)) and not _LOCK.fullmatch(basename(path))]
    host: dict[str, str] = {}
    files: dict[str, str] = {}
    for path in speaking[:MOST_FILES]:
        kind = kind_of(path)
        called = basename(path) in commands or (kind == "make" and re.search(r"\bmake\b", commands) is not None)
        if kind in ("ci", "bake") or (path in outside and not called and kind != "compose"):
            continue
        if is_dockerfile_name(basename(path)):
            continue
        text = read_text(workspace, path, LARGEST)
        if text is not None:
            (host if kind == "compose" else files)[path] = "\n".join(short_lines(text))
    return Texts(files, host, commands, complete=len(speaking) <= MOST_FILES)


def _commands(document: Document) -> Iterator[str]:
    for instruction in document.instructions:
        if instruction.keyword in ("COPY", "ADD", "FROM"):
            continue
        yield instruction.argument
        for heredoc in instruction.heredocs:
            yield heredoc.body.of(document.source).decode("utf-8", "replace")
