"""Edits change what they name and nothing else, and write as the file's author would have."""

import pytest

from wizard.dockerfile import Document, EditConflict, Instruction, Span, parse
from wizard.dockerfile.editing import (
    Edit,
    add_flags,
    assemble,
    block,
    delete,
    insert_after,
    insert_before,
    move,
    remove_flag,
    remove_spans,
    replace,
    set_flag,
    splice,
)
from wizard.dockerfile.style import style_of


def find(document: Document, text: str) -> Instruction:
    return next(i for i in document.instructions if text in i.argument)


def word(instruction: Instruction, *texts: str) -> list[Span]:
    return [w.span for w in instruction.words if w.text in texts]


FILE = """# syntax=docker/dockerfile:1
# About this image.
FROM debian:bookworm-slim

# All of the code.
# Really.
COPY . /app

RUN pip install -r requirements.txt
CMD ["python"]
"""


def test_an_instruction_moves_with_the_comments_above_it() -> None:
    document = parse(FILE.encode())
    copy, run = find(document, "."), find(document, "pip")
    copy = document.instructions[1]
    assert block(document, copy).of(document.source) == b"# All of the code.\n# Really.\nCOPY . /app\n"
    moved = splice(document, move(document, copy, after=run))
    assert (
        moved.source.decode()
        == """# syntax=docker/dockerfile:1
# About this image.
FROM debian:bookworm-slim

RUN pip install -r requirements.txt
# All of the code.
# Really.
COPY . /app
CMD ["python"]
"""
    )
    assert (
        splice(document, move(document, run, before=copy)).source.decode()
        == """# syntax=docker/dockerfile:1
# About this image.
FROM debian:bookworm-slim

RUN pip install -r requirements.txt
# All of the code.
# Really.
COPY . /app

CMD ["python"]
"""
    )


def test_text_before_the_first_instruction_stays_below_the_directives() -> None:
    document = parse(FILE.encode())
    result = splice(document, [insert_before(document, document.instructions[0], "ARG V=1")])
    assert result.source.startswith(b"# syntax=docker/dockerfile:1\nARG V=1\n# About this image.\nFROM")
    assert result.directives == document.directives


def test_deleting_takes_the_comments_and_leaves_one_blank_line() -> None:
    document = parse(FILE.encode())
    result = splice(document, [delete(document, document.instructions[1])])
    assert b"slim\n\nRUN pip" in result.source
    assert b"Really" not in result.source


def test_inserted_lines_take_the_line_end_of_their_neighbour() -> None:
    document = parse(b"FROM a\r\nRUN b\r\nRUN c\nRUN d")
    second = document.instructions[1]
    assert splice(document, [insert_before(document, second, "ENV A=1 \\\n  B=2\n")]).source == (
        b"FROM a\r\nENV A=1 \\\r\n  B=2\r\nRUN b\r\nRUN c\nRUN d"
    )
    last = document.instructions[3]
    assert splice(document, [insert_after(document, last, "CMD x")]).source.endswith(b"RUN d\nCMD x")


def test_a_byte_order_mark_stays_first() -> None:
    document = parse(b"\xef\xbb\xbfFROM a\n")
    result = splice(document, [insert_before(document, document.instructions[0], "ARG A")])
    assert result.source == b"\xef\xbb\xbfARG A\nFROM a\n"


@pytest.mark.parametrize("tail", [b" \\", b" \\\n", b" \\\n\n", b" \\\n# note \\\n\n", b" \\  \n  \\\n"])
def test_text_behind_a_dangling_continuation_is_an_instruction_of_its_own(tail: bytes) -> None:
    document = parse(b"FROM a\nRUN b" + tail)
    result = splice(document, [insert_after(document, document.instructions[1], "RUN c")])
    assert [i.argument for i in result.instructions] == ["a", "b", "c"]
    assert result.source.count(b"# note") == tail.count(b"# note")


def test_edits_compose_unless_they_overlap() -> None:
    document = parse(b"FROM a\nRUN b\n")
    run = document.instructions[1]
    both = splice(
        document, [insert_after(document, run, "RUN c"), insert_after(document, run, "RUN d"), replace(run, "x")]
    )
    assert both.source == b"FROM a\nRUN x\nRUN c\nRUN d\n"
    with pytest.raises(EditConflict, match="Dockerfile:2"):
        splice(document, [delete(document, run), replace(run, "x")])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("RUN pip install a", "RUN --mount=type=cache,target=/c pip install a"),
        ("RUN --network=none x", "RUN --network=none \\\n    --mount=type=cache,target=/c \\\n    x"),
        ("RUN pip install \\\n  a", "RUN --mount=type=cache,target=/c \\\n  pip install \\\n  a"),
        ("RUN \\\n  pip install a", "RUN --mount=type=cache,target=/c \\\n  pip install a"),
        ("RUN --network=none \\\n  # why\n  x", "RUN --network=none --mount=type=cache,target=/c \\\n  # why\n  x"),
        ("RUN <<EOF\nx\nEOF", "RUN --mount=type=cache,target=/c <<EOF\nx\nEOF"),
        ("ONBUILD RUN x", "ONBUILD RUN --mount=type=cache,target=/c x"),
    ],
)
def test_flags_are_added_where_the_instruction_has_room(before: str, after: str) -> None:
    document = parse(f"FROM a\n{before}\n".encode())
    run = document.instructions[1]
    result = splice(document, [add_flags(document, run.trigger or run, ["--mount=type=cache,target=/c"])])
    assert result.source.decode() == f"FROM a\n{after}\n"


def test_a_copy_gets_its_flag_on_the_same_line() -> None:
    document = parse(b"FROM a\nCOPY --chown=1 a b\n")
    assert splice(document, [set_flag(document, document.instructions[1], "link", None)]).source == (
        b"FROM a\nCOPY --chown=1 --link a b\n"
    )
    assert splice(document, [set_flag(document, document.instructions[1], "chown", "2")]).source == (
        b"FROM a\nCOPY --chown=2 a b\n"
    )


@pytest.mark.parametrize(
    ("before", "words", "after"),
    [
        ("RUN apt-get install a b c", ["b"], "RUN apt-get install a c"),
        ("RUN apt-get install a b c", ["c"], "RUN apt-get install a b"),
        ("RUN i \\\n  # why a\n  a \\\n  b", ["a"], "RUN i \\\n  b"),
        ("RUN i \\\n  a \\\n  b", ["b"], "RUN i \\\n  a"),
        ("RUN i \\\n  a \\\n  b", ["a", "b"], "RUN i"),
        ("RUN i a \\\n  # note\n\n  b", ["b"], "RUN i a\n  # note"),
        ("RUN i \\\n  a \\\n  # why b\n  b", ["b"], "RUN i \\\n  a"),
        ("RUN i \\\n  a b \\\n  c", ["b"], "RUN i \\\n  a \\\n  c"),
        ("RUN i \\\n  a b \\\n  c", ["a"], "RUN i \\\n  b \\\n  c"),
    ],
)
def test_words_go_with_their_line_and_its_comment(before: str, words: list[str], after: str) -> None:
    for newline in ("\n", "\r\n"):
        document = parse(f"FROM x\n{before}\nCMD y\n".replace("\n", newline).encode())
        run = document.instructions[1]
        result = splice(document, remove_spans(document, run, word(run, *words)))
        assert result.source.decode() == f"FROM x\n{after}\nCMD y\n".replace("\n", newline)


def test_a_flag_goes_with_its_line() -> None:
    document = parse(b"FROM a\nRUN --mount=type=cache,target=/c \\\n  --network=none \\\n  x\n")
    run = document.instructions[1]
    assert splice(document, [remove_flag(document, run, run.flags[1])]).source == (
        b"FROM a\nRUN --mount=type=cache,target=/c \\\n  x\n"
    )
    assert (
        splice(document, [remove_flag(document, run, run.flags[0])]).source
        == b"FROM a\nRUN \\\n  --network=none \\\n  x\n"
    )


def test_a_continued_line_lies_as_deep_as_the_first_of_a_step_not_as_a_list_in_it() -> None:
    document = parse(b"FROM a\nENV A=1 \\\n    B=2\nRUN a && \\\n  b \\\n    one \\\n    two\n")
    assert style_of(document).indentation == "  "


@pytest.mark.parametrize("run", ["RUN a && \\\n            b\n", "RUN a \\\n\n&& b\n"])
def test_a_line_that_hangs_under_a_word_or_behind_a_blank_one_shows_no_habit(run: str) -> None:
    assert style_of(parse(f"FROM a\n{run}".encode())).indentation == "    "


def test_a_style_is_what_most_lines_show() -> None:
    style = style_of(parse(b"# escape=`\r\nfrom a\r\nrun a && `\r\n\tb && `\r\n\tc\r\n"))
    assert (style.lower_case, style.newline, style.indentation, style.and_leads, style.escape) == (
        True,
        "\r\n",
        "\t",
        False,
        "`",
    )
    assert style.run(["a", "b"], ["--network=none"]) == "run --network=none `\r\n\ta && `\r\n\tb"
    plain = style_of(parse(b"FROM a\n"))
    assert plain.run(["a"]) == "RUN a"
    assert plain.run(["a", "b"]) == "RUN a \\\n    && b"
    assert plain.instruction("COPY", "a b", ["--link"]) == "COPY --link a b"


def test_a_heredoc_does_not_move_to_where_lines_end_otherwise() -> None:
    document = parse(b"FROM a\nRUN <<EOF\na\nEOF\nRUN b\r\n")
    with pytest.raises(EditConflict, match="cannot move to where lines end otherwise"):
        move(document, document.instructions[1], after=document.instructions[2])


def test_bytes_that_are_not_text_survive_a_move() -> None:
    document = parse(b"FROM a\nRUN \xff\xfe\nRUN c\n")
    assert splice(document, move(document, document.instructions[2], before=document.instructions[1])).source == (
        b"FROM a\nRUN c\nRUN \xff\xfe\n"
    )
    assert splice(document, [Edit(Span(7, 7), "")]).source == document.source


def test_a_comment_of_the_shell_is_not_left_on_a_line_of_its_own() -> None:
    document = parse(b"FROM a\nRUN x \\\n  --no # why \\\n  not\nCMD y\n")
    word = next(word for word in document.instructions[1].words if word.text == "--no")
    result = splice(document, remove_spans(document, document.instructions[1], [word.span]))
    assert result.source == b"FROM a\nRUN x # why \\\n  not\nCMD y\n"


def test_a_file_with_a_byte_order_mark_is_assembled() -> None:
    document = parse(b"\xef\xbb\xbf  FROM a\n")
    assert assemble(document, ["\ufeff  FROM a AS b\n", "RUN x\n"]).source == b"\xef\xbb\xbf  FROM a AS b\nRUN x\n"
