from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.wizard.compare.examples import comparison, side
from wizard.compare.last import load_last, save_last
from wizard.compare.libraries.remembered import remember, remembered
from wizard.compare.values import Applied, Change, Comparison, Libraries, MissingLibrary, Provider
from wizard.inspection.division.proven import ProvenNeed, proven_on
from wizard.report.markdown import markdown
from wizard.state import StateFolder

FILE = "/opt/venv/lib/python3.11/site-packages/pkg/_fast.so"
NEED = ProvenNeed("libgomp1", "libgomp.so.1", FILE, "python:3.11-slim", "bookworm")


def found(rule: str = "split-stages", package: str | None = "libgomp1", release: str = "bookworm") -> Comparison:
    before = Libraries(9, {"libgomp.so.1": Provider("/usr/lib/libgomp.so.1", package)}, (), (), release)
    after = Libraries(9, {}, (MissingLibrary("libgomp.so.1", FILE),), (), release)
    return comparison(
        before=side("before", libraries=before),
        after=side("after", libraries=after, base="python:3.11-slim"),
        change=Change((Applied(rule, "a title"),)),
    )


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "state")


def test_what_a_divided_image_missed_is_known_to_the_next_plan(state: StateFolder) -> None:
    assert remembered(state, "Dockerfile") == ()
    assert remember(found(), state, "Dockerfile") == (NEED,)
    assert remembered(state, "Dockerfile") == (NEED,)
    assert remembered(state, "api/Dockerfile") == ()
    assert (state.path / "needs.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("undo", [True, False])
def test_the_report_says_what_the_next_plan_keeps(undo: bool) -> None:
    shown = markdown(replace(found(), change=replace(found().change, undo=undo)))
    assert "From the next plan on split-stages keeps libgomp1 in the image." in shown
    assert ("Undo the change and plan again." in shown) == undo
    assert "From the next plan on" not in markdown(comparison())


def test_it_stays_known_when_nothing_is_missing_any_more(state: StateFolder) -> None:
    remember(found(), state, "Dockerfile")
    fine = comparison(change=Change((Applied("split-stages", "a title"),)))
    assert remember(fine, state, "Dockerfile") == ()
    assert remembered(state, "Dockerfile") == (NEED,)
    remember(found(package="libgomp-other"), state, "Dockerfile")
    assert [need.package for need in remembered(state, "Dockerfile")] == ["libgomp1", "libgomp-other"]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(found(rule="slim-base"), id="of another rule"),
        pytest.param(found(package=None), id="no package brought it"),
        pytest.param(found(release="alpine 3.19"), id="not Debian's"),
        pytest.param(replace(found(), after=replace(found().after, base=None)), id="an image without a Dockerfile"),
    ],
)
def test_what_the_rule_cannot_use_is_not_kept(other: Comparison, state: StateFolder) -> None:
    assert remember(other, state, "Dockerfile") == ()
    assert not (state.path / "needs.json").exists()


@pytest.mark.parametrize("content", ["", "[]", '{"version": 99}', '{"version": 1, "needs": {"Dockerfile": [{}]}}'])
def test_what_cannot_be_read_is_nothing(content: str, state: StateFolder) -> None:
    (state.ensure() / "needs.json").write_text(content)
    assert remembered(state, "Dockerfile") == ()


@pytest.mark.parametrize(
    ("base", "known"),
    [
        ("python:3.11-slim", True),
        ("docker.io/library/python:3.11-slim@sha256:" + "0" * 64, True),
        ("python:3.12-slim", False),
        ("python:3.11-slim-bookworm", False),
    ],
)
def test_a_need_holds_for_the_base_on_which_it_was_seen(base: str, known: bool) -> None:
    assert bool(proven_on((NEED,), base)) == known


def test_the_last_comparison_keeps_what_the_images_have(state: StateFolder) -> None:
    kept = found()
    save_last(kept, state, ".", "Dockerfile")
    last = load_last(state)
    assert last is not None
    assert last.value == kept
