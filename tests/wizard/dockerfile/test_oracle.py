"""Generated files, read by us and by moby's parser as the PyPI package `dockerfile` wraps it.

It is an older parser than the engine's: it knows no blank between `<<` and a name, lets `${…}` stand in the name,
reads directives across blank lines, ignores text behind a JSON array, and takes a backslash for the escape in flags
whatever the file says; its C interface ends at a NUL. Generated files do without all that. It only splits, as `Scan`
does.
"""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from wizard.dockerfile import Instruction
from wizard.dockerfile.arguments import pairs
from wizard.dockerfile.grammar import KEYWORDS as KNOWN
from wizard.dockerfile.grammar import Refused
from wizard.dockerfile.scanner import Scan

oracle = pytest.importorskip("dockerfile", reason="wheels exist for x86-64 only")

WORDS = st.sampled_from(
    [
        "a",
        "b c",
        "'q r'",
        '"d e"',
        "\\",
        "\\\\",
        "`",
        "$X",
        "${Y:-z}",
        "#x",
        "# y",
        "--f=1",
        "--mount=type=cache,target=/c",
        "--",
        "-x",
        "=",
        "k=v",
        'k="v w"',
        "'",
        '"',
        "é",
        "漢",
        "\xa0",
        "\x0b",
        "\f",
        "<<EOF",
        "<<-'E F'",
        "3<<X",
        "<<<h",
        '["a", "b"]',
        '["a"',
        "[1]",
        "[]",
        "[",
        "&&",
        "|",
        ";",
        "(",
        "\r",
        "/x/",
        ".",
        "AS",
        "CMD",
        "NONE",
        "\\ ",
        "\\#",
    ]
)
KEYWORDS = st.sampled_from(
    [
        "FROM",
        "RUN",
        "RUN",
        "RUN",
        "COPY",
        "COPY",
        "ADD",
        "ENV",
        "ENV",
        "ARG",
        "LABEL",
        "CMD",
        "ENTRYPOINT",
        "WORKDIR",
        "USER",
        "EXPOSE",
        "VOLUME",
        "HEALTHCHECK",
        "ONBUILD RUN",
        "ONBUILD COPY",
        "ONBUILD",
        "SHELL",
        "STOPSIGNAL",
        "MAINTAINER",
        "run",
    ]
)
JOINTS = st.sampled_from(
    [
        " ",
        " ",
        " ",
        "  ",
        "\t",
        "",
        " \\\n",
        "\\\n",
        " \\  \n  ",
        " `\n",
        " \\\r\n  ",
        " \\\n# c\n",
        " \\\n\n",
        " \\\n  # c \\\n ",
    ]
)
TAILS = st.sampled_from(
    ["\n", "\n", "\n", "\r\n", "\n\n", " \n", "\n# c\n", "\n  # c\\\n", "\nEOF\n", "\nx\nE F\nX\nEOF\n", " \\\n", ""]
)
HEADS = st.sampled_from(
    [
        "",
        "",
        "",
        "# escape=`\n",
        "#  ESCAPE = \\\n",
        "# syntax=x\n# escape=`\n",
        "# c\n",
        "\ufeff",
        "# check=skip=all\n",
    ]
)


@st.composite
def instructions(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(["", "", " ", "\t"])) + draw(KEYWORDS)
    for word in draw(st.lists(WORDS, max_size=5)):
        text += (draw(JOINTS) or " ") + word
    return text + draw(TAILS)


FILES = st.builds(
    lambda head, rest: head + "FROM a AS s\n" + "".join(rest), HEADS, st.lists(instructions(), min_size=1, max_size=4)
)


def differs_by_age(text: str) -> bool:
    blank_in_header = re.search(r"<<-?[\t\r\n\f\\` ]", text)
    text_behind_json = re.search(r"\](?:[^\S\n]|[\\`][^\S\n]*\n|[ ]*#[^\n]*\n)*\S", text)
    escape_in_flag = "`" in text and re.search(r"--[^\s]*[\\`]", text)
    braces_in_header = "<<" in text and "${" in text
    return bool(blank_in_header or text_behind_json or escape_in_flag or braces_in_header)


def raw_flags(instruction: Instruction) -> list[str]:
    """Moby reads flags byte by byte, so that an é comes out as two characters."""
    texts = [f"--{flag.name}" if flag.value is None else f"--{flag.name}={flag.value}" for flag in instruction.flags]
    return [text.encode("utf-8", "surrogateescape").decode("latin-1") for text in texts]


def values(instruction: Instruction) -> list[str]:
    if instruction.keyword == "HEALTHCHECK":
        kind, *rest = re.split(r"[\t\n\v\f\r ]+", instruction.argument, maxsplit=1)
        command = rest if instruction.json is None else list(instruction.json)
        return [text for text in (kind, *command) if text]
    if instruction.json is not None:
        return list(instruction.json)
    if instruction.keyword in ("ENV", "LABEL"):
        return [text for pair in pairs(instruction) for text in (pair.name, pair.value or "")]
    if instruction.keyword in ("RUN", "CMD", "ENTRYPOINT", "SHELL"):
        return [instruction.argument] if instruction.argument else []
    return [word.text for word in instruction.words]


@given(FILES)
def test_files_are_split_as_moby_splits_them(text: str) -> None:
    assume(not differs_by_age(text))
    try:
        theirs = oracle.parse_string(text)
    except oracle.GoParseError:
        with pytest.raises(Refused):
            Scan(text.encode())
        return
    ours = Scan(text.encode()).instructions
    assert [(i.keyword, i.start_line, i.end_line) for i in ours] == [
        ((c.cmd or "").upper(), c.start_line, c.end_line) for c in theirs
    ]
    for mine, their in zip(ours, theirs, strict=True):
        assert raw_flags(mine) == list(their.flags)
        assert (mine.trigger.keyword if mine.trigger else None) == (their.sub_cmd and their.sub_cmd.upper())
        if (mine.trigger or mine).keyword in KNOWN:
            assert values(mine.trigger or mine) == list(their.value)
