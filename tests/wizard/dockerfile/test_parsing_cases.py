"""The engine's verdict on small files: accepted or not, in which words, and which lines each instruction takes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Engine
from tests.fuzz.verdicts import engine_verdicts
from wizard.dockerfile import DockerfileError, parse

CASES = json.loads((Path(__file__).parents[2] / "fixtures" / "parsing-cases.json").read_text())["cases"]
ACCEPTED = [case for case in CASES if case["accepted"]]
REFUSED = [case for case in CASES if not case["accepted"]]


def names(cases: list[dict[str, Any]]) -> list[str]:
    return [case["name"] for case in cases]


LINES_OF_THE_ENGINE_ALONE = {
    "probe: cat << EOF body EOF": [["FROM", 1, 1], ["RUN", 2, 4], ["RUN", 6, 6]],
    "probe: cat << EOF body EOF noblank": [["FROM", 1, 1], ["RUN", 2, 4], ["RUN", 5, 5]],
    "probe: blank then escape": [["FROM", 3, 3], ["RUN", 4, 5]],
}
"""Of the accepted cases that the package `dockerfile` reads otherwise: they have no lines in the file."""


def words_of(case: dict[str, Any]) -> str | None:
    """The engine's words without the place that its old parser puts before them."""
    return case["error"] and re.sub(r"^dockerfile parse error on line \d+: ", "", case["error"])


def test_every_case_is_there() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES) == 146
    assert (len(ACCEPTED), len(REFUSED)) == (108, 38)
    assert {case["name"] for case in ACCEPTED if case["instructions"] is None} == set(LINES_OF_THE_ENGINE_ALONE)
    assert all(case["error"] and case["instructions"] is None for case in REFUSED)
    assert sum(len(case["check_rules"]) for case in CASES) == 19


@pytest.mark.parametrize("case", ACCEPTED, ids=names(ACCEPTED))
def test_what_the_engine_accepts_is_read_with_the_same_lines(case: dict[str, Any]) -> None:
    document = parse(case["text"].encode())
    expected = case["instructions"] or LINES_OF_THE_ENGINE_ALONE[case["name"]]
    assert [[i.keyword, i.start_line, i.end_line] for i in document.instructions] == expected


@pytest.mark.parametrize("case", REFUSED, ids=names(REFUSED))
def test_what_the_engine_refuses_is_refused_in_its_words(case: dict[str, Any]) -> None:
    with pytest.raises(DockerfileError) as refusal:
        parse(case["text"].encode(), "Dockerfile")
    assert str(refusal.value).split(": ", 1)[1] == words_of(case)
    place = re.match(r"dockerfile parse error on line (\d+): ", case["error"])
    if place:
        assert refusal.value.line == int(place[1])


@pytest.mark.engine
def test_the_engine_at_hand_says_what_the_cases_say(engine: Engine, tmp_path: Path) -> None:
    cases = [case for case in CASES if case["text"]]
    verdicts = engine_verdicts(engine, [case["text"].encode() for case in cases], tmp_path)
    for case, verdict in zip(cases, verdicts, strict=True):
        said = verdict.message and re.sub(r"^dockerfile parse error on line \d+: ", "", verdict.message)
        assert (case["name"], said) == (case["name"], words_of(case))
        assert (case["name"], sorted(verdict.rules)) == (case["name"], sorted(set(case["check_rules"])))
