"""Files that are something else by mistake: one clear error, before anything is made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard import inspection
from wizard.errors import BadInput
from wizard.inspection import MOST_INSTRUCTIONS, MOST_LINES, MOST_WORDS, inspect
from wizard.inspection.context import measure
from wizard.workspace import MOST_BYTES, open_workspace


def refusal(folder: Path) -> str:
    with pytest.raises(BadInput) as refused:
        inspect(open_workspace(folder), "Dockerfile")
    return str(refused.value)


def test_a_dockerfile_of_too_many_lines_is_refused_with_the_first_one_too_many(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM a\n" + "#\n" * MOST_LINES)
    assert refusal(tmp_path).startswith("Dockerfile:10001: has more than 10,000 lines")


def test_a_dockerfile_of_too_many_instructions_is_refused_with_the_first_one_too_many(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM a\n\n" + "LABEL a=b\n" * MOST_INSTRUCTIONS)
    assert refusal(tmp_path).startswith("Dockerfile:402: has more than 400 instructions")


def test_a_dockerfile_of_as_many_instructions_is_read(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM a\n" + "LABEL a=b\n" * (MOST_INSTRUCTIONS - 1))
    assert inspect(open_workspace(tmp_path), "Dockerfile").dockerfile == "Dockerfile"


def test_a_dockerfile_of_too_many_bytes_is_refused(tmp_path: Path) -> None:
    line = f"# {'a' * 60_000}\n"
    (tmp_path / "Dockerfile").write_text("FROM a\n" + line * (inspection.MOST_BYTES // len(line) + 1))
    assert refusal(tmp_path).startswith("Dockerfile: is larger than 1 MB")


def test_an_instruction_of_too_many_words_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM a\n\nRUN echo" + " a" * MOST_WORDS + "\n")
    assert refusal(tmp_path).startswith("Dockerfile:3: is an instruction of more than 3,000 words")


def test_an_instruction_of_as_many_words_is_read(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM a\nRUN echo" + " a" * (MOST_WORDS - 1) + "\n")
    assert inspect(open_workspace(tmp_path), "Dockerfile").dockerfile == "Dockerfile"


def test_an_ignore_file_of_too_many_lines_is_refused(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM a\n")
    (tmp_path / ".dockerignore").write_text("**/*a\n" * (measure.MOST_LINES + 1))
    assert refusal(tmp_path).startswith(".dockerignore:10001: has more than 10,000 lines")


def test_a_file_that_fills_the_disk_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "Dockerfile").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    assert refusal(tmp_path).startswith("Dockerfile: is larger than 16 MB")
