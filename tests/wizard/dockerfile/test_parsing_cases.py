"""The engine's verdict on small files: accepted or not, in which words, and which lines each instruction takes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from wizard.dockerfile import DockerfileError, parse

CASES = json.loads((Path(__file__).parents[2] / "fixtures" / "parsing-cases.json").read_text())["cases"]
ACCEPTED = [case for case in CASES if case["accepted"]]
REFUSED = [case for case in CASES if not case["accepted"]]


def names(cases: list[dict[str, Any]]) -> list[str]:
    return [case["name"] for case in cases]


def test_every_case_is_there() -> None:
    assert len(CASES) == 146


@pytest.mark.parametrize("case", ACCEPTED, ids=names(ACCEPTED))
def test_what_the_engine_accepts_is_read_with_the_same_lines(case: dict[str, Any]) -> None:
    document = parse(case["text"].encode())
    if case["instructions"] is not None:
        assert [[i.keyword, i.start_line, i.end_line] for i in document.instructions] == case["instructions"]


@pytest.mark.parametrize("case", REFUSED, ids=names(REFUSED))
def test_what_the_engine_refuses_is_refused_in_its_words(case: dict[str, Any]) -> None:
    with pytest.raises(DockerfileError) as refusal:
        parse(case["text"].encode(), "Dockerfile")
    place, words = re.fullmatch(r"(?:dockerfile parse error on line (\d+): )?(.*)", case["error"]).groups()
    assert str(refusal.value).split(": ", 1)[1] == words
    if place:
        assert refusal.value.line == int(place)
