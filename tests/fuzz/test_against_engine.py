"""Generated Dockerfiles: `parse` refuses what the engine's check refuses, in its words, and nothing else.

`make fuzz` looks at thousands.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.conftest import Engine
from tests.fuzz.differences import disagreements
from tests.fuzz.dockerfiles import dockerfile
from tests.fuzz.shrinking import smallest
from tests.fuzz.verdicts import engine_verdicts, our_verdict


@pytest.mark.engine
def test_the_engine_and_we_agree_about_generated_files(engine: Engine, tmp_path: Path) -> None:
    assert list(disagreements(engine, 1, range(300), tmp_path)) == []


@pytest.mark.engine
def test_a_verdict_has_the_words_and_the_lines_of_the_engine(engine: Engine, tmp_path: Path) -> None:
    files = [b"FROM scratch\n", b"FROM scratch\nRUN a\nCOPPY \\\n a b\n", b"FROM scratch\nCOPY \\\n --chmod=9 a b"]
    good, unknown, mode = engine_verdicts(engine, files, tmp_path)
    assert good.accepted
    assert unknown.message == "dockerfile parse error on line 3: unknown instruction: COPPY (did you mean COPY?)"
    assert (unknown.lines, mode.lines) == (range(3, 5), range(2, 4))


def test_a_seed_names_a_file() -> None:
    assert dockerfile(Random("1:7")) == dockerfile(Random("1:7"))


def test_about_half_of_the_generated_files_are_accepted() -> None:
    accepted = sum(our_verdict(dockerfile(Random(f"1:{number}"))).accepted for number in range(200))
    assert 60 < accepted < 140


def test_a_counterexample_is_made_as_small_as_it_can_be() -> None:
    source = b"# c\nFROM a\nRUN echo one two && \\\n  echo three\nCOPY x y\n"
    assert smallest(source, lambda files: [b"wo" in file and b"FROM" in file for file in files]) == b"FROMwo"
