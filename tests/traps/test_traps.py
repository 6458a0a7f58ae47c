"""The inputs on which other fixers break Dockerfiles, and their relatives: what `apply --all` makes of each.

`DOCKWIZ_REGENERATE=1 pytest tests/traps/test_traps.py` writes `after/` and `refusals.txt` anew; read their diff.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.traps.cases import FOLDER, Case, plan_all, read_cases
from wizard.plan.fold import Plan

CASES = read_cases()
BEGINNING = 60
"""How much of a reason is written down: what it is about, not every word of it."""
REGENERATE = bool(os.environ.get("DOCKWIZ_REGENERATE"))


def write(root: Path, plan: Plan) -> None:
    for name, content in plan.changes.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink() if content is None else path.write_bytes(content)


def files_of(root: Path) -> dict[str, bytes | str]:
    found = (path for path in sorted(root.rglob("*")) if ".git" not in path.relative_to(root).parts)
    return {
        path.relative_to(root).as_posix(): str(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in found
        if path.is_symlink() or path.is_file()
    }


def regenerate(case: Case, root: Path, plan: Plan) -> None:
    shutil.rmtree(case.folder / "after", ignore_errors=True)
    if plan.changes:
        shutil.copytree(root, case.folder / "after", symlinks=True, ignore=shutil.ignore_patterns(".git"))
    reasons = "".join(f"{refusal.rule}: {refusal.because[:BEGINNING].rstrip()}\n" for refusal in plan.refusals)
    (case.folder / "refusals.txt").unlink(missing_ok=True)
    if reasons:
        (case.folder / "refusals.txt").write_text(reasons)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_everything_applied_gives_the_expected_repo_and_a_second_plan_nothing(case: Case, tmp_path: Path) -> None:
    root = case.lay_out(case.before, tmp_path / "repo")
    plan = plan_all(root, case)
    assert [refusal for refusal in plan.refusals if "did not pass our own check" in refusal.because] == []
    write(root, plan)
    if REGENERATE:
        regenerate(case, root, plan)
    assert files_of(root) == files_of(case.after)
    assert len(plan.refusals) == len(case.refusals)
    for refusal, expected in zip(plan.refusals, case.refusals, strict=True):
        assert f"{refusal.rule}: {refusal.because}".startswith(expected)
    again = plan_all(root, case)
    assert again.changes == {}
    assert [step.proposal.rule for step in again.selected if step.proposal.edits] == []


def test_every_trap_has_itself_and_three_relatives() -> None:
    counted = Counter(case.folder.parent.name for case in CASES)
    numbers = sorted(int(match[1]) for name in counted if (match := re.match(r"T(\d+)-", name)))
    assert numbers == list(range(1, 32))
    assert {name: count for name, count in counted.items() if count < 4} == {}
    for name in counted:
        assert (FOLDER / name / "itself").is_dir()
