"""Evidence names lines of the files on disk, whatever earlier proposals have changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.inspection.values import Evidence
from wizard.plan.origins import traced
from wizard.workspace import open_workspace

START = b"FROM python:3.11-slim\nCOPY . .\nRUN apt-get update\nRUN pip install -r requirements.txt\nCMD app\n"
NOW = (
    b"FROM python:3.11-slim AS deps\nRUN apt-get update\nRUN pip install --no-compile -r requirements.txt\n"
    b"FROM deps\nCOPY . .\nCMD app\nLABEL new=1\n"
)


@pytest.mark.parametrize(
    ("line", "origin"),
    [(1, 1), (2, 3), (3, 4), (5, 2), (6, 5), (7, None), (99, None)],
    ids=["rewritten", "kept", "rewritten with a flag", "moved", "kept at the end", "new", "not a line"],
)
def test_a_line_is_traced_to_the_file_on_disk(line: int, origin: int | None, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes(START)
    start = open_workspace(tmp_path)
    now = start.edit({"Dockerfile": NOW})
    (found,) = traced([Evidence("Dockerfile", line, "text")], now, start)
    assert found == Evidence("Dockerfile", origin, "text")


def test_a_file_of_an_earlier_proposal_keeps_its_lines(tmp_path: Path) -> None:
    start = open_workspace(tmp_path)
    now = start.edit({"new.txt": b"one\ntwo\n"})
    assert traced([Evidence("new.txt", 2, "two")], now, start) == (Evidence("new.txt", 2, "two"),)
