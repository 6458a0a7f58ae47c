"""The whole inspection, its JSON, and what it must not load."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from wizard.dockerfile.scanner import parse
from wizard.errors import DockwizError
from wizard.inspection import inspect
from wizard.inspection.ecosystems import find_ecosystems
from wizard.inspection.files import list_files
from wizard.inspection.view_json import inspection_json

DOCKERFILE = "ARG V=3.11\nFROM python:$V-slim AS base\nCOPY . .\nrun pip install \\\n  -r requirements.txt\n"


def test_json_of_an_inspection(repo):
    workspace = repo(
        {"svc/Dockerfile": DOCKERFILE, "svc/requirements.txt": "flask\n", "Makefile": "x:\n\tdocker build svc\n"},
        context="svc",
    )
    found = inspect(workspace, no_engine="no engine answers", with_paths=True)
    document = parse(DOCKERFILE.encode(), "svc/Dockerfile")
    value = json.loads(json.dumps(inspection_json(workspace, found, document, with_paths=True)))
    assert (value["schema"], value["root"]) == ("dockwiz.inspect/1", "..")
    assert value["dockerfile"] == {
        "path": "svc/Dockerfile",
        "stages": [{"name": "base", "base": "python:$V-slim", "start_line": 2, "end_line": 5}],
        "instructions": [
            {"keyword": "ARG", "start_line": 1, "end_line": 1, "stage": None},
            {"keyword": "FROM", "start_line": 2, "end_line": 2, "stage": 0},
            {"keyword": "COPY", "start_line": 3, "end_line": 3, "stage": 0},
            {"keyword": "RUN", "start_line": 4, "end_line": 5, "stage": 0},
        ],
    }
    assert value["context"]["paths"] == ["Dockerfile", "requirements.txt"]
    assert value["ecosystems"][0]["manifests"] == ["svc/requirements.txt"]
    assert value["callers"][0]["path"] == "Makefile"
    assert (value["gpu"]["verdict"], value["engine"], value["no_engine"]) == ("none", None, "no engine answers")


def test_paths_are_listed_only_when_asked_for(repo):
    workspace = repo({"Dockerfile": DOCKERFILE})
    value = inspection_json(workspace, inspect(workspace), parse(DOCKERFILE.encode()))
    assert "paths" not in value["context"]


def test_a_dockerfile_that_buildkit_refuses_is_bad_input_with_its_line(repo):
    with pytest.raises(DockwizError, match="Dockerfile:2"):
        inspect(repo({"Dockerfile": "FROM a\nNOPE\n"}))


def test_other_ecosystems_are_known_by_their_files(repo):
    workspace = repo({"web/package.json": "{}", "web/pnpm-lock.yaml": "", "go.mod": "", "App.csproj": ""})
    found = {ecosystem.name: ecosystem.manager for ecosystem in find_ecosystems(workspace, None, list_files(workspace))}
    assert found == {"node": "pnpm", "go": "go", "dotnet": "dotnet"}


def test_loads_nothing_heavy_for_a_repo_that_does_not_need_it(repo):
    workspace = repo({"Dockerfile": DOCKERFILE, "requirements.txt": "flask==3.0\nboto3>=1,<2\n", "app.py": "x = 1\n"})
    code = (
        "import sys, pathlib\nfrom wizard.workspace import open_workspace\nfrom wizard.inspection import inspect\n"
        f"inspect(open_workspace(pathlib.Path({str(workspace.root)!r})))\n"
        "print([m for m in ('packaging', 'ruamel', 'textual', 'docker', 'requests', 'jinja2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
