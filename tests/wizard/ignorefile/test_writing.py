"""Where lines that are added to an ignore file come to stand."""

from __future__ import annotations

import pytest

from wizard.ignorefile import with_lines

LINES = [("Editors", "**/.idea"), ("Editors", "**/.vscode")]
BLOCK = b"# Editors\n**/.idea\n**/.vscode\n"


@pytest.mark.parametrize("old", [b"docs\n", b"log/*\n!log/.keep\n", b"# templates\n/.env*\n!.env.example\n"])
def test_they_stand_at_the_end_where_they_match_no_exception(old: bytes) -> None:
    assert with_lines(old, LINES) == old + b"\n" + BLOCK


@pytest.mark.parametrize("exception", [b"!.vscode/launch.json\n", b"!src\n", b"!**/*.json\n", b"!docs/**\n"])
def test_an_exception_of_the_file_that_they_may_match_wins(exception: bytes) -> None:
    assert with_lines(b"docs\n\n# ours\n" + exception, LINES) == b"docs\n\n" + BLOCK + b"\n# ours\n" + exception
