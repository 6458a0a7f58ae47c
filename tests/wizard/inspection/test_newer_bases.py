"""Newer bases: which releases are past their support, and what is asked of a registry."""

from __future__ import annotations

import pytest

from wizard.assets import knowledge
from wizard.dockerfile.scanner import parse
from wizard.inspection.newer_bases import named_bases, newer_base, past_support
from wizard.inspection.questions import Answer, DigestQuestion, Question, VersionQuestion

OLD, NEW = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"


def newer(reference: str, answers: dict[Question, Answer]) -> object:
    (base,) = named_bases(parse(f"FROM {reference}\n".encode(), "Dockerfile"))
    outcome = newer_base(base, answers)
    return getattr(outcome, "whole", outcome)


def test_the_tag_of_the_minor_version_tells_the_newest_patch_release() -> None:
    asked = VersionQuestion("registry.example.com/python:3.12-alpine", "PYTHON_VERSION")
    reference = "registry.example.com/python:3.12.1-alpine"
    assert newer(reference, {}) == asked
    assert newer(reference, {asked: Answer("3.12.7")}) == "registry.example.com/python:3.12.7-alpine"
    assert newer(reference, {asked: Answer("3.12.1")}) is None
    assert newer(reference, {asked: Answer("3.11.9")}) is None
    assert newer(reference, {asked: Answer(None, "why")}) == Answer(None, "why")


def test_a_newer_patch_release_of_a_pinned_base_brings_its_digest() -> None:
    version, digest = VersionQuestion("python:3.12", "PYTHON_VERSION"), DigestQuestion("python:3.12.7")
    answers: dict[Question, Answer] = {version: Answer("3.12.7")}
    assert newer(f"python:3.12.1@{OLD}", answers) == digest
    assert newer(f"python:3.12.1@{OLD}", {**answers, digest: Answer(NEW)}) == f"python:3.12.7@{NEW}"


@pytest.mark.parametrize("reference", ["python:3.12", "python", "debian:12.1", "example/python-tool:3.12.1"])
def test_of_a_tag_without_a_patch_release_nothing_is_asked(reference: str) -> None:
    document = parse(f"FROM {reference}\n".encode(), "Dockerfile")
    assert [newer_base(base, {}) for base in named_bases(document)] in ([None], [])


@pytest.mark.parametrize("line", ["FROM scratch", "ARG V=3.12.1\nFROM python:$V", "FROM python:3.12.1 AS a\nFROM a"])
def test_a_stage_a_variable_and_scratch_are_no_named_bases(line: str) -> None:
    assert len(named_bases(parse(f"{line}\n".encode(), "Dockerfile"))) == line.count("AS a")


@pytest.mark.parametrize(
    ("reference", "past"),
    [
        ("python:3.8-slim-bookworm", ["Python 3.8 gets no security fixes since 2024-10"]),
        ("python:3.8-slim-buster", ["Python 3.8", "Debian buster"]),
        ("python:3.13-slim-trixie", []),
        ("debian:11", ["Python 3.9", "Debian bullseye"]),
    ],
)
def test_what_is_past_its_support_is_named(reference: str, past: list[str]) -> None:
    found = [clause for _, clause in past_support(parse(f"FROM {reference}\n".encode(), "Dockerfile"))]
    assert len(found) == len(past)
    assert all(clause.startswith(start) for clause, start in zip(found, past, strict=True))


def test_every_month_of_the_table_is_a_month() -> None:
    table = knowledge("support")
    months = [table["as_of"], *(m for kind in ("python", "debian") for k, m in table[kind].items() if k != "label")]
    assert all(len(month) == 7 and 1 <= int(month[5:]) <= 12 for month in months)
