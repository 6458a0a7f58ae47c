"""Where `parse` and the engine's check disagree about a file, and the few disagreements that are meant.

The claim: `parse` refuses a file in BuildKit's words, at a line that BuildKit names, exactly where BuildKit would
refuse it before it runs anything; it does so for whatever build arguments there are, and for the stages that the last
one needs. `--call=check` goes further in the ways below, each a named predicate.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.conftest import Engine
from tests.fuzz.dockerfiles import dockerfile
from tests.fuzz.shrinking import smallest
from tests.fuzz.verdicts import Verdict, engine_verdicts, our_verdict
from wizard.dockerfile import DockerfileError, parse
from wizard.dockerfile.grammar import Refused
from wizard.dockerfile.scanner import Scan
from wizard.dockerfile.stages import reachable


@dataclass(frozen=True)
class Case:
    """A file, what `parse` says of it, and what the engine says."""

    source: bytes
    ours: Verdict
    theirs: Verdict


_SYNTAX = re.compile("syntax error|unexpected end of statement|unsupported modifier|invalid escape|parse error on line")
Predicate = Callable[[Case], bool]


def difference(source: bytes, theirs: Verdict) -> str | None:
    """What is wrong about our reading of a file, given the engine's; None where both agree, or differ as meant."""
    case = Case(source, our_verdict(source), theirs)
    if _same(case.ours, theirs) or any(meant(case) for meant in MEANT):
        return None
    return f"{source!r}\n  dockwiz: {_shown(case.ours)}\n  engine:  {_shown(theirs)}"


def disagreements(engine: Engine, seed: int, numbers: range, folder: Path) -> Iterator[str]:
    """What differs in the generated files of these numbers, each made as small as it can be."""

    def differ(sources: Sequence[bytes]) -> list[bool]:
        return [
            difference(*pair) is not None
            for pair in zip(sources, engine_verdicts(engine, sources, folder), strict=True)
        ]

    sources = [dockerfile(Random(f"{seed}:{number}")) for number in numbers]
    for number, source, found in zip(numbers, sources, differ(sources), strict=True):
        if found:
            least = smallest(source, differ)
            (theirs,) = engine_verdicts(engine, [least], folder)
            yield f"seed {seed}, number {number}: {difference(least, theirs)}"


def _shown(verdict: Verdict) -> str:
    if verdict.accepted:
        return "accepted"
    return f"lines {verdict.lines.start} to {verdict.lines.stop - 1}: {verdict.message}"


def _same(ours: Verdict, theirs: Verdict) -> bool:
    if ours.message is None or theirs.message is None:
        return ours.accepted == theirs.accepted
    return ours.message == _words(theirs) and ours.lines.start in theirs.lines


def _words(theirs: Verdict) -> str:
    """Its message without the line number (`Verdict.lines` has it) and without its guess at what was meant."""
    message = re.sub(r"\Adockerfile parse error on line \d+: ", "", theirs.message or "")
    return re.sub(r" \(did you mean [^()]*\?\)\Z", "", message)


def _lines(source: bytes, verdict: Verdict) -> bytes:
    return b"\n".join(source.split(b"\n")[max(verdict.lines.start - 1, 0) : verdict.lines.stop - 1])


def asks_a_registry(case: Case) -> bool:
    """A random byte made the name of an image that is not here: how the check would have gone on, nobody knows."""
    return "failed to resolve source metadata" in (case.theirs.message or "")


def depends_on_a_variable(case: Case) -> bool:
    """The check knows that no build argument was given, and what the image sets; we say nothing of such a value."""
    if case.theirs.accepted or _SYNTAX.search(case.theirs.message or ""):
        return False
    behind = case.ours.accepted or case.ours.lines.start >= case.theirs.lines.start
    return behind and b"$" in _lines(case.source, case.theirs)


def depends_on_the_working_directory(case: Case) -> bool:
    """A mount without an absolute target lies in the working directory, which may be `/` by the base image."""
    return case.ours.accepted and case.theirs.message == 'invalid mount target "/"'


def is_a_flag_of_newer_frontends(case: Case) -> bool:
    """What only some frontends know is accepted here, and held against the frontend in force elsewhere."""
    flag = re.match(r"unknown flag: (--parents|--exclude)\Z", _words(case.theirs))
    return flag is not None and flag[1].encode() in _lines(case.source, case.theirs)


def is_in_a_stage_that_nobody_needs(case: Case) -> bool:
    """The check looks at every stage, a build only at those that its target needs."""
    if case.theirs.accepted or "parse error on line" in (case.theirs.message or ""):
        return False
    try:
        document = parse(case.source)
    except DockerfileError as error:
        return _stage_at(case.source, case.theirs.lines.start) < _stage_at(case.source, error.line or 0)
    needed = reachable(document, document.stages[-1])
    return _stage_at(case.source, case.theirs.lines.start) not in needed


def _stage_at(source: bytes, line: int) -> int:
    """The number of the stage that a line belongs to."""
    try:
        instructions = Scan(source).instructions
    except Refused:
        return 0
    return sum(i.keyword == "FROM" and i.start_line <= line for i in instructions) - 1


def counts_directives_from_zero(case: Case) -> bool:
    """BuildKit reports a directive one line too high."""
    about_directives = re.match(r"only one \w+ parser directive|invalid escape token", case.ours.message or "")
    return bool(about_directives) and _same(
        case.ours, Verdict(case.theirs.message, range(case.ours.lines.start, case.ours.lines.stop))
    )


def names_no_line(case: Case) -> bool:
    """Of check options and of the names of stages, BuildKit does not say where they stand."""
    return case.theirs.lines == range(1) and _same(case.ours, Verdict(case.theirs.message, case.ours.lines))


def spells_flags_byte_by_byte(case: Case) -> bool:
    """BuildKit reads flags byte by byte, so that its message spells an é as two characters."""
    lines = _lines(case.source, case.theirs)
    return (
        not case.theirs.accepted
        and case.ours.lines.start in case.theirs.lines
        and b"--" in lines
        and not lines.isascii()
    )


def spells_no_characters_otherwise(case: Case) -> bool:
    """Bytes that are no UTF-8 become U+FFFD in BuildKit sometimes before and sometimes after a message quotes them."""
    message = re.sub(r"\\x[89a-f][0-9a-f]", "\ufffd", case.ours.message or "")
    return "\ufffd" in message and _same(Verdict(message, case.ours.lines), case.theirs)


def explains_a_platform(case: Case) -> bool:
    """Where a platform is wrong, BuildKit goes on with the grammar of platforms."""
    platform = (case.ours.message or "").startswith("failed to parse platform ")
    return (
        platform
        and case.ours.lines.start in case.theirs.lines
        and _words(case.theirs).startswith(case.ours.message or "")
    )


def is_a_symbolic_mode(case: Case) -> bool:
    """`--chmod=u+x` is left to the engine: older ones read numbers only."""
    return case.ours.accepted and not case.theirs.accepted and b"--chmod=" in _lines(case.source, case.theirs)


def runs_a_trigger(case: Case) -> bool:
    """The values of what ONBUILD left are looked at where a stage is built upon it; that is left to the engine."""
    is_base = _lines(case.source, case.theirs).lstrip()[:4].upper() == b"FROM"
    return case.ours.accepted and not case.theirs.accepted and is_base and b"ONBUILD" in case.source.upper()


def comes_first_by_chance(case: Case) -> bool:
    """BuildKit looks at the base images of all stages at the same time, and reports the fault it meets first."""
    words = "failed to parse stage name "
    return (case.ours.message or "").startswith(words) and (case.theirs.message or "").startswith(words)


MEANT: tuple[Predicate, ...] = (
    asks_a_registry,
    depends_on_a_variable,
    depends_on_the_working_directory,
    is_a_flag_of_newer_frontends,
    is_in_a_stage_that_nobody_needs,
    counts_directives_from_zero,
    names_no_line,
    spells_flags_byte_by_byte,
    spells_no_characters_otherwise,
    explains_a_platform,
    is_a_symbolic_mode,
    runs_a_trigger,
    comes_first_by_chance,
)
