"""The documents say what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from screens.options import COMMANDS, make_parser
from tests.docs import PAGE, page
from wizard.rules.registry import RULES

ROOT = Path(__file__).parent.parent
HEADINGS = ("What it does", "Why", "When it is safe", "Source")


def test_the_page_of_rules_is_made_from_the_docstrings() -> None:
    assert PAGE.read_text("utf-8") == page(), "run `make docs`"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.ID)
def test_a_rule_documents_what_why_when_safe_and_source(rule: object) -> None:
    text = rule.__doc__ or ""
    assert [heading for heading in HEADINGS if f"\n{heading}\n: " not in text] == []


def test_the_readme_names_every_command_and_no_other() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    named = set(re.findall(r"^\| `dockwiz (\w+)", readme, re.MULTILINE))
    assert named == set(COMMANDS) - {"wizard"}


def test_the_readme_names_no_option_that_a_command_does_not_have(capsys: pytest.CaptureFixture[str]) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| `dockwiz (.*?[^\\])` \|", readme, re.MULTILINE)
    assert len(rows) == len(COMMANDS)
    for row in rows:
        command = row.split()[0] if row.split()[0] in COMMANDS else "wizard"
        with pytest.raises(SystemExit):
            make_parser().parse_args([command, "--help"])
        known = set(re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out))
        assert set(re.findall(r"--[a-z][a-z-]*", row)) <= known, row
