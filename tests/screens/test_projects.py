"""`undo PATH` and `report PATH` in a repository of several projects."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from screens.cli import main
from tests.wizard.compare.examples import comparison
from wizard.compare.last import save_last
from wizard.state import state_folder

DOCKERFILE = "FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD python app.py\n"


@pytest.fixture
def projects(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    (root / ".git").mkdir(parents=True)
    for name in ("api", "web", "docs"):
        (root / name).mkdir()
        if name != "docs":
            (root / name / "Dockerfile").write_text(DOCKERFILE)
            (root / name / "requirements.txt").write_text("flask==3.0.0\n")
            (root / name / "app.py").write_text("import flask\n")
    return root


def test_undo_is_of_the_project_that_path_names(projects: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("api", "web"):
        assert main(["apply", "--yes", str(projects / name)]) == 0
        assert f"Undo with: dockwiz undo {projects / name} --yes" in capsys.readouterr().out
    assert main(["undo", "--yes", str(projects)]) == 2
    assert "holds several projects that dockwiz worked on, api and web" in capsys.readouterr().err
    assert main(["undo", "--yes", str(projects / "docs")]) == 0
    assert "It has in api and web, below" in capsys.readouterr().out
    assert main(["undo", str(projects / "api")]) == 2
    assert "would put back api/.dockerignore, api/Dockerfile: nothing was written" in capsys.readouterr().err
    assert main(["undo", "--yes", str(projects / "api")]) == 0
    assert (projects / "api" / "Dockerfile").read_text() == DOCKERFILE
    assert (projects / "web" / "Dockerfile").read_text() != DOCKERFILE


def test_undo_around_one_project_says_whose_files_it_puts_back(
    projects: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["apply", "--yes", str(projects / "api")]) == 0
    (projects / "api" / ".dockerignore").unlink()
    assert main(["apply", "--yes", str(projects / "api")]) == 0
    capsys.readouterr()
    assert main(["undo", str(projects)]) == 2
    assert "would put back api/.dockerignore (applied for api)" in capsys.readouterr().err
    assert main(["undo", "--yes", str(projects)]) == 0
    assert capsys.readouterr().out == (
        "Put back api/.dockerignore (applied for api).\nOnce more takes back the apply before it.\n"
    )


def test_report_is_of_the_project_that_path_names(projects: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = state_folder(projects)
    save_last(replace(comparison(), id="of-api"), state, "api", "api/Dockerfile")
    assert main(["report", "--format", "json", str(projects)]) == 0
    found = capsys.readouterr()
    assert '"id": "of-api"' in found.out
    assert found.err == "dockwiz: the comparison for api\n"
    save_last(replace(comparison(), id="of-web"), state, "web", "web/Dockerfile")
    assert main(["report", "--format", "json", str(projects / "api")]) == 0
    assert '"id": "of-api"' in capsys.readouterr().out
    assert main(["report", str(projects)]) == 2
    assert "holds several projects" in capsys.readouterr().err
    assert main(["report", str(projects / "docs")]) == 2
    assert "nothing was compared here yet" in capsys.readouterr().err
