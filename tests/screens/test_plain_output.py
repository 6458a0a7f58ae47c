"""The plain output of plan, inspect and explain: legible at 80 columns and narrower."""

from __future__ import annotations

from pathlib import Path

import pytest

from screens.cli import main
from screens.commands.text import cut, paragraph
from wizard.rules.registry import RULES
from wizard.samples import lay_out


@pytest.mark.parametrize("columns", [40, 80, 100])
def test_plan_fits_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main(["plan", str(lay_out("flask-ocr", tmp_path / "sample"))]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line) > columns] == []
    assert "[x] dependency-layer  (safe, speed)" in lines
    assert lines[-1].endswith("`dockwiz apply --yes`.")


@pytest.mark.usefixtures("no_engine")
def test_without_a_terminal_it_is_80_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    for command in ("plan", "inspect"):
        assert main([command, str(lay_out("flask-torch", tmp_path / command))]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_proposals_that_wait_are_named_at_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(lay_out("flask-torch", tmp_path / "sample"))]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert (
        "Waiting for you to look at them: apt-no-recommends, torch-stage and uv-install (take them with --all or" in out
    )


@pytest.mark.parametrize("rule", [rule.ID for rule in RULES])
def test_explain_tells_what_why_and_when(
    rule: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["explain", rule]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line for line in lines if "  " in line.strip()] == []
    assert {"What it does", "Why", "When it is safe", "Source"} <= set(lines)


def test_explain_without_a_rule_lists_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain"]) == 0
    out = capsys.readouterr().out
    assert all(f"{rule.ID} " in out for rule in RULES)


def test_words_are_never_broken_at_a_hyphen_and_long_ones_never_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert paragraph("see requirements-docker-cpu.txt and split-stages there", "- ") == [
        "- see requirements-docker-cpu.txt and",
        "  split-stages there",
    ]
    assert paragraph("x" * 60, "  ") == ["  " + "x" * 60]
    assert cut("RUN apt-get   install some short words", "  ") == "  RUN apt-get install some short words"
    assert cut("RUN apt-get install more words than fit", "  ") == "  RUN apt-get install more words than …"
