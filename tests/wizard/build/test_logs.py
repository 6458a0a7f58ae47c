"""The output of a step, cut anywhere by the builder, becomes lines that are safe to show."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wizard.build.logs import LINE_CHARACTERS, TAIL_LINES, LogTail, plain, printable


def lines_of(*chunks: bytes) -> tuple[str, ...]:
    tail = LogTail()
    for chunk in chunks:
        tail.feed(1, chunk)
    return tail.tail()


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc", "Cf"]), max_size=40), st.integers(0, 160))
def test_it_does_not_matter_where_the_builder_cuts(text: str, cut: int) -> None:
    data = f"{text}\nend\n".encode()
    assert lines_of(data[:cut], data[cut:]) == lines_of(data)


def test_an_unfinished_character_is_not_shown_yet() -> None:
    assert lines_of(b"caf" + b"\xc3") == ("caf",)


def test_streams_do_not_mix_inside_a_line() -> None:
    tail = LogTail()
    tail.feed(1, b"out ")
    tail.feed(2, b"err\n")
    tail.feed(1, b"put\n")
    assert tail.tail() == ("err", "out put")


def test_a_progress_bar_leaves_its_last_state() -> None:
    assert lines_of(b"10%\r20%\r100%\n") == ("100%",)
    assert lines_of(b"10%\r20%\r") == ("20%",)
    assert lines_of(b"windows\r\n") == ("windows",)


def test_an_endless_progress_bar_takes_no_memory() -> None:
    tail = LogTail()
    for number in range(2000):
        tail.feed(1, b"\r%08d" % number * 100)
    assert tail.tail() == ("00001999",)


def test_the_tail_is_bounded_but_the_count_is_not() -> None:
    tail = LogTail()
    tail.feed(1, b"".join(b"%d\n" % number for number in range(5000)))
    assert len(tail.tail()) == TAIL_LINES
    assert (tail.tail()[-1], tail.total) == ("4999", 5000)


def test_a_line_without_end_is_bounded() -> None:
    tail = LogTail()
    for _ in range(100):
        tail.feed(1, b"x" * 10_000)
    assert [len(line) for line in tail.tail()] == [LINE_CHARACTERS]


def test_colours_stay_and_other_sequences_go() -> None:
    text = "\x1b[31mred\x1b[0m\x1b[2J\x1b[1;1H\x1b]0;title\x07\x1b]52;c;ZXZpbA==\x1b\\\x07\x08\x1bc\u202eright\tleft"
    assert printable(text) == "\x1b[31mred\x1b[0mright\tleft"
    assert plain(text) == "redright\tleft"


@given(st.text())
def test_nothing_dangerous_is_left(text: str) -> None:
    assert not any(ord(c) < 32 and c not in "\t\n" for c in plain(text))


def test_clipping_by_the_builder_is_noticed() -> None:
    tail = LogTail()
    tail.feed(1, b"[output clipped, log limit 200KiB/s reached]\n")
    assert tail.clipped
