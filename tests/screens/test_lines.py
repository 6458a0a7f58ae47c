"""Lines of text from outside: cleaned, measured in cells, masked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screens.lines import clean, cut, fit, line, shorten, spread, text_of, width_of, wrap
from screens.masking import mask


@given(st.text(), st.integers(0, 40))
def test_a_fitted_text_has_exactly_its_width(text: str, width: int) -> None:
    assert width_of(fit(clean(text), width)) == width


@given(st.text(), st.text(max_size=10), st.integers(20, 80))
def test_a_spread_line_is_never_wider_than_asked(left: str, right: str, width: int) -> None:
    shown = text_of(spread([clean(left)], [clean(right)], width))
    assert width_of(shown) <= max(width, width_of(clean(right)))


@given(st.text(), st.integers(1, 40))
def test_wrapped_lines_fit_and_keep_every_word_character(text: str, width: int) -> None:
    rows = wrap(clean(text), width)
    assert all(width_of(row) <= max(width, 2) for row in rows)


@given(st.text())
def test_cleaned_text_cannot_move_the_cursor(text: str) -> None:
    cleaned = clean(text)
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in cleaned)
    assert clean(text, ascii_only=True).isascii()


def test_a_cut_is_marked() -> None:
    assert shorten("abcdefgh", 5) == "abc.."
    assert text_of(cut(line("abc", "defgh"), 6)) == "abcd.."
    assert text_of(cut(line("abcd", "ef"), 5)) == "abc.."


@pytest.mark.parametrize(
    ("shown", "written"),
    [
        ("ENV API_TOKEN=****", "ENV API_TOKEN=abc123"),
        ("ENV DB_PASSWORD ****", "ENV DB_PASSWORD hunter2"),
        ("ARG npm_token=****", 'ARG npm_token="a b"'),
        ("RUN pip install --index-url https://me:****@example.org/simple", "RUN pip install --index-url https://me:pw@example.org/simple"),
        ("ENV API_TOKEN=$TOKEN", "ENV API_TOKEN=$TOKEN"),
        ("RUN --mount=type=secret,id=npm cat /run/secrets/npm", "RUN --mount=type=secret,id=npm cat /run/secrets/npm"),
        ("COPY . .", "COPY . ."),
    ],
)  # fmt: skip
def test_values_that_look_secret_are_masked_and_references_are_not(shown: str, written: str) -> None:
    assert mask(written) == shown


@pytest.mark.parametrize("text", ["\u0300", "a\u0300\u0300" * 9, "\U0001f468\u200d\U0001f468" * 5, "\ufe0fa\ufe0f" * 7])
@pytest.mark.parametrize("width", [1, 2, 3, 10])
def test_combining_characters_neither_crash_nor_hang_the_screen(text: str, width: int) -> None:
    assert all(len(row) >= 1 for row in wrap(text, width))
    assert len(shorten(text, width)) <= max(len(text), width)
