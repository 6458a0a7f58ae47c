"""Unified diffs of the files that a plan touches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


def unified(path: str, before: bytes | None, after: bytes | None) -> str:
    """The diff of one file, as `patch -p1` and `git apply` take it. Empty where nothing changes.

    Bytes that are no UTF-8 come through as surrogate escapes, so that encoding the text again gives them back.
    """
    if before == after:
        return ""
    old = _lines(before)
    new = _lines(after)
    header = [f"--- {_name('a/' + path) if before is not None else '/dev/null'}\n"]
    header.append(f"+++ {_name('b/' + path) if after is not None else '/dev/null'}\n")
    return "".join(header) + "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in _hunks(old, new)
    )


def _hunks(old: list[str], new: list[str]) -> Iterator[str]:
    """The body of a unified diff, three lines around each change."""
    # Not in every plan is there a change to show.
    from wizard.plan.alignment import Alignment

    for hunk in Alignment(old, new).get_grouped_opcodes(3):
        (_, old_start, _, new_start, _), (_, _, old_end, _, new_end) = hunk[0], hunk[-1]
        yield f"@@ -{_range(old_start, old_end)} +{_range(new_start, new_end)} @@\n"
        for kind, a, b, c, d in hunk:
            if kind == "equal":
                yield from (f" {line}" for line in old[a:b])
            else:
                yield from (f"-{line}" for line in old[a:b])
                yield from (f"+{line}" for line in new[c:d])


def _range(start: int, end: int) -> str:
    """Lines `start` up to but not including `end`, from 0, as a hunk names them: the first, from 1, and how many."""
    count = end - start
    if count == 1:
        return str(end)
    return f"{start + 1 if count else start},{count}"


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
