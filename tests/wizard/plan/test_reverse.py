"""Taking our changes out again leaves the person's later edits as they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wizard.plan.reverse import is_out, without_ours

LINES = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n", b"\n"]), max_size=8).map(b"".join)


@given(LINES, LINES)
def test_without_later_edits_it_is_the_file_as_before(before: bytes, after: bytes) -> None:
    assert without_ours(before, after, after) == before


@given(LINES, LINES)
def test_lines_added_at_the_end_stay(before: bytes, after: bytes) -> None:
    assert without_ours(b"first\n" + before + b"last\n", b"first\n" + after + b"last\n",
                        b"first\n" + after + b"last\nmine\n") == b"first\n" + before + b"last\nmine\n"  # fmt: skip


def test_a_file_that_we_made_and_the_person_added_to_keeps_their_lines() -> None:
    assert without_ours(None, b".git\n.venv\n", b".git\n.venv\nmine\n") == b"mine\n"
    assert without_ours(None, b".git\n", b".git\n") is None


def test_a_line_of_ours_that_was_edited_stays_as_it_is_now() -> None:
    before, after = b"FROM a\nCOPY . .\nRUN x\n", b"FROM a\nRUN --mount=type=cache,target=/c x\nCOPY . .\n"
    now = after.replace(b"/c x", b"/mine x")
    assert b"target=/mine x" in (without_ours(before, after, now) or b"")


def test_a_last_line_without_line_end_stays_one() -> None:
    assert without_ours(b"a\nb", b"a\nx\nb", b"0\na\nx\nb") == b"0\na\nb"


def test_ours_is_out_when_none_of_our_lines_is_left() -> None:
    before, after = b"FROM a\nCOPY . .\nRUN i\n", b"FROM a\nRUN --mount=x i\nCOPY . .\n"
    assert is_out(before, after, before + b"# mine\n")
    assert is_out(before, after, None)
    assert not is_out(before, after, after + b"# mine\n")
    assert not is_out(before, after, after.replace(b"\n", b"\r\n"))
    assert not is_out(b"FROM a\nRUN i\n", b"FROM a\n", b"FROM a\nRUN j\n")
