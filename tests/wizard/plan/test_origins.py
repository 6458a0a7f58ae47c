"""Every line that a proposal or a refusal names is a line on disk, whatever earlier proposals have changed."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from wizard.dockerfile.document import Document
from wizard.dockerfile.editing import Edit, insert_before, splice
from wizard.dockerfile.scanner import parse
from wizard.inspection import inspect
from wizard.inspection.masking import shown
from wizard.inspection.places import MARK, line_at, place_at, quoted
from wizard.inspection.values import Evidence
from wizard.plan.fold import Plan, make_plan
from wizard.plan.origins import Origins, after, traced, untouched
from wizard.plan.selection import Selection
from wizard.rules.base import Proposal, Refusal, View
from wizard.workspace import Workspace, open_workspace

FIXTURES = Path(__file__).parents[2] / "fixtures" / "rules"
OWN = (
    b"FROM python:3.11-slim\n"
    b"COPY . .\n"
    b"RUN apt-get update && \\\n"
    b"    apt-get install -y gcc libpq5\n"
    b"RUN pip install --no-cache-dir -r requirements.txt\n"
    b"CMD app\n"
)
ONCE = (
    b"FROM python:3.11-slim AS deps\n"
    b"RUN apt-get update && \\\n"
    b"    apt-get install -y libpq5\n"
    b"RUN apt-get update && apt-get install -y gcc\n"
    b"RUN pip install --index-url https://example.org/cpu torch==2.1.0\n"
    b"RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt\n"
    b"FROM deps\n"
    b"COPY . .\n"
    b"CMD app\n"
)
TWICE = b"# Ours.\n" + ONCE.replace(b"COPY . .", b"COPY --link . .").replace(b"CMD app", b'CMD ["app"]')
CAUSE = Evidence("requirements.txt", 5, "torch==2.1.0")


def proposal(rule: str, *evidence: Evidence) -> Proposal:
    return Proposal(rule, "Title", "speed", "safe", "", evidence, {})


def document(source: bytes) -> Document:
    return parse(source, "Dockerfile")


def repo(folder: Path, **files: bytes) -> Workspace:
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_bytes(content)
    return open_workspace(folder)


@pytest.fixture
def start(tmp_path: Path) -> Workspace:
    return repo(tmp_path, Dockerfile=OWN, compose_yaml=b"services:\n  web:\n    build: .\n")


@pytest.fixture
def origins() -> Origins:
    """Two proposals taken: one with a cause, one without."""
    first = after(untouched(document(OWN)), document(ONCE), proposal("torch-cpu-index", CAUSE))
    return after(first, document(TWICE), proposal("copy-link"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (2, "line 1"),
        (3, "line 3"),
        (5, "line 3"),
        (6, "the step that torch-cpu-index adds"),
        (7, "line 5"),
        (9, "line 2"),
        (10, "line 6"),
        (4, "line 3"),
        (1, "the planned Dockerfile"),
    ],
    ids=[
        "rewritten", "split, first part", "split, second part", "added", "other flags", "moved, then rewritten",
        "other form", "inside an instruction", "outside of instructions",
    ],
)  # fmt: skip
def test_a_sentence_names_the_line_on_disk(line: int, said: str, origins: Origins, start: Workspace) -> None:
    now = start.edit({"Dockerfile": TWICE})
    told = traced(Refusal("rule", f"{line_at(line)}: no"), origins, now, start)
    assert isinstance(told, Refusal)
    assert told.because == f"{said}: no"


def test_a_sentence_that_begins_with_a_line_begins_with_a_capital(origins: Origins, start: Workspace) -> None:
    now = start.edit({"Dockerfile": TWICE})
    words = f"{line_at(7).capitalize()} is slow. {line_at(6).capitalize()} is not."
    told = traced(Refusal("rule", words), origins, now, start)
    assert isinstance(told, Refusal)
    assert told.because == "Line 5 is slow. The step that torch-cpu-index adds is not."


def test_a_sentence_names_lines_of_other_files_too(origins: Origins, start: Workspace) -> None:
    now = start.edit({"Dockerfile": TWICE, "compose.yaml": b"# new\nservices:\n  web:\n    build: .\n", "new": b"a\n"})
    words = " and ".join(
        place_at(path, line) for path, line in (("compose.yaml", 3), ("Dockerfile", 9), ("new", 1), ("compose.yaml", 1))
    )
    told = traced(Refusal("rule", words), origins, now, start)
    assert isinstance(told, Refusal)
    assert told.because == "compose.yaml:2 and Dockerfile:2 and new as planned and compose.yaml as planned"


def test_evidence_quotes_the_file_on_disk(origins: Origins, start: Workspace) -> None:
    now = start.edit({"Dockerfile": TWICE})
    planned = origins.planned.instructions
    found = tuple(quoted("Dockerfile", planned[index]) for index in (1, 2, 3, 4, 6))
    assert traced(proposal("rule", *found), origins, now, start).evidence == (
        Evidence("Dockerfile", 3, "RUN apt-get update &&     apt-get install -y gcc libpq5"),
        # Both parts of that step are it; what an earlier proposal added leads to its own cause.
        CAUSE,
        Evidence("Dockerfile", 5, "RUN pip install --no-cache-dir -r requirements.txt"),
        Evidence("Dockerfile", 2, "COPY . ."),
    )


def test_evidence_that_was_found_before_any_proposal_stays(origins: Origins, start: Workspace) -> None:
    sign = Evidence("Dockerfile", 3, "apt-get update")
    now = start.edit({"Dockerfile": TWICE})
    assert traced(proposal("rule", sign), origins, now, start, {sign}).evidence == (sign,)


def test_a_file_of_an_earlier_proposal_keeps_its_lines(origins: Origins, start: Workspace) -> None:
    own = Evidence("new.txt", 2, "two")
    now = start.edit({"new.txt": b"one\ntwo\n"})
    assert traced(proposal("rule", own), origins, now, start).evidence == (own,)


# -- whole plans --


def spoken_of(plan: Plan) -> list[tuple[str, tuple[Evidence, ...]]]:
    """Per proposal and refusal all its sentences and its evidence."""
    proposals = [step.proposal for step in plan.steps]
    return [(f"{p.title} {p.why} {p.risk}", p.evidence) for p in proposals] + [
        (refusal.because, refusal.evidence) for refusal in plan.refusals
    ]


CASES = [
    "split-stages/openmp-and-fortran", "split-stages/collectstatic", "torch-cpu-index/two-installs",
    "torch-cpu-index/inside-a-list", "dependency-layer/several-runs", "cache-mounts/sudo", "uv-install/two-installs",
]  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_with_every_proposal_taken_all_evidence_is_on_disk(case: str, tmp_path: Path) -> None:
    root = Path(shutil.copytree(FIXTURES / case / "before", tmp_path / "repo", symlinks=True))
    workspace = open_workspace(root)
    plan = make_plan(workspace, inspect(workspace), Selection(all=True))
    own = document((root / plan.dockerfile).read_bytes())
    assert plan.steps
    for text, evidence in spoken_of(plan):
        assert MARK not in text
        for item in evidence:
            assert item.line is not None
            if item.path == plan.dockerfile:
                place = next(i for i in own.instructions if i.start_line <= item.line <= i.end_line)
                assert item.text in shown(f"{place.keyword} {place.argument}")
            else:
                assert item.text in (root / item.path).read_text().split("\n")[item.line - 1]


def test_numbers_in_sentences_are_lines_on_disk(tmp_path: Path) -> None:
    """The sources move down, torch gets a step of its own, and still every rule says where things are."""
    source = (
        "FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n"
        'USER app\nRUN pip install --user gunicorn\nCMD ["gunicorn", "app:app"]\n'
    )
    workspace = repo(tmp_path, Dockerfile=source.encode(), requirements_txt=b"torch==2.1.0\n", app_py=b"import torch\n")
    plan = make_plan(workspace, inspect(workspace), Selection(all=True))
    rows = source.split("\n")
    named = {
        rule: [rows[int(number) - 1] for number in re.findall(r"[Ll]ine (\d+)", text)]
        for rule, text in [
            *((step.proposal.rule, f"{step.proposal.why} {step.proposal.risk}") for step in plan.selected),
            *((refusal.rule, refusal.because) for refusal in plan.refusals),
        ]
    }
    assert [step.proposal.rule for step in plan.selected][:2] == ["dependency-layer", "torch-cpu-index"]
    assert named["dependency-layer"] == ["COPY . .", "RUN pip install -r requirements.txt"]
    assert named["cache-mounts"] == ["RUN pip install --user gunicorn"]


class PutsTwoLinesOnTop:
    ID, TITLE, CATEGORY = "on-top", "Two lines on top", "speed"

    def propose(self, view: View) -> Proposal | None:
        if view.document.source.startswith(b"ARG A"):
            return None
        edit = insert_before(view.document, view.document.instructions[0], "ARG A\nARG B")
        result = splice(view.document, [edit])
        return replace(proposal(self.ID), edits={view.dockerfile: result.source}, planned=result.planned)


class EditsTheSameWordsTwice:
    ID, TITLE, CATEGORY = "twice", "Two edits of the same words", "speed"

    def propose(self, view: View) -> Proposal:
        edit = Edit(view.document.instructions[-1].argument_span, "other")
        splice(view.document, [edit, edit])
        raise AssertionError("not reached")


class LeavesWhatCannotBeRead:
    ID, TITLE, CATEGORY = "unreadable", "No Dockerfile any more", "speed"

    def propose(self, view: View) -> Proposal:
        parse(view.document.source + b"NONSENSE\n", view.dockerfile)
        raise AssertionError("not reached")


def test_what_keeps_a_change_from_being_written_is_told_in_lines_on_disk(start: Workspace) -> None:
    rules = [PutsTwoLinesOnTop(), EditsTheSameWordsTwice(), LeavesWhatCannotBeRead()]
    plan = make_plan(start, inspect(start), rules=rules)
    assert [step.proposal.rule for step in plan.selected] == ["on-top"], plan.refusals
    twice, unreadable = (refusal.because for refusal in plan.refusals)
    assert twice == "Dockerfile:6: the change cannot be written: two edits change the same words"
    assert unreadable.startswith("the change cannot be written: the planned Dockerfile:9:")


def test_an_install_of_the_person_is_named_before_one_that_a_proposal_adds(tmp_path: Path) -> None:
    source = (
        b"FROM python:3.11-slim AS build\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n"
        b"FROM python:3.11-slim\nCOPY --from=build /usr/local /usr/local\n"
    )
    workspace = repo(tmp_path, Dockerfile=source, requirements_txt=b"torch==2.1.0\n")
    plan = make_plan(workspace, inspect(workspace))
    (refusal,) = (refusal for refusal in plan.refusals if refusal.rule == "uv-install")
    assert "torch-cpu-index" in [step.proposal.rule for step in plan.selected]
    assert refusal.because.startswith("line 3: the install does not go into a virtual environment")
    assert refusal.evidence == (Evidence("Dockerfile", 3, "RUN pip install -r requirements.txt"),)


@pytest.mark.parametrize("room", ["rules", "inspection"])
def test_no_sentence_names_a_line_but_by_its_mark(room: str) -> None:
    for path in (Path(__file__).parents[3] / "wizard" / room).rglob("*.py"):
        assert "start_line}" not in path.read_text(), f"{path.name}: use wizard.inspection.places.line_at"
