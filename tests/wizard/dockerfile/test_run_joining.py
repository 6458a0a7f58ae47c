"""A RUN is split and two are merged without a change to any command, flag or comment."""

import pytest
from hypothesis import assume, given

from tests.wizard.dockerfile.strategies import DOCKERFILES
from tests.wizard.dockerfile.test_properties import INDEX, comments, outside, pick, spoken
from wizard.dockerfile import Document, EditConflict, Instruction, parse
from wizard.dockerfile.editing import splice
from wizard.dockerfile.run_joining import merge_runs, split_run
from wizard.dockerfile.shell import parse_run


def split(text: str, at: int = 1) -> str:
    document = parse(text.encode())
    run = document.instructions[1]
    return splice(document, split_run(document, run, parse_run(document, run).top[at])).source.decode()


def merge(text: str) -> str:
    document = parse(text.encode())
    return splice(document, merge_runs(document, *document.instructions[1:3])).source.decode()


def commands(document: Document, *runs: Instruction) -> list[list[str]]:
    return [[word.text for word in command.words] for run in runs for command in parse_run(document, run).top]


@pytest.mark.parametrize(
    ("whole", "apart"),
    [
        ("RUN a && b && c", "RUN a\nRUN b && c"),
        (
            "RUN a \\\n    # why b\n    && b \\\n    # why c\n    && c",
            "RUN a\n# why b\nRUN b \\\n    # why c\n    && c",
        ),
        ("RUN a && \\\n\t# why b\n\tb && \\\n\tc", "RUN a\n# why b\nRUN b && \\\n\tc"),
        ("RUN --network=none a && b", "RUN --network=none a\nRUN --network=none b"),
        (
            "RUN --mount=type=cache,target=/c \\\n    a \\\n    && b",
            "RUN --mount=type=cache,target=/c \\\n    a\nRUN --mount=type=cache,target=/c \\\n    b",
        ),
        ("  run a && b # note", "  run a\n  run b # note"),
    ],
)
def test_a_run_is_split_before_a_command(whole: str, apart: str) -> None:
    for newline in ("\n", "\r\n"):
        head, tail = f"FROM x{newline}", f"{newline}# end{newline}CMD y{newline}"
        assert split(head + whole.replace("\n", newline) + tail) == head + apart.replace("\n", newline) + tail


def test_a_comment_among_the_flags_stays_with_the_first_part() -> None:
    assert split("FROM x\nRUN --network=none \\\n  # why\n  a && b\n") == (
        "FROM x\nRUN --network=none \\\n  # why\n  a\nRUN --network=none b\n"
    )


def test_a_run_at_the_end_of_a_file_without_a_line_end_is_split() -> None:
    assert split("FROM x\nRUN a && b && c", 2) == "FROM x\nRUN a && b\nRUN c"


@pytest.mark.parametrize(
    ("apart", "whole"),
    [
        ("RUN a\nRUN b", "RUN a && b"),
        ("RUN a\n\nRUN b", "RUN a && b\n"),
        ("RUN a\n# why b\nRUN b", "RUN a \\\n    # why b\n    && b"),
        ("RUN a && \\\n  b\n# why c\nRUN c && \\\n  d", "RUN a && \\\n  b && \\\n  # why c\n  c && \\\n  d"),
        ("RUN a \\\n  b\nRUN --network=default c", None),
        ("RUN --network=none a\nRUN --network=none \\\n  # why\n  b", "RUN --network=none a \\\n    # why\n    && b"),
    ],
)
def test_two_runs_are_merged(apart: str, whole: str | None) -> None:
    for newline in ("\n", "\r\n"):
        text = f"FROM x\n{apart}\nCMD y\n".replace("\n", newline)
        if whole is None:
            with pytest.raises(EditConflict, match="the flags of the two RUN instructions differ"):
                merge(text)
        else:
            assert merge(text) == f"FROM x\n{whole}\nCMD y\n".replace("\n", newline)


@pytest.mark.parametrize(
    ("lines", "because"),
    [
        ("RUN cd /x && b", "cd changes the shell"),
        ("RUN set -e && b", "set changes the shell"),
        ("RUN A=1 && b", "no plain list"),
        ("RUN $X && b", "a command that only the build knows"),
        ("RUN a && b || c", "no plain list"),
        ("RUN a && b; c", "no plain list"),
        ("RUN a | c && b", "no plain list"),
        ("RUN a && (cd /x && b)", "no plain list"),
        ("RUN <<E\na && b\nE", "heredoc"),
        ('SHELL ["conda", "run", "/bin/bash", "-c"]\nRUN a && b', "its SHELL starts conda"),
        ("RUN --mount=type=tmpfs,target=/t a && b", "lost at the end"),
        ("RUN --mount=type=bind,target=/t,rw a && b", "lost at the end"),
        ("RUN a && b \\", "ends in a continuation"),
        ("RUN a && --b", "would be read as a flag"),
        ("ONBUILD RUN a && b", "no RUN of this stage"),
    ],
)
def test_what_is_no_plain_list_is_not_split(lines: str, because: str) -> None:
    document = parse(f"FROM x\n{lines}\n".encode())
    run = document.instructions[-1]
    top = parse_run(document, run.trigger or run).top
    with pytest.raises(EditConflict, match=because):
        split_run(document, run.trigger or run, top[1])


def test_a_json_form_is_neither_split_nor_merged() -> None:
    document = parse(b'FROM x\nRUN a && b\nRUN ["a", "b"]\n')
    _, run, json = document.instructions
    with pytest.raises(EditConflict, match="exec form"):
        merge_runs(document, run, json)
    with pytest.raises(EditConflict, match="exec form"):
        split_run(document, json, parse_run(document, run).top[1])


@pytest.mark.parametrize(
    ("lines", "because"),
    [
        ("RUN cd /x\nRUN b", "cd changes the shell"),
        ("RUN a; b\nRUN b", "no plain list"),
        ("RUN a\nRUN b || c", "no plain list"),
        ("RUN a # note\nRUN b", "ends in a comment of the shell"),
        ("RUN --mount=type=cache,target=/c a\nRUN b", "flags"),
        ("RUN a\nENV X=1\nRUN b", "only neighbours"),
        ("RUN a\nFROM y\nRUN b", "only neighbours"),
        ("RUN a\nRUN b \\", "ends in a continuation"),
    ],
)
def test_what_would_run_otherwise_is_not_merged(lines: str, because: str) -> None:
    document = parse(f"FROM x\n{lines}\n".encode())
    runs = [instruction for instruction in document.instructions if instruction.keyword == "RUN"]
    with pytest.raises(EditConflict, match=because):
        merge_runs(document, *runs)


@given(DOCKERFILES, INDEX, INDEX)
def test_a_split_leaves_all_else_and_a_merge_brings_the_commands_together_again(
    source: bytes, one: int, other: int
) -> None:
    document = parse(source)
    run = pick(document, one, "RUN")
    top = parse_run(document, run).top
    assume(len(top) > 1)
    try:
        edits = split_run(document, run, top[1 + other % (len(top) - 1)])
    except EditConflict:
        return
    apart = splice(document, edits)
    parts = apart.instructions[run.index : run.index + 2]
    assert [part.keyword for part in parts] == ["RUN", "RUN"]
    assert commands(apart, *parts) == commands(document, run)
    assert spoken(apart)[: run.index] == spoken(document)[: run.index]
    assert spoken(apart)[run.index + 2 :] == spoken(document)[run.index + 1 :]
    assert comments(apart) == comments(document)
    assert all(piece in apart.source for piece in outside(source, edits))

    whole = splice(apart, merge_runs(apart, *parts))
    assert commands(whole, whole.instructions[run.index]) == commands(document, run)
    assert len(whole.instructions) == len(document.instructions)
    assert comments(whole) == comments(document)


@given(DOCKERFILES, INDEX)
def test_a_merge_changes_two_instructions_and_no_other(source: bytes, index: int) -> None:
    document = parse(source)
    first = pick(document, index, "RUN")
    assume(first.index + 1 < len(document.instructions))
    second = document.instructions[first.index + 1]
    try:
        edits = merge_runs(document, first, second)
    except EditConflict:
        return
    whole = splice(document, edits)
    assert commands(whole, whole.instructions[first.index]) == commands(document, first, second)
    expected = spoken(document)
    assert spoken(whole)[: first.index] == expected[: first.index]
    assert spoken(whole)[first.index + 1 :] == expected[second.index + 1 :]
    assert comments(whole) == comments(document)
