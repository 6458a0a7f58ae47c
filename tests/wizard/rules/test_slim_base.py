"""What slim-base does not know is said, and then no goal selects it."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.inspection import inspect
from wizard.plan.fold import make_plan
from wizard.plan.selection import Selection
from wizard.rules.base import Proposal
from wizard.workspace import open_workspace

COMMAND = 'CMD ["python", "app.py"]\n'


def proposed(root: Path, dockerfile: str, **files: str) -> Proposal | None:
    (root / "Dockerfile").write_text(dockerfile)
    (root / "app.py").write_text("print()\n")
    for name, text in files.items():
        (root / name.replace("_", ".")).write_text(text)
    workspace = open_workspace(root)
    plan = make_plan(workspace, inspect(workspace), Selection(only=frozenset({"slim-base"})))
    return next((step.proposal for step in plan.steps if step.proposal.rule == "slim-base"), None)


def first_line(proposal: Proposal | None) -> str:
    assert proposal is not None
    content = proposal.edits["Dockerfile"]
    assert content is not None
    return content.decode().splitlines()[0]


@pytest.mark.parametrize(
    ("full", "slim"),
    [
        ("python", "python:slim"),
        ("python:latest", "python:slim"),
        ("python:3", "python:3-slim"),
        ("python:bookworm", "python:slim-bookworm"),
        ("python:3.13.0rc1-trixie", "python:3.13.0rc1-slim-trixie"),
        ("library/python:3.9-bullseye", "library/python:3.9-slim-bullseye"),
        ("mirror.example.com/docker/library/python:3.12", "mirror.example.com/docker/library/python:3.12-slim"),
    ],
)
def test_the_slim_variant_is_of_the_same_version_and_release(tmp_path: Path, full: str, slim: str) -> None:
    assert first_line(proposed(tmp_path, f"FROM {full}\n{COMMAND}")) == f"FROM {slim}"


@pytest.mark.parametrize(
    "image",
    ["python:3.11-alpine", "python:3.11-slim", "python:3.11-windowsservercore", "registry.example.com/team/python:3.11",
     "pypy:3.10", "node:20"],
)  # fmt: skip
def test_other_images_are_left_alone(tmp_path: Path, image: str) -> None:
    assert proposed(tmp_path, f"FROM {image}\n{COMMAND}") is None


def test_it_always_waits_for_a_review(tmp_path: Path) -> None:
    proposal = proposed(tmp_path, f"FROM python:3.11\n{COMMAND}")
    assert proposal is not None
    assert (proposal.safety, proposal.disputed) == ("review", False)


@pytest.mark.parametrize(
    ("middle", "said"),
    [
        ("RUN pip install some-company-tools\n", "some-company-tools"),
        ("COPY --from=mwader/static-ffmpeg /ffmpeg /usr/local/bin/\n", "What line 2 copies"),
        ("RUN conda install numpy\n", "the packages of `conda install`"),
    ],
)
def test_what_is_not_known_is_said(tmp_path: Path, middle: str, said: str) -> None:
    proposal = proposed(tmp_path, f"FROM python:3.11\n{middle}{COMMAND}")
    assert proposal is not None
    assert said in proposal.risk.replace("\N{INVISIBLE SEPARATOR}", "")
    assert proposal.disputed


def test_a_version_that_a_caller_gives_is_named(tmp_path: Path) -> None:
    compose = "services:\n  web:\n    build:\n      context: .\n      args:\n        VERSION: '3.12'\n"
    proposal = proposed(tmp_path, f"ARG VERSION=3.11\nFROM python:$VERSION\n{COMMAND}", compose_yml=compose)
    assert proposal is not None
    assert "compose.yml" in proposal.risk
    assert proposal.disputed
