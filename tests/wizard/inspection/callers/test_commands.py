"""What a container is told to run from outside of its image."""

from __future__ import annotations

import pytest

from wizard.inspection.callers.commands import given_commands
from wizard.inspection.callers.find import find_callers
from wizard.inspection.files import list_files

COMPOSE = "services:\n  web:\n    build: .\n    command: {}\n    ports: [80]\n"


def given(workspace):
    return [one.text for one in given_commands(workspace, find_callers(workspace).callers, list_files(workspace))]


@pytest.mark.parametrize(
    "written", ["gunicorn app:app", '["gunicorn", "app:app"]', "\n      - gunicorn\n      - app:app",
                ">-\n      gunicorn\n      app:app", "\n    - gunicorn\n    # as in production\n    - app:app"],
)  # fmt: skip
def test_a_command_of_compose_however_it_is_written(repo, written):
    assert given(repo({"compose.yaml": COMPOSE.format(written)})) == ["gunicorn app:app"]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("Makefile", "test:\n\tdocker run --rm shop python -m pytest && make lint\n"),
        ("run.sh", "docker run --rm shop \\\n  python -m pytest\n"),
        (".github/workflows/a.yml", "jobs:\n  a:\n    steps:\n      - run: docker run --rm shop python -m pytest\n"),
    ],
)
def test_a_container_that_a_script_runs(repo, path, line):
    assert given(repo({path: line})) == ["--rm shop python -m pytest"]


def test_a_container_of_a_public_image_is_another_one(repo):
    assert given(repo({"run.sh": "docker run --rm debian:12 gcc a.c\n"})) == []


def test_the_compose_file_above_the_context_counts_and_that_of_another_service_does_not(repo):
    files = {"compose.yaml": COMPOSE.replace(": .", ": ./web").format("gunicorn"), "other/compose.yaml": COMPOSE}
    assert given(repo({**files, "web/Dockerfile": "FROM python\n"}, context="web")) == ["gunicorn"]


def test_a_platform_says_what_it_starts(repo):
    toml = "app = 'a'\n[deploy]\n  release_command = 'python manage.py migrate'\n"
    assert given(repo({"fly.toml": toml})) == ["python manage.py migrate"]


def test_every_container_of_a_line_and_what_it_is_told(repo):
    workspace = repo({"run.sh": "docker run shop serve && docker exec shop python -m pytest; echo done\n"})
    found = given_commands(workspace, (), list_files(workspace))
    assert [(one.key, one.text) for one in found] == [("run", "shop serve"), ("exec", "shop python -m pytest")]


def test_the_arguments_of_a_pod_and_not_those_of_a_check_before_a_commit(repo):
    pod = "kind: Pod\nspec:\n  containers:\n  - image: shop\n    args: [--port, '80']\n"
    assert given(repo({"k8s/pod.yaml": pod, ".pre-commit-config.yaml": pod})) == ["--port 80"]


def test_creating_what_a_manifest_describes_is_no_command(repo):
    assert given(repo({"run.sh": "kubectl create -f shop.yaml\n"})) == []
