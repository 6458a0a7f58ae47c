"""split-stages and what comparisons of built images have proved."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.wizard.rules.test_fixtures import look_at
from wizard.inspection.division.proven import ProvenNeed
from wizard.plan.fold import Plan, make_plan
from wizard.plan.selection import Selection
from wizard.rules.base import Proposal, Settings

FILE = "/opt/venv/lib/python3.11/site-packages/markupsafe/_speedups.so"
NEED = ProvenNeed("libatomic1", "libatomic.so.1", FILE, "python:3.11-slim-bookworm", "bookworm")
DOCKERFILE = """\
FROM {base}
WORKDIR /app
RUN apt-get update && apt-get install -y --no-install-recommends gcc {more} && rm -rf /var/lib/apt/lists/*
COPY requirements.txt .
RUN pip install -r requirements.txt
COPY . .
{then}CMD ["python", "app.py"]
"""


def plan(root: Path, need: ProvenNeed, base: str, more: str = "tini", then: str = "") -> Plan:
    (root / "Dockerfile").write_text(DOCKERFILE.format(base=base, more=more, then=then))
    (root / "requirements.txt").write_text("markupsafe==2.1.5\n")
    (root / "app.py").write_text("import markupsafe\n")
    found = look_at(root)
    only = Selection(only=frozenset({"split-stages"}))
    return make_plan(found.workspace, found.inspection, only, Settings(proven=(need,)))


def proposal(plan: Plan) -> Proposal:
    return next(step.proposal for step in plan.steps if step.proposal.rule == "split-stages")


def test_a_library_that_a_comparison_found_missing_stays_in_the_image(tmp_path: Path) -> None:
    made = plan(tmp_path, NEED, "python:3.11-slim-bookworm")
    stages = (made.changes["Dockerfile"] or b"").decode().split("FROM ")
    assert "tini libatomic1 " in stages[1]
    assert proposal(made).safety == "safe"
    assert f"A comparison found that {FILE} needs libatomic.so.1 of libatomic1." in proposal(made).risk


def test_one_that_the_file_names_itself_is_not_named_twice(tmp_path: Path) -> None:
    made = plan(tmp_path, NEED, "python:3.11-slim-bookworm", "libatomic1")
    assert (made.changes["Dockerfile"] or b"").count(b"libatomic1") == 1
    assert "A comparison" not in proposal(made).risk


@pytest.mark.parametrize("base", ["python:3.11-slim-trixie", "python:3.12-slim-bookworm"])
def test_it_says_nothing_of_another_base_image(tmp_path: Path, base: str) -> None:
    made = plan(tmp_path, NEED, base)
    assert b"libatomic1" not in (made.changes["Dockerfile"] or b"")


def test_where_the_tag_leaves_the_release_open_it_waits_for_a_review(tmp_path: Path) -> None:
    base = "python:3.11-slim"
    made = plan(tmp_path, NEED._replace(base=base), base)
    assert b"libatomic1" in (made.changes["Dockerfile"] or b"")
    assert proposal(made).safety == "review"
    assert "on bookworm, which the base image's tag does not name" in proposal(made).risk


def safety_with(root: Path, step: str) -> str | None:
    """The safety of the proposal where this step follows the installs; None where there is none."""
    base = "python:3.11-slim-bookworm"
    made = plan(root, NEED._replace(base="other"), base, then=f"RUN {step}\n")
    return next((one.proposal.safety for one in made.steps if one.proposal.rule == "split-stages"), None)


@pytest.mark.parametrize(
    "step",
    [
        "python -m app",
        "python3 -m app.migrate",
        "python -m compileall .",
        "python -m spacy download en_core_web_sm",
        "python -c 'import nltk; nltk.download(1)'",
    ],
)
def test_a_module_that_needs_no_compiler_may_follow_the_installs(tmp_path: Path, step: str) -> None:
    assert safety_with(tmp_path, step) == "safe"


@pytest.mark.parametrize(
    "step",
    [
        "python -m other",
        "python -m flit install",
        "python -W ignore -m application",
        'python -c \'import subprocess as s; s.run(["gcc", "a.c"])\'',
        "python - <<EOF\nimport os\nos.system('gcc a.c')\nEOF",
    ],
)
def test_a_module_of_someone_else_and_python_that_starts_programs_may_need_them(tmp_path: Path, step: str) -> None:
    assert safety_with(tmp_path, step) == "review"


@pytest.mark.parametrize(
    "step", ["pip-sync", "python -m piptools sync", "pipx install psycopg2", "cythonize -i a.pyx", "python -m build"]
)
def test_what_installs_or_compiles_needs_them(tmp_path: Path, step: str) -> None:
    assert safety_with(tmp_path, step) is None
