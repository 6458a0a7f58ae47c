"""The edits of the source and dependency scenarios: which file, and a harmless change to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

HASH, SLASHES, STAR, MARKUP, DASHES = ("# ", ""), ("// ", ""), ("/* ", " */"), ("<!-- ", " -->"), ("-- ", "")

COMMENTS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys((".py", ".pyi", ".rb", ".sh", ".bash", ".pl", ".r", ".jl", ".ex", ".exs"), HASH),
    **dict.fromkeys(
        (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".go", ".rs", ".java", ".kt", ".scala", ".cs", ".swift"), SLASHES
    ),
    **dict.fromkeys((".c", ".h", ".cc", ".cpp", ".hpp", ".css", ".scss", ".less"), STAR),
    **dict.fromkeys((".html", ".htm", ".vue", ".svelte"), MARKUP),
    **dict.fromkeys((".sql", ".lua", ".hs"), DASHES),
}
"""Source files by suffix, and how a comment is written in them. What is not here is not edited."""

_NOT_SOURCES = frozenset(("setup.py", "gulpfile.js", "build.rs"))
"""Programs by suffix, but read by an install step: editing one is not a source edit."""


def is_source(path: str) -> bool:
    """Whether a file is a program's source that a harmless comment can be added to."""
    pure = PurePosixPath(path)
    return pure.suffix.lower() in COMMENTS and pure.name not in _NOT_SOURCES


def choose_source(paths: Iterable[str], change_counts: Mapping[str, int]) -> str | None:
    """The source file that changes most often; among equals one nearest to the root, then by name. None without any."""
    candidates = [path for path in paths if is_source(path)]
    return min(candidates, key=lambda p: (-change_counts.get(p, 0), p.count("/"), p), default=None)


def edited(path: str, content: bytes, token: str) -> bytes:
    """The file with one comment appended; `token` makes every edit a new one, so that no cache knows it."""
    # Requirements files are not among the sources; their comments are those of a shell.
    opening, closing = COMMENTS.get(PurePosixPath(path).suffix.lower(), HASH)
    newline = b"\r\n" if content.count(b"\r\n") * 2 > content.count(b"\n") else b"\n"
    gap = b"" if not content or content.endswith(b"\n") else newline
    return content + gap + f"{opening}dockwiz {token}{closing}".encode() + newline


def covered(paths: Iterable[str], sources: Iterable[str]) -> tuple[str, ...]:
    """Those of the paths that a COPY or ADD with one of these sources brings into the image.

    All are relative to the build context. Wildcards are Go's: `*` and `?` stop at a slash.
    """
    import re

    patterns = [re.compile(_as_regex(source)) for source in sources]
    return tuple(path for path in paths if any(pattern.match(path) for pattern in patterns))


def _as_regex(source: str) -> str:
    import re

    parts = [part for part in source.split("/") if part not in ("", ".")]
    if not parts:
        return ""
    body = "/".join(re.escape(part).replace(r"\*", "[^/]*").replace(r"\?", "[^/]") for part in parts)
    return f"{body}(?:/|$)"
