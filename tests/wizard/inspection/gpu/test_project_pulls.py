"""How torch comes into a project of uv, Poetry, PDM or Pipenv, and what is written or said about it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from wizard.assets import knowledge
from wizard.dockerfile.scanner import parse
from wizard.inspection.gpu.project_edits import too_old
from wizard.inspection.gpu.project_pulls import project_pulls
from wizard.inspection.gpu.uv_project import cpu_pyproject, obstacle
from wizard.inspection.gpu.ways_out import brought_by, way_out
from wizard.workspace import Workspace

INDEX = "https://download.pytorch.org/whl/cpu"
UV_LOCK = """\
version = 1
[[package]]
name = "app"
source = { editable = "." }
dependencies = [{ name = "embedder" }, { name = "screen", marker = "sys_platform == 'darwin'" }]
[package.optional-dependencies]
ml = [{ name = "torch" }]
[[package]]
name = "embedder"
version = "1.0"
[[package]]
name = "screen"
version = "1.0"
dependencies = [{ name = "torch" }]
[[package]]
name = "torch"
version = "2.5.1"
"""


def pulls(folder: Path, run: str, **files: str):
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    names = " ".join(sorted(name.replace("__", ".") for name in files))
    dockerfile = f"FROM python:3.11\nWORKDIR /app\nCOPY {names} ./\nRUN {run}\n"
    (folder / "Dockerfile").write_text(dockerfile)
    document = parse(dockerfile.encode(), "Dockerfile")
    return project_pulls(Workspace(folder), document, document.stages[0], knowledge("gpu_packages")["torch"])


def project(*dependencies: str) -> str:
    return f'[project]\nname = "app"\nversion = "1"\ndependencies = {list(dependencies)}\n'


def test_the_lock_decides_and_only_what_linux_reaches_counts(tmp_path):
    files = {"pyproject__toml": project("embedder"), "uv__lock": UV_LOCK}
    assert pulls(tmp_path, "uv sync --frozen", **files) == ()
    (pull,) = pulls(tmp_path, "uv sync --frozen --extra ml", **files)
    assert pull.members == {"torch": "2.5.1"}
    assert pull.direct == frozenset()
    assert pull.how == "uv.lock"


def test_without_a_lock_the_catalogue_tells_and_is_named(tmp_path):
    (pull,) = pulls(tmp_path, "uv sync", pyproject__toml=project("easyocr"))
    assert brought_by(pull) == "uv installs torch and torchvision from the usual index (catalogue)"
    assert set(pull.members) == {"torch", "torchvision"}


@pytest.mark.parametrize(
    "run", ["uv sync --project other", "uv pip install flask", "poetry add flask", "uv tool install ruff"]
)
def test_installs_of_something_else_are_left_alone(tmp_path, run):
    assert pulls(tmp_path, run, pyproject__toml=project("torch")) == ()


@pytest.mark.parametrize("lock", ["not a lock", "package = 3", '[[package]]\nversion = "1"\n'])
def test_a_lock_of_another_shape_says_nothing(tmp_path, lock):
    assert pulls(tmp_path, "uv sync", pyproject__toml=project("torch"), uv__lock=lock) == ()


def test_the_way_out_of_poetry_names_the_locked_versions(tmp_path):
    lock = '[[package]]\nname = "torch"\nversion = "2.5.1"\n[[package]]\nname = "torchvision"\nversion = "0.20.1"\n'
    pyproject = '[tool.poetry.dependencies]\ntorch = "^2.5"\ntorchvision = "*"\n'
    (pull,) = pulls(tmp_path, "poetry install", pyproject__toml=pyproject, poetry__lock=lock)
    assert "poetry add --source pytorch-cpu torch==2.5.1 torchvision==0.20.1" in way_out(pull, INDEX)


def test_the_way_out_of_uv_holds_as_it_is_written(tmp_path):
    (pull,) = pulls(
        tmp_path,
        "uv sync",
        pyproject__toml=project("embedder", "timm"),
        uv__lock=UV_LOCK.replace("screen", "timm").replace("darwin", "linux"),
    )
    assert '[tool.uv.sources] with torch = { index = "pytorch-cpu" } to pyproject.toml, torch to its' in way_out(
        pull, INDEX
    )


def test_the_manifest_binds_the_family_and_keeps_what_was_there():
    text = project("timm") + "# a remark\n\n[tool.ruff]\nline-length = 100\n"
    result = cpu_pyproject(text, {"torch": None, "torchvision": None}, frozenset({"torch"}), INDEX)
    data = tomllib.loads(result)
    assert data["project"]["dependencies"] == ["timm", "torchvision"]
    assert data["tool"]["uv"]["index"] == [{"name": "pytorch-cpu", "url": INDEX, "explicit": True}]
    assert set(data["tool"]["uv"]["sources"]) == {"torch", "torchvision"}
    assert data["tool"]["ruff"] == {"line-length": 100}
    assert "# a remark" in result


@pytest.mark.parametrize(
    ("more", "because"),
    [
        ('[tool.uv.sources]\ntorch = { git = "https://example.org/t" }\n', "binds torch to a source"),
        ('[tool.uv.sources]\nlib = { path = "../lib" }\n', "local path"),
        ("[tool.uv.sources]\nlib = { workspace = true }\n", "workspace"),
        ('[tool.uv.workspace]\nmembers = ["a"]\n', "workspace"),
    ],
)
def test_what_stands_in_the_way_of_an_edit(more, because):
    assert because in (obstacle(project("torch") + more, {"torch": None}) or "")


def test_a_project_without_a_list_of_dependencies_is_not_edited():
    assert obstacle('[project]\nname = "app"\ndynamic = ["dependencies"]\n', {"torch": None}) is not None
    assert obstacle(project("torch"), {"torch": None}) is None


@pytest.mark.parametrize(
    ("line", "old"),
    [
        ("RUN pip install uv==0.4.22", True),
        ("COPY --from=ghcr.io/astral-sh/uv:0.3.5 /uv /bin/", True),
        ("RUN pip install uv==0.4.23", False),
        ("RUN pip install uv==1.0", False),
        ("COPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/", False),
        ("COPY --from=ghcr.io/astral-sh/uv:0.4 /uv /bin/", False),
        ("RUN pip install poetry==1.4.2", True),
        ("ENV POETRY_VERSION=1.4.2", True),
        ("ARG POETRY_VERSION=1.8.5", False),
        ("RUN pip install pdm==2.9.3", True),
        ("RUN pip install pipenv==2020.8.13", False),
    ],
)
def test_a_manager_that_binds_no_package_to_an_index(line, old):
    found = [manager for manager in ("uv", "poetry", "pdm", "pipenv") if too_old(manager, line) is not None]
    assert bool(found) is old
