"""Generated files, read by us and by moby's parser as the PyPI package `dockerfile` wraps it.

That parser is older than the engine's and lives behind a C interface: each way in which it may differ is a named
predicate, and a file that one of them holds for is left to tests/fuzz/test_against_engine.py. It only splits, as
`Scan` does; the end lines tell where heredocs end.
"""

import re

import pytest
from hypothesis import assume, example, given, reject
from hypothesis import strategies as st

from tests.fuzz.dockerfiles import dockerfile
from wizard.dockerfile import Instruction
from wizard.dockerfile.arguments import pairs, split_probe
from wizard.dockerfile.grammar import KEYWORDS as KNOWN
from wizard.dockerfile.grammar import Refused
from wizard.dockerfile.scanner import Scan

oracle = pytest.importorskip("dockerfile", reason="wheels exist for x86-64 only")


def has_a_blank_in_a_heredoc_header(text: str) -> bool:
    return bool(re.search(r"<<-?[\t\r\n\f\\` ]", text))


def has_braces_in_a_heredoc_header(text: str) -> bool:
    """It takes `${…}` for part of the name."""
    return "<<" in text and "${" in text


def has_text_behind_json(text: str) -> bool:
    """It ignores that text."""
    return bool(re.search(r"\](?:[^\S\n]|[\\`][^\S\n]*\n|[ ]*#[^\n]*\n)*\S", text))


def has_an_escape_in_a_flag(text: str) -> bool:
    """It takes the backslash, whatever the file says."""
    return "`" in text and bool(re.search(r"--[^\s]*[\\`]", text))


def has_a_check_directive(text: str) -> bool:
    """It knows none."""
    return bool(re.search(r"(?i)#\s*check\s*=", text))


def has_a_directive_behind_a_blank_line(text: str) -> bool:
    """It reads on."""
    return bool(re.search(r"(?i)\n\s*\n\s*#\s*escape\s*=", "\n" + text.removeprefix("\ufeff")))


def has_a_nul(text: str) -> bool:
    """Its C interface ends there."""
    return "\x00" in text


def chains_onbuild(text: str) -> bool:
    """It reports the innermost instruction; the engine refuses the file."""
    return bool(re.search(r"(?i)onbuild\W+(?:#.*\W+)*onbuild", text))


AGE = (
    has_a_blank_in_a_heredoc_header,
    has_braces_in_a_heredoc_header,
    has_text_behind_json,
    has_an_escape_in_a_flag,
    has_a_check_directive,
    has_a_directive_behind_a_blank_line,
    has_a_nul,
    chains_onbuild,
)


def raw_flags(instruction: Instruction) -> list[str]:
    """Moby reads flags byte by byte, so that an é comes out as two characters."""
    texts = [f"--{flag.name}" if flag.value is None else f"--{flag.name}={flag.value}" for flag in instruction.flags]
    return [text.encode("utf-8", "surrogateescape").decode("latin-1") for text in texts]


def values(instruction: Instruction) -> list[str]:
    if instruction.keyword == "HEALTHCHECK":
        kind, rest = split_probe(instruction.argument)
        command = [rest] if instruction.json is None else list(instruction.json)
        return [text for text in (kind, *command) if text]
    if instruction.json is not None:
        return list(instruction.json)
    if instruction.keyword in ("ENV", "LABEL"):
        return [text for pair in pairs(instruction) for text in (pair.name, pair.value or "")]
    if instruction.keyword in ("RUN", "CMD", "ENTRYPOINT", "SHELL"):
        return [instruction.argument] if instruction.argument else []
    return [word.text for word in instruction.words]


def moby(text: str) -> tuple:
    """Its instructions, none where it refuses the file (a file without any, it refuses)."""
    try:
        return oracle.parse_string(text)
    except oracle.GoParseError:
        return ()
    except UnicodeDecodeError:  # a flag that ends inside a character
        reject()


def check(source: bytes) -> None:
    """Raises AssertionError where the two readings of a file differ."""
    theirs = moby(source.decode())
    try:
        ours = Scan(source).instructions
    except Refused:
        assert theirs == ()
        return
    assert [(i.keyword, i.start_line, i.end_line) for i in ours] == [
        ((c.cmd or "").upper(), c.start_line, c.end_line) for c in theirs
    ]
    for mine, their in zip(ours, theirs, strict=True):
        command = mine.trigger or mine
        assert raw_flags(mine) == list(their.flags)
        assert (mine.trigger.keyword if mine.trigger else None) == (their.sub_cmd and their.sub_cmd.upper())
        if mine.trigger is None:  # it forgets those of ONBUILD
            bodies = [(heredoc.name, heredoc.body.of(source).decode()) for heredoc in mine.heredocs]
            assert bodies == [(heredoc.name, heredoc.content) for heredoc in their.heredocs]
        if command.keyword in KNOWN:
            assert values(command) == list(their.value)
            assert (command.json is not None) == their.json


@given(st.randoms(use_true_random=False).map(dockerfile))
@example(b'FROM a\nCMD ["\\ud800"]\n')
@example(b"FROM a\nRUN echo \xc2\xa0 <<-'E F' <<X\n\tE F\nX\n")
def test_files_are_split_as_moby_splits_them(source: bytes) -> None:
    text = source.decode("utf-8", "replace")
    assume(text.encode() == source and not any(differs(text) for differs in AGE))
    check(source)
