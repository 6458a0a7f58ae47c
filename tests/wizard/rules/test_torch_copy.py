"""torch-cpu-index over time: what happens to our copy of the requirements when the person's file changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.wizard.rules.test_fixtures import plan_for, write
from wizard.plan.selection import Selection

ONLY = Selection(only=frozenset({"torch-cpu-index"}), all=True)
COPY = "requirements-docker-cpu.txt"


@pytest.fixture
def applied(tmp_path: Path) -> Path:
    """A repo with the proposal applied."""
    (tmp_path / "Dockerfile").write_text(
        "FROM python:3.11-slim\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\n"
    )
    (tmp_path / "requirements.txt").write_text("flask==2.3.3\ntorch==2.1.0\n")
    write(tmp_path, plan_for(tmp_path, ONLY))
    assert COPY in (tmp_path / "Dockerfile").read_text()
    return tmp_path


def test_nothing_is_left_to_do(applied: Path) -> None:
    assert plan_for(applied, ONLY).changes == {}


def test_an_addition_is_installed_before_the_copy_is_made_anew(applied: Path) -> None:
    assert (applied / COPY).read_text().splitlines()[-1] == "-r requirements.txt"


def test_an_addition_is_brought_over(applied: Path) -> None:
    (applied / "requirements.txt").write_text("flask==2.3.3\ntorch==2.1.0\nredis==5.0.1\n")
    write(applied, plan_for(applied, ONLY))
    assert "redis" in (applied / COPY).read_text().splitlines()
    assert plan_for(applied, ONLY).changes == {}


def test_a_pin_edited_before_the_copy_is_made_anew_contradicts_nothing(applied: Path) -> None:
    """The versions stand in the person's file alone; only the torch family is said twice, so that it cannot drift."""
    pinned = [line for line in (applied / COPY).read_text().splitlines() if "==" in line]
    assert pinned == ["torch==2.1.0"]


def test_a_new_version_of_torch_is_asked_of_the_cpu_index(applied: Path) -> None:
    (applied / "requirements.txt").write_text("flask==2.3.3\ntorch==2.3.1\n")
    write(applied, plan_for(applied, ONLY))
    assert "/whl/cpu torch==2.3.1\n" in (applied / "Dockerfile").read_text()
    assert "torch==2.1.0" not in (applied / "Dockerfile").read_text() + (applied / COPY).read_text()
    assert plan_for(applied, ONLY).changes == {}


def test_a_copy_that_the_person_made_is_left_alone(applied: Path) -> None:
    (applied / COPY).write_text("flask\n")
    (applied / "requirements.txt").write_text("flask==2.3.3\ntorch==2.3.1\n")
    assert plan_for(applied, ONLY).changes == {}


def test_cuda_libraries_cut_the_copy_loose_and_that_waits_for_a_review(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM python:3.11-slim\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n"
    )
    (tmp_path / "requirements.txt").write_text("torch==2.1.0\nnvidia-cublas-cu12==12.1.3.1\n")
    (step,) = plan_for(tmp_path, ONLY).selected
    assert step.proposal.safety == "review"
    assert b"-r requirements.txt" not in (step.proposal.edits[COPY] or b"")
    assert "requirements.txt pins CUDA libraries" in step.proposal.risk
