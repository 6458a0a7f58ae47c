"""What two versions of a list have in common, also of a long one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import Match, SequenceMatcher

_LONG = 400
"""Elements. difflib's time grows with the length times the number of differences."""


class Alignment(SequenceMatcher[str]):
    """difflib's matcher. A long list it matches part by part, between the elements that each version has exactly once,
    where these stand in the same order in both: then each is the other's counterpart."""

    def __init__(self, old: Sequence[str], new: Sequence[str]) -> None:
        self._old, self._new = old, new
        super().__init__(None, old, new)

    def get_matching_blocks(self) -> list[Match]:
        anchors = _anchors(self._old, self._new) if min(len(self._old), len(self._new)) >= _LONG else []
        if not anchors:
            return super().get_matching_blocks()
        return [*_joined(_parts(self._old, self._new, anchors)), Match(len(self._old), len(self._new), 0)]


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Where the elements stand that both have exactly once; none where their order differs."""
    before, now = Counter(old), Counter(new)
    in_old = [index for index, text in enumerate(old) if before[text] == now.get(text) == 1]
    in_new = [index for index, text in enumerate(new) if now[text] == before.get(text) == 1]
    pairs = list(zip(in_old, in_new, strict=True))
    return pairs if all(old[one] == new[other] for one, other in pairs) else []


def _parts(old: Sequence[str], new: Sequence[str], anchors: list[tuple[int, int]]) -> Iterator[Match]:
    """The blocks between the anchors, and the anchors themselves."""
    left, right = 0, 0
    for one, other in [*anchors, (len(old), len(new))]:
        if one > left and other > right:
            blocks = SequenceMatcher(None, old[left:one], new[right:other]).get_matching_blocks()
            yield from (Match(left + block.a, right + block.b, block.size) for block in blocks[:-1])
        if one < len(old):
            yield Match(one, other, 1)
        left, right = one + 1, other + 1


def _joined(blocks: Iterator[Match]) -> list[Match]:
    """The blocks, those that touch in both lists made one."""
    found: list[Match] = []
    for block in blocks:
        last = found[-1] if found else None
        if last is not None and (last.a + last.size, last.b + last.size) == (block.a, block.b):
            found[-1] = Match(last.a, last.b, last.size + block.size)
        else:
            found.append(block)
    return found
