"""Where on disk the lines are of which a rule speaks: it sees files that the proposals before it have changed.

The Dockerfile is followed instruction by instruction through every step of the fold, other files line by line.
"""

from __future__ import annotations

import difflib
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from wizard.dockerfile.document import Document, Instruction
from wizard.inspection.masking import shown
from wizard.inspection.places import MARK, quoted
from wizard.inspection.values import Evidence
from wizard.plan.alignment import Alignment
from wizard.rules.base import Proposal, Refusal
from wizard.workspace import Workspace

_ALIKE = 0.6
"""How alike a rewritten line must be to the one that it came from (difflib's ratio)."""
_CARRIED_OVER = 0.75
"""Which part of the shorter of two instructions' words a rewriting must have left."""
_NEARBY = 40
"""How far, counted in instructions that are not as before, one is looked for: a file of hundreds takes no longer."""
_WORD = re.compile(r"[\w.]+")
_MARKED = re.compile(rf"(?P<word>[Ll])ine (?P<line>\d+){MARK}|{MARK}(?P<path>[^{MARK}]+):(?P<row>\d+){MARK}")


class Added(NamedTuple):
    """Stands for an instruction that is not in the person's file."""

    rule: str
    """What added it."""
    cause: Evidence | None
    """For whose sake: a line of the person's files."""


class Origins(NamedTuple):
    """The Dockerfile as planned so far, and what each of its instructions is in the person's own."""

    own: Document
    planned: Document
    of: tuple[Instruction | Added, ...]
    """By the index of the planned instruction."""


def untouched(document: Document) -> Origins:
    """The origins before any proposal."""
    return Origins(document, document, document.instructions)


def after(origins: Origins, planned: Document, proposal: Proposal) -> Origins:
    """The origins with one more proposal taken; its own evidence is traced already."""
    added = Added(proposal.rule, next(iter(proposal.evidence), None))
    earlier = _predecessors(origins.planned, planned)
    of = (origins.of[earlier[index]] if index in earlier else added for index in range(len(planned.instructions)))
    return Origins(origins.own, planned, tuple(of))


def traced(
    outcome: Proposal | Refusal, origins: Origins, now: Workspace, start: Workspace, known: Collection[Evidence] = ()
) -> Proposal | Refusal:
    """The outcome with lines of `start` for those of `now`: in its evidence, and wherever a sentence names one.

    `known` is evidence that was found in `start`. Evidence in an instruction that an earlier proposal added becomes
    what caused that one. A line without a counterpart loses its number; a file that is not in `start` keeps its own.
    """

    def own(items: Sequence[Evidence]) -> tuple[Evidence, ...]:
        return tuple(
            dict.fromkeys(item if item in known else _own_evidence(item, origins, now, start) for item in items)
        )

    found = own(outcome.evidence)
    against = None if outcome.against is None else own(outcome.against)

    def told(text: str) -> str:
        return _MARKED.sub(lambda match: _own_place(match, origins, now, start), text)

    if isinstance(outcome, Refusal):
        return replace(outcome, evidence=found, against=against, because=told(outcome.because))
    return replace(outcome, evidence=found, against=against, why=told(outcome.why), risk=told(outcome.risk))


# -- sentences --


def _own_place(match: re.Match[str], origins: Origins, now: Workspace, start: Workspace) -> str:
    """What a sentence says in place of a marked line."""
    path = match["path"] or origins.own.path
    line = int(match["line"] or match["row"])
    if path != origins.own.path:
        own = _own_row(path, line, now, start)
        return f"{path}:{own}" if own is not None and start.is_file(path) else f"{path} as planned"
    place = _own_line(origins, line)
    if isinstance(place, Added):
        words = f"the step that {place.rule} adds"
    elif place is None:
        words = "the planned Dockerfile"
    else:
        words = f"{path}:{place}" if match["path"] else f"line {place}"
    return words[0].upper() + words[1:] if match["word"] == "L" else words


# -- evidence --


def _own_evidence(item: Evidence, origins: Origins, now: Workspace, start: Workspace) -> Evidence:
    if item.line is None:
        return item
    if item.path != origins.own.path:
        own = _own_row(item.path, item.line, now, start)
        changed = own is not None and start.is_file(item.path) and start.read(item.path) != now.read(item.path)
        row = _rows(start.read(item.path))[own - 1] if changed and own is not None else item.text
        return replace(item, line=own, text=item.text if item.text in row else shown(row))
    place = _own_line(origins, item.line)
    if isinstance(place, Added):
        return place.cause or replace(item, line=None)
    instruction = _instruction_at(origins.own, place)
    if instruction is None or item.text in shown(f"{instruction.keyword} {instruction.argument}"):
        return replace(item, line=place)
    return replace(quoted(item.path, instruction), line=place)


def _own_row(path: str, line: int, now: Workspace, start: Workspace) -> int | None:
    """The line of a file that is not the Dockerfile."""
    if not start.is_file(path) or not now.is_file(path):
        return line
    before, planned = start.read(path), now.read(path)
    return line if before == planned else _origin(_rows(before), _rows(planned), line)


def _own_line(origins: Origins, line: int) -> int | Added | None:
    """The line of the person's Dockerfile that line `line` of the planned one was."""
    planned = _instruction_at(origins.planned, line)
    if planned is None:
        return _origin(_rows(origins.own.source), _rows(origins.planned.source), line)
    origin = origins.of[planned.index]
    if isinstance(origin, Added):
        return origin
    rows = _rows(origins.own.source)[origin.start_line - 1 : origin.end_line]
    text = _rows(origins.planned.source)[line - 1]
    offset = line - planned.start_line
    if offset < len(rows) and rows[offset] == text:
        return origin.start_line + offset
    return origin.start_line + (rows.index(text) if offset and text in rows else 0)


def _instruction_at(document: Document, line: int | None) -> Instruction | None:
    last = bisect_right(document.instructions, line or 0, key=lambda instruction: instruction.start_line)
    found = document.instructions[last - 1] if last else None
    return found if found is not None and line is not None and line <= found.end_line else None


def _origin(old: Sequence[str], new: Sequence[str], line: int) -> int | None:
    """The 1-based line of `old` that line `line` of `new` was: kept in place, else moved, else rewritten."""
    if not 1 <= line <= len(new):
        return None
    for block in difflib.SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        if block.b <= line - 1 < block.b + block.size:
            return block.a + line - block.b
    text = new[line - 1]
    if text in old:
        return old.index(text) + 1
    alike = difflib.get_close_matches(text, old, n=1, cutoff=_ALIKE) if text else []
    return old.index(alike[0]) + 1 if alike else None


@lru_cache(maxsize=16)
def _rows(content: bytes) -> tuple[str, ...]:
    """Kept: every piece of evidence asks for those of the same few files."""
    return tuple(row.strip() for row in content.decode("utf-8", "replace").split("\n"))


# -- one step of the fold --


class _Text(NamedTuple):
    """An instruction as it is written."""

    kind: str
    """The keyword; ADD and COPY are one kind, because the one may become the other."""
    text: str
    words: frozenset[tuple[str, int]]
    """Each word with how often it stood before in the same instruction."""


def _predecessors(old: Document, new: Document) -> Mapping[int, int]:
    """Which instruction of `old` each of `new` was, by index; nothing for one that is new.

    One that stays or moves has the same text, one that is rewritten most of the words, and one that repeats or is a
    part of another no word besides.
    """
    before, now = _texts(old), _texts(new)
    found: dict[int, int] = {}
    # In a file of hundreds those that are repeated all over are matched by what stands around them alone (difflib's
    # `autojunk`), or else the time would grow with the square of their number.
    for block in Alignment([one.text for one in before], [one.text for one in now]).get_matching_blocks():
        found |= {block.b + offset: block.a + offset for offset in range(block.size)}
    for alike, least in ((_same_text, 1.0), (_carried_over, _CARRIED_OVER)):
        gone = set(range(len(before))) - set(found.values())
        come = [index for index in range(len(now)) if index not in found]
        pairs = [
            (alike(before[source], now[target]), source, target)
            for rank, source in enumerate(sorted(gone))
            for target in come[max(0, rank - _NEARBY) : rank + _NEARBY]
        ]
        for _, source, target in sorted((pair for pair in pairs if pair[0] >= least), key=lambda pair: -pair[0]):
            if source in gone and target not in found:
                found[target] = source
                gone.remove(source)
    for target in (index for index in range(len(now)) if index not in found):
        whole = next((index for index, one in enumerate(before) if _is_part(now[target], one)), None)
        found |= {} if whole is None else {target: whole}
    return found


def _same_text(first: _Text, second: _Text) -> float:
    return float(first.text == second.text)


def _carried_over(first: _Text, second: _Text) -> float:
    """Which part of the words of the shorter one are in the other."""
    if first.kind != second.kind:
        return 0.0
    return len(first.words & second.words) / max(1, min(len(first.words), len(second.words)))


def _is_part(part: _Text, whole: _Text) -> bool:
    return part.kind == whole.kind and {word for word, _ in part.words} <= {word for word, _ in whole.words}


def _texts(document: Document) -> list[_Text]:
    return [_text(document, instruction) for instruction in document.instructions]


def _text(document: Document, instruction: Instruction) -> _Text:
    text = instruction.span.of(document.source).decode("utf-8", "surrogateescape").strip()
    seen: Counter[str] = Counter()
    words = set()
    for word in _WORD.findall(text):
        words.add((word, seen[word]))
        seen[word] += 1
    return _Text("COPY" if instruction.keyword == "ADD" else instruction.keyword, text, frozenset(words))
