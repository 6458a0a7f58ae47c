"""Words of sentences."""

from __future__ import annotations

from wizard.wording import listed


def test_a_list_in_a_sentence_has_commas_and_one_and() -> None:
    assert [listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
