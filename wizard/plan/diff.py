"""Unified diffs of the files that a plan touches."""

from __future__ import annotations

from collections.abc import Mapping


def unified(path: str, before: bytes | None, after: bytes | None) -> str:
    """The diff of one file, as `patch -p1` and `git apply` take it. Empty where nothing changes.

    Bytes that are no UTF-8 come through as surrogate escapes, so that encoding the text again gives them back.
    """
    if before == after:
        return ""
    import difflib

    old = _lines(before)
    new = _lines(after)
    header = [f"--- {_name('a/' + path) if before is not None else '/dev/null'}\n"]
    header.append(f"+++ {_name('b/' + path) if after is not None else '/dev/null'}\n")
    body = list(difflib.unified_diff(old, new, n=3))[2:]
    return "".join(header) + "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in body
    )


def diff_of(changes: Mapping[str, tuple[bytes | None, bytes | None]]) -> str:
    """The diffs of several files, in path order: path -> (before, after)."""
    return "".join(unified(path, *changes[path]) for path in sorted(changes))


def _name(path: str) -> str:
    """The name as git writes it: quoted where it must be, and closed by a tab where it holds blanks."""
    if path.isprintable() and not set(path) & {'"', "\\"}:
        return f"{path}\t" if " " in path else path
    plain = {ord('"'): '\\"', ord("\\"): "\\\\"}
    octets = path.encode("utf-8", "surrogateescape")
    return (
        '"' + "".join(plain.get(octet, chr(octet) if 32 <= octet < 127 else f"\\{octet:03o}") for octet in octets) + '"'
    )


def _lines(content: bytes | None) -> list[str]:
    text = (content or b"").decode("utf-8", "surrogateescape")
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
