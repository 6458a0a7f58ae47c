"""Which packages an install brings for development, and what the project asks for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wizard.dockerfile.scanner import parse
from wizard.inspection.installs.asked import Asked, asked_by
from wizard.inspection.installs.development import Development, development_of
from wizard.inspection.installs.development_files import is_called_so
from wizard.inspection.steps import read_steps
from wizard.workspace import open_workspace


def write(root: Path, dockerfile: str, files: dict[str, str]) -> None:
    (root / "Dockerfile").write_text(dockerfile)
    for name, text in files.items():
        (root / name).write_text(text)


def brought(root: Path, dockerfile: str, files: dict[str, str]) -> Development | None:
    """Of the first install of the file."""
    write(root, dockerfile, files)
    document = parse(dockerfile.encode(), "Dockerfile")
    stage = document.stages[0]
    reading = next(one for one in read_steps(document, stage) if one.installs)
    return development_of(open_workspace(root), document, stage, reading, reading.installs[0])


def asked(root: Path, run: str, files: dict[str, str]) -> Asked:
    write(root, f"FROM python:3.11\nRUN {run}\n", files)
    document = parse((root / "Dockerfile").read_bytes(), "Dockerfile")
    reading = read_steps(document, document.stages[0])[1]
    return asked_by(open_workspace(root), reading.installs[0])


PACKAGE = json.dumps({"dependencies": {"ms": "1"}, "devDependencies": {"jest": "1", "ms": "1"}})


@pytest.mark.parametrize(
    ("image", "run", "option"),
    [
        ("node:22", "npm ci", "--omit=dev"),
        ("node:lts-slim", "npm install", "--omit=dev"),
        ("node:14", "npm install", "--production"),
        ("node:12-alpine", "npm ci", "--only=production"),
        ("node:20", "pnpm install --frozen-lockfile", "--prod"),
        ("node:20", "yarn --frozen-lockfile", "--production"),
    ],
)
def test_the_option_is_that_of_the_manager_and_its_version(tmp_path: Path, image: str, run: str, option: str) -> None:
    found = brought(tmp_path, f"FROM {image}\nWORKDIR /app\nCOPY . .\nRUN {run}\n", {"package.json": PACKAGE})
    assert found == Development("package.json", ("jest",), option)


@pytest.mark.parametrize(
    "steps",
    [
        "RUN npm ci --omit=dev",
        "RUN NODE_ENV=production npm ci",
        "ARG NODE_ENV\nRUN npm ci",
        "ENV NODE_ENV=production\nRUN npm ci",
        "RUN npm install express",
        "RUN npm install -g typescript",
    ],
)
def test_a_choice_that_was_made_stays(tmp_path: Path, steps: str) -> None:
    assert brought(tmp_path, f"FROM node:22\nWORKDIR /app\nCOPY . .\n{steps}\n", {"package.json": PACKAGE}) is None


@pytest.mark.parametrize(
    ("groups", "option"),
    [
        ('[tool.poetry.group.dev.dependencies]\npytest = "*"\n', "--only main"),
        (
            '[tool.poetry.group.dev.dependencies]\npytest = "*"\n[tool.poetry.group.prod.dependencies]\nsix = "*"\n',
            "--without dev",
        ),
        ('[tool.poetry.dev-dependencies]\npytest = "*"\n', "--only main"),
    ],
)
def test_groups_of_poetry_by_their_names(tmp_path: Path, groups: str, option: str) -> None:
    dockerfile = "FROM python:3.11\nWORKDIR /app\nCOPY . .\nRUN poetry install\n"
    found = brought(tmp_path, dockerfile, {"pyproject.toml": groups})
    assert found == Development("pyproject.toml", ("pytest",), option)


def test_an_optional_group_is_not_installed_today(tmp_path: Path) -> None:
    groups = '[tool.poetry.group.dev]\noptional = true\n[tool.poetry.group.dev.dependencies]\npytest = "*"\n'
    dockerfile = "FROM python:3.11\nWORKDIR /app\nCOPY . .\nRUN poetry install\n"
    assert brought(tmp_path, dockerfile, {"pyproject.toml": groups}) is None


@pytest.mark.parametrize(
    ("name", "is_so"),
    [
        ("requirements-dev.txt", True),
        ("dev_requirements.txt", True),
        ("requirements/test.txt", True),
        ("requirements.txt", False),
        ("requirements/prod.txt", False),
        ("/dev/requirements.txt", False),
        ("device-requirements.txt", False),
    ],
)
def test_requirements_files_that_are_called_after_development(name: str, is_so: bool) -> None:
    assert is_called_so(name) == is_so


def test_what_an_install_asks_for_is_read_from_the_lock(tmp_path: Path) -> None:
    lock = (
        '[[package]]\nname = "six"\nversion = "1"\n[[package]]\nname = "own"\nsource = { editable = "." }\n'
        '[[package]]\nname = "tools"\nsource = { git = "https://example.com/tools.git?rev=1" }\n'
    )
    found = asked(tmp_path, "uv sync --frozen", {"uv.lock": lock})
    assert [(one.name, one.url) for one in found.requirements] == [
        ("six", None),
        ("tools", "git+https://example.com/tools.git?rev=1"),
    ]
    assert (found.projects, found.unread) == ((".",), ())


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    assert asked(tmp_path, "pip install -r missing.txt six", {}).unread == ("missing.txt",)
    assert asked(tmp_path, "poetry install", {"poetry.lock": "not toml ["}).unread == (
        "the packages of `poetry install`",
    )


def test_a_project_asks_for_what_pyproject_lists(tmp_path: Path) -> None:
    found = asked(tmp_path, "pip install .", {"pyproject.toml": '[project]\nname = "a"\ndependencies = ["six>=1"]\n'})
    assert [one.name for one in found.requirements] == ["six"]
    assert found.projects == (".",)
