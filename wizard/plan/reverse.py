"""Taking our changes out of a file that was edited since, as far as the edits left them alone."""

from __future__ import annotations


def without_ours(before: bytes | None, after: bytes | None, now: bytes | None) -> bytes | None:
    """`now` with the step from `before` to `after` taken back; None for a file that is not there (any more).

    Where a later edit touched the same lines they stay as they are now.
    """
    if now == after or now is None:
        return before
    import difflib

    old, ours, lines = _lines(before), _lines(after), _lines(now)
    blocks = difflib.SequenceMatcher(None, ours, lines, autojunk=False).get_matching_blocks()
    changes = difflib.SequenceMatcher(None, ours, old, autojunk=False).get_opcodes()
    for tag, start, end, old_start, old_end in reversed(changes):
        if tag == "equal":
            continue
        kept = [block for block in blocks if block.size and block.a <= start and end <= block.a + block.size]
        if kept:
            shift = kept[0].b - kept[0].a
            lines[start + shift : end + shift] = old[old_start:old_end]
    return None if before is None and not any(lines) else b"".join(lines)


def is_out(before: bytes | None, after: bytes | None, now: bytes | None) -> bool:
    """Whether none of the lines that we added is left: somebody has taken our changes out.

    Blanks around a line do not count: an editor that changes line ends or indentation has taken nothing out.
    """
    if now is None:
        return True
    old, ours, lines = ({line.strip() for line in _lines(content)} for content in (before, after, now))
    added = ours - old
    return bool(added) and added.isdisjoint(lines)


def _lines(content: bytes | None) -> list[bytes]:
    import io

    # A binary stream ends its lines at line feeds only.
    return io.BytesIO(content or b"").readlines()
