from __future__ import annotations

import subprocess
from pathlib import Path

from tests.wizard.compare.examples import comparison, run
from wizard.compare.forecast import Known
from wizard.history import branch_and_commit, entries, known, of_comparison, record
from wizard.state import StateFolder


def test_each_finished_build_of_a_comparison_is_an_entry(tmp_path: Path) -> None:
    runs = (run("before", "cold", 93.0), run("after", "source", 6.3), run("after", "cold", 1.0, outcome="failed"))
    found = of_comparison(comparison(runs=runs), tmp_path, "docker/Dockerfile")
    assert [(e.side, e.scenario, e.seconds, e.image_bytes) for e in found] == [
        ("before", "cold", 93.0, 1_412_000_000),
        ("after", "source", 6.3, 238_000_000),
    ]
    state = StateFolder(tmp_path / "state")
    assert record(state, found) is None
    assert entries(state).entries == found
    expected = Known(93.0, {"before": 1_412_000_000, "after": 238_000_000})
    assert known(entries(state), "docker/Dockerfile") == expected


def test_what_is_known_of_one_dockerfile_says_nothing_of_another(tmp_path: Path) -> None:
    state = StateFolder(tmp_path / "state")
    for dockerfile, seconds in (("Dockerfile", 600.0), ("docs/Dockerfile", 4.0), ("docs/Dockerfile", 6.0)):
        runs = (run("before", "cold", seconds),)
        assert record(state, of_comparison(comparison(runs=runs), tmp_path, dockerfile)) is None
    assert known(entries(state), "Dockerfile").cold_seconds == 600.0
    assert known(entries(state), "docs/Dockerfile").cold_seconds == 5.0
    assert known(entries(state), "api/Dockerfile") == Known()


def test_the_branch_and_commit_are_those_checked_out(tmp_path: Path) -> None:
    assert branch_and_commit(tmp_path) == (None, None)
    for words in (
        ["init", "-q", "-b", "work"],
        ["-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "--allow-empty", "-m", "one"],
    ):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    branch, commit = branch_and_commit(tmp_path)
    assert branch == "work"
    assert commit is not None
    assert len(commit) == 40
