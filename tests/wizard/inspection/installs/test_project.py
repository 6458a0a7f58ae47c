"""What an install of uv, Poetry or Pipenv reads of its project, where the files around it decide."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.dockerfile.scanner import parse
from wizard.inspection.installs.pip import ManifestsOf
from wizard.inspection.installs.project import python_project_of
from wizard.inspection.steps import read_steps
from wizard.workspace import Workspace

HEAD = "FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\n"
PROJECT = '[project]\nname = "shop"\nversion = "1.0"\ndependencies = ["click"]\n'
BUILT = PROJECT + '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
LOCK = 'version = 1\n\n[[package]]\nname = "shop"\nversion = "1.0"\nsource = { editable = "." }\n'
FILES = {
    "pyproject.toml": BUILT,
    "uv.lock": LOCK,
    "poetry.lock": "package = []\n",
    "Pipfile": '[packages]\nclick = "*"\n',
    "Pipfile.lock": '{"default": {}}',
}


def read(root: Path, run: str, head: str = HEAD, **files: str) -> ManifestsOf:
    for name, text in {**FILES, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    document = parse(f"{head}RUN {run}\n".encode(), "Dockerfile")
    stage = document.stages[-1]
    return python_project_of(Workspace(root), document, stage, read_steps(document, stage)[-1])


@pytest.mark.parametrize(
    ("run", "manifest", "added"),
    [
        ("uv sync", BUILT, [" --no-install-project"]),
        ("uv sync --locked", BUILT, [" --no-install-project"]),
        ("uv sync --frozen --no-install-project", BUILT, []),
        ("uv sync", PROJECT, [" --frozen"]),
        ("uv sync --locked", PROJECT, []),
        ("uv sync", BUILT.replace('version = "1.0"', 'dynamic = ["version"]'), [" --frozen --no-install-project"]),
        ("uv sync", PROJECT + "[tool.uv]\npackage = true\n", [" --no-install-project"]),
        ("uv sync", BUILT + "[tool.uv]\npackage = false\n", [" --frozen"]),
        ("uv sync", BUILT + '[tool.uv.workspace]\nmembers = ["libs/*"]\n', [" --frozen --no-install-workspace"]),
        ("poetry install", BUILT, [" --no-root"]),
        ("poetry install --no-root", BUILT, []),
        ("poetry install", BUILT + "[tool.poetry]\npackage-mode = false\n", []),
    ],
)
def test_what_makes_it_install_only_what_the_project_depends_on(
    tmp_path: Path, run: str, manifest: str, added: list[str]
) -> None:
    found = read(tmp_path, run, **{"pyproject.toml": manifest})
    assert found.because is None
    assert [edit.text for edit in found.apart] == added


def test_a_check_of_the_lock_becomes_the_lock_alone_where_it_would_need_the_sources(tmp_path: Path) -> None:
    manifest = BUILT.replace('version = "1.0"', 'dynamic = ["version"]')
    found = read(tmp_path, "uv sync --locked", **{"pyproject.toml": manifest})
    assert [edit.text for edit in found.apart] == [" --no-install-project", "--frozen"]


@pytest.mark.parametrize(
    ("run", "name", "text", "because"),
    [
        ("uv sync", "pyproject.toml", "[project\n", "pyproject.toml cannot be read as TOML"),
        ("uv sync", "uv.toml", 'find-links = ["wheels"]\n', "uv.toml takes packages from wheels"),
        (
            "uv sync",
            "uv.lock",
            LOCK + '\n[[package]]\nname = "a"\nsource = { registry = "wheels" }\n',
            "a local folder",
        ),
        ("uv sync", "pyproject.toml", BUILT.replace('"click"', '"a @ file:///app/a"'), "the local path file:///app/a"),
        ("poetry install", "pyproject.toml", BUILT + '[tool.poetry.requires-plugins]\na = "*"\n', "asks for plugins"),
        (
            "poetry install",
            "pyproject.toml",
            BUILT + '[tool.poetry.dependencies]\na = { path = "a" }\n',
            "local path a",
        ),
        ("pipenv sync", "Pipfile.lock", "{", "Pipfile.lock cannot be read as JSON"),
        ("pipenv sync", "Pipfile", '[packages]\na = { file = "a.whl" }\n', "the local path a.whl"),
    ],
)
def test_files_that_name_more_files_are_refused(tmp_path: Path, run: str, name: str, text: str, because: str) -> None:
    assert because in (read(tmp_path, run, **{name: text}).because or "")


@pytest.mark.parametrize(
    ("head", "run"),
    [
        ("ENV UV_CONFIG_FILE=/app/own.toml\n", "uv sync"),
        ("ARG UV_WORKING_DIR\n", "uv sync"),
        ("", "UV_ENV_FILE=a uv sync"),
        ("", "export UV_PROJECT_ENVIRONMENT=/opt/venv && uv sync"),
        ("ARG FOLDER\nENV UV_PROJECT_ENVIRONMENT=$FOLDER\n", "uv sync"),
        ("ENV POETRY_CERTIFICATES_A_CERT=a.pem\n", "poetry install"),
        ("USER shop\n", "poetry install"),
        ("", "uv sync --project service"),
        ("", "uv sync --python ./python"),
        ("", "sudo uv sync"),
    ],
)
def test_what_the_command_is_run_with_may_name_more_files(tmp_path: Path, head: str, run: str) -> None:
    assert read(tmp_path, run, HEAD + head).because is not None


def test_a_user_may_install_into_an_environment_that_is_not_among_the_sources(tmp_path: Path) -> None:
    head = f"{HEAD}ENV UV_PROJECT_ENVIRONMENT=/opt/venv\nUSER shop\n"
    found = read(tmp_path, "uv sync", head)
    assert found.because is None
    assert found.makes == ("/app/.venv", "/opt/venv")


@pytest.mark.parametrize("run", ["pipenv install --deploy", "pipenv sync", "pipenv install --ignore-pipfile"])
def test_a_lock_that_stays_needs_nobody_to_judge(tmp_path: Path, run: str) -> None:
    assert read(tmp_path, run).undecided is None


def test_a_lock_that_may_be_written_anew_is_for_a_person_to_judge(tmp_path: Path) -> None:
    assert "writes a new lock" in (read(tmp_path, "pipenv install").undecided or "")
