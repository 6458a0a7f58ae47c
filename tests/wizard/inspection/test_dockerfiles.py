"""Finding Dockerfiles, and choosing the one that is meant."""

from __future__ import annotations

import pytest

from wizard.errors import BadInput
from wizard.inspection.dockerfiles import choose_dockerfile, find_dockerfiles, is_dockerfile_name


@pytest.mark.parametrize(
    "name",
    [
        "Dockerfile",
        "dockerfile",
        "Dockerfile.prod",
        "Dockerfile-dev",
        "web.Dockerfile",
        "x.dockerfile",
        "Containerfile",
    ],
)
def test_is_a_dockerfile(name):
    assert is_dockerfile_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "Dockerfile.dockerignore",
        "Dockerfile.bak",
        "Dockerfile~",
        "Dockerfile.j2",
        "Dockerfile.tmpl",
        "dockerfile.py",
        "Dockerfile.md",
        "MyDockerfileNotes",
        "docker-compose.yml",
    ],
)
def test_is_no_dockerfile(name):
    assert not is_dockerfile_name(name)


def test_finds_those_at_the_context_and_below_nearest_first(repo):
    workspace = repo(
        {
            "Dockerfile": "",
            "svc/b/Dockerfile.b": "",
            "svc/Dockerfile": "",
            "svc/v/pyvenv.cfg": "",
            "svc/v/Dockerfile": "",
        },
        context="svc",
    )
    assert find_dockerfiles(workspace) == ("svc/Dockerfile", "svc/b/Dockerfile.b")


def test_the_plain_one_wins(repo):
    assert choose_dockerfile(repo({"Dockerfile": "", "Dockerfile.dev": ""}), None) == "Dockerfile"


def test_a_single_one_needs_no_choice(repo):
    assert choose_dockerfile(repo({"docker/Dockerfile.prod": ""}), None) == "docker/Dockerfile.prod"


def test_several_are_listed(repo):
    with pytest.raises(BadInput, match=r"several Dockerfiles: Dockerfile.a, Dockerfile.b .*-f"):
        choose_dockerfile(repo({"Dockerfile.a": "", "Dockerfile.b": ""}), None)


def test_none_is_bad_input_with_a_hint(repo):
    with pytest.raises(BadInput, match=r"no Dockerfile here .*-f"):
        choose_dockerfile(repo({"a.txt": ""}), None)


def test_the_wanted_one_is_relative_to_the_context_and_may_lie_outside_of_it(repo):
    workspace = repo({"docker/Dockerfile": "", "svc/a.txt": ""}, context="svc")
    assert choose_dockerfile(workspace, "../docker/Dockerfile") == "docker/Dockerfile"
    assert choose_dockerfile(workspace, str(workspace.root / "docker/Dockerfile")) == "docker/Dockerfile"


@pytest.mark.parametrize("wanted", ["../../etc/passwd", "/etc/passwd", "missing", "svc"])
def test_a_wanted_one_outside_the_repo_or_missing_is_bad_input(repo, wanted):
    with pytest.raises(BadInput):
        choose_dockerfile(repo({"svc/Dockerfile": ""}), wanted)


def test_utf_16_is_bad_input_with_a_hint(repo):
    with pytest.raises(BadInput, match="UTF-16") as raised:
        choose_dockerfile(repo({"Dockerfile": "FROM scratch\n".encode("utf-16")}), None)
    assert "UTF-8" in str(raised.value)


def test_a_nul_byte_in_an_argument_is_as_good_as_any_to_the_engine(repo):
    assert choose_dockerfile(repo({"Dockerfile": b'FROM scratch\nLABEL a="\0"\n'}), None) == "Dockerfile"
