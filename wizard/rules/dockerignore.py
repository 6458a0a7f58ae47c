"""Keep out of the build context what the image does not need.

What it does
: Writes a `.dockerignore`, or adds what is missing to the one in force: version control, virtual environments, caches,
  editors' folders, and what git ignores and nothing in the repo names. Your own lines stay and win.

Why
: What is in the context is copied by `COPY . .`: it makes the image bigger, runs every later step again when it
  changes, and carries secrets along.

When it is safe
: No instruction names a path that would be dropped. Nothing in the build asks for version control (setuptools-scm,
  `git describe`). A folder is only dropped for being ignored by git where no file of the repo names it, or where the
  compose file mounts something over it. Build output (`dist`, `build`, `target`) is left to you.

Source
: docs.docker.com, "Build context", .dockerignore files; what each pattern is for is in assets/knowledge.
"""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from wizard.assets import knowledge
from wizard.dockerfile.document import Document, Instruction
from wizard.dockerfile.sources import context_sources
from wizard.dockerfile.state import environment
from wizard.ignorefile import parse
from wizard.inspection.context import ignore_file, measure_context
from wizard.inspection.files import list_files, read_text
from wizard.inspection.git import ignored
from wizard.inspection.values import Evidence
from wizard.rules.base import Category, Estimate, Proposal, Refusal, View, evidence_at
from wizard.workspace import Workspace

ID = "dockerignore"
TITLE = "Keep out of the build context what the image does not need"
CATEGORY: Category = "speed"

_CODE = (".py", ".sh", ".bash", ".js", ".ts", ".mjs", ".cjs", ".json", ".toml", ".cfg", ".ini", ".yml", ".yaml",
         ".conf",
         ".html", ".go", ".rs", ".rb", ".java", ".php", ".mk", ".gradle", ".xml", ".txt", ".env")  # fmt: skip
_PACKAGING = (
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "package.json",
    "Makefile",
    "go.mod",
    "Cargo.toml",
    "build.gradle",
)
_NODE = re.compile(r"\b(?:npm|yarn|pnpm|bun)\b")
_DOTENV = re.compile(r"dotenv|environs|decouple|env_file|pydantic_settings|BaseSettings")
_MOST_FILES = 3000
_MINIMUM = 100_000
"""Bytes from which an ignored file or folder is worth a line of its own."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One line to write, and the heading it stands under."""

    pattern: str
    group: str


@dataclass(frozen=True)
class _Repo:
    """What decides about patterns: the eligible paths, what the Dockerfile names, and the text of the repo."""

    workspace: Workspace
    paths: tuple[str, ...]
    names: frozenset[str]
    """Every name of a file or folder in the context."""
    top: frozenset[str]
    """Those on the context's own level."""
    sources: tuple[str, ...]
    """Context paths that instructions name, but for whole-context copies."""
    text: Mapping[str, str]
    """Path -> content of the files that may name others."""
    runs: str
    """All RUN, CMD and ENTRYPOINT text."""


def propose(view: View) -> Proposal | Refusal | None:
    """The ignore file, where something copies the context as a whole."""
    broad = _broad_copy(view.document)
    if broad is None:
        return None
    path = ignore_file(view.workspace, view.dockerfile)
    repo = _look(view)
    if repo is None:
        return Refusal(ID, "the context holds too many files to see what names what", (evidence_at(view, broad),))
    if path is None:
        # The file that is about to be written is in the context too.
        repo = replace(repo, top=repo.top | {".dockerignore"})
    old = view.workspace.read(path) if path else b""
    lines = [line for line in _lines(repo) if _fits(line, repo)]
    covered = parse("\n".join(line.pattern for line in lines).encode())
    heading = "Ignored by git, and named by nothing here"
    lines += [_Line(name, heading) for name in _ignored_and_unnamed(view, repo) if not covered.explain(name)[0]]
    if path is not None:
        lines = [line for line in lines if _drops_something(line, repo)]
    if not lines:
        return None
    target = path or view.workspace.from_context(".dockerignore")
    content = _write(old, lines)
    after = view.workspace.edit({target: content})
    before_bytes = measure_context(view.workspace, view.dockerfile)
    after_bytes = measure_context(after, view.dockerfile)
    saved = before_bytes.bytes - after_bytes.bytes
    left = _left_in(view, repo)
    what = f"{before_bytes.files:,} files are sent" if path is None else "Something more can be left out"
    return Proposal(
        rule=ID,
        title=TITLE if path is None else "Keep more out of the build context",
        category=CATEGORY,
        safety="safe",
        why=f"{what} where {after_bytes.files:,} would do; a change in any of them runs the steps after line "
        f"{broad.start_line} again.",
        evidence=(evidence_at(view, broad), *([Evidence(path, 1, "the ignore file in force")] if path else [])),
        edits={target: content},
        estimate=Estimate(None, saved, "measured") if saved > 0 else None,
        risk="No instruction names anything that is dropped." + left,
    )


def _broad_copy(document: Document) -> Instruction | None:
    """The first instruction that copies the context, or one of its folders, as a whole."""
    for stage in document.stages:
        for instruction in stage.instructions:
            if instruction.keyword in ("COPY", "ADD") and not instruction.flag("from") and not instruction.heredocs:
                sources = context_sources(instruction, environment(document, stage, instruction))
                if any(posixpath.normpath(source.lstrip("/") or ".") == "." for source in sources):
                    return instruction
    return None


def _look(view: View) -> _Repo | None:
    workspace = view.workspace
    paths = measure_context(workspace, view.dockerfile, with_paths=True).paths
    sources: list[str] = []
    runs: list[str] = []
    for stage in view.document.stages:
        for instruction in stage.instructions:
            if instruction.keyword in ("COPY", "ADD", "RUN") and not instruction.flag("from"):
                found = context_sources(instruction, environment(view.document, stage, instruction))
                sources += [posixpath.normpath(source.lstrip("/") or ".") for source in found]
            if instruction.keyword in ("RUN", "CMD", "ENTRYPOINT", "HEALTHCHECK"):
                runs.append(instruction.argument)
                runs += [
                    heredoc.body.of(view.document.source).decode("utf-8", "replace") for heredoc in instruction.heredocs
                ]
    listing = list_files(workspace).below(workspace.context)
    code = [path for path in listing if path.endswith(_CODE) or path.rsplit("/", 1)[-1] in (*_PACKAGING, "Dockerfile")]
    if len(code) > _MOST_FILES:
        return None
    text = {path: content for path in code if (content := read_text(workspace, path, 300_000)) is not None}
    return _Repo(
        workspace=workspace,
        paths=paths,
        names=frozenset(part for path in paths for part in path.split("/")),
        top=frozenset(path.split("/", 1)[0] for path in paths),
        sources=tuple(source for source in sources if source != "."),
        text=text,
        runs="\n".join(runs),
    )


def _lines(repo: _Repo) -> Iterator[_Line]:
    for entry in knowledge("ignore_patterns")["pattern"]:
        pattern = f"**/{entry['pattern']}" if entry["anywhere"] else entry["pattern"]
        if (entry["class"] == "always" and not _needed(entry, repo)) or (
            entry["class"] == "only-if-not-copied" and _unused(entry, repo)
        ):
            yield _Line(pattern, entry["group"])


def _needed(entry: Mapping[str, Any], repo: _Repo) -> bool:
    """Whether something in the build asks for what the pattern drops."""
    if "requires" in entry and not _is_environment(entry["pattern"], repo):
        return True
    if entry["pattern"] == "node_modules":
        return "node_modules" in repo.names and not _NODE.search(repo.runs)
    words = entry.get("needed_by", ())
    packaging = "\n".join(text for path, text in repo.text.items() if path.rsplit("/", 1)[-1] in _PACKAGING)
    scripts = "\n".join(text for path, text in repo.text.items() if path.endswith((".sh", ".bash", ".py", ".txt")))
    for word in words:
        pattern = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])")
        if pattern.search(repo.runs) or pattern.search(packaging) or (" " in word and pattern.search(scripts)):
            return True
        if "scm" in word and pattern.search(scripts):
            return True
    return False


def _is_environment(name: str, repo: _Repo) -> bool:
    """Whether every folder of this name is a virtual environment, and there is one."""
    folders = {
        "/".join(parts[: index + 1])
        for path in repo.paths
        for parts in [path.split("/")]
        for index, part in enumerate(parts[:-1])
        if part == name
    }
    return bool(folders) and all(f"{folder}/pyvenv.cfg" in repo.paths for folder in folders)


def _unused(entry: Mapping[str, Any], repo: _Repo) -> bool:
    """Whether there is something to drop and nothing names it."""
    found = {
        name for name in (repo.names if entry["anywhere"] else repo.top) if fnmatch.fnmatchcase(name, entry["pattern"])
    }
    found -= set(entry.get("except", ()))
    if not found or (entry.get("except") and set(entry["except"]) & repo.names):
        return False
    if entry["pattern"].startswith(".env") and any(_DOTENV.search(text) for text in repo.text.values()):
        return False
    if entry["pattern"] == "*.py[cod]":
        return False
    return not any(_names(repo, name) for name in found)


def _names(repo: _Repo, name: str) -> bool:
    """Whether the text of the repo names a file or folder: as part of a path or a quoted word."""
    word = re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-])")
    quoted = re.compile(rf"""["'/\s=]{re.escape(name)}(?:["'/]|\s*$)""", re.MULTILINE)
    if word.search(repo.runs):
        return True
    return any(
        name in text and quoted.search(text) for path, text in repo.text.items() if path.rsplit("/", 1)[-1] != name
    )


def _ignored_and_unnamed(view: View, repo: _Repo) -> Iterator[str]:
    """What git ignores on the context's own level, is of some size, and is not named by anything."""
    mounted = "\n".join(text for path, text in repo.text.items() if "compose" in path.rsplit("/", 1)[-1])
    for path in ignored(view.workspace, view.workspace.context):
        inside = view.workspace.to_context(path)
        if inside is None or "/" in inside or inside not in repo.top or not re.fullmatch(r"[\w.-]+", inside):
            continue
        size = sum(folder.bytes for folder in view.inspection.context.largest if folder.path == inside)
        if size < _MINIMUM or inside in ("dist", "build", "target", "out", "public"):
            continue
        if re.search(rf"-\s*[\"']?\./{re.escape(inside)}/?:", mounted) or not _names(repo, inside):
            yield inside


def _fits(line: _Line, repo: _Repo) -> bool:
    """Whether the line drops nothing that an instruction names."""
    ignore = parse(line.pattern.encode())
    return not any(ignore.explain(source)[0] for source in repo.sources if source not in (".", ".."))


def _drops_something(line: _Line, repo: _Repo) -> bool:
    pattern = line.pattern.removeprefix("**/")
    return any(
        fnmatch.fnmatchcase(name, pattern) for name in (repo.names if line.pattern.startswith("**/") else repo.top)
    )


def _write(old: bytes, lines: Iterable[_Line]) -> bytes:
    """The ignore file with the lines added: at the end, or before the first exception, so that it still holds."""
    newline = "\r\n" if b"\r\n" in old else "\n"
    parts: list[str] = []
    group = None
    for line in lines:
        if line.group != group:
            parts += ["", f"# {line.group}"] if parts or old else [f"# {line.group}"]
            group = line.group
        parts.append(line.pattern)
    text = newline.join(parts) + newline
    if not old:
        return text.encode()
    first = re.search(rb"(?m)^[ \t]*!", old)
    at = first.start() if first else len(old)
    head, tail = old[:at], old[at:]
    if not tail:
        return head + (b"" if head.endswith(b"\n") or not head else newline.encode()) + text.encode()
    return head + text.lstrip("\r\n").encode() + newline.encode() + tail


def _left_in(view: View, repo: _Repo) -> str:
    """What looks like data and stays, because something names it or git tracks it."""
    large = [f.path for f in view.inspection.context.largest if f.path in ("data", "datasets", "models", "notebooks")]
    named = [name for name in large if _names(repo, name)]
    return f" Left in, because something names it: {', '.join(named)}." if named else ""
