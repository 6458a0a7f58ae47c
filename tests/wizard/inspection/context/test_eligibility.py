"""Why a path is in the build context, or is not, down to the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Engine
from wizard.errors import BadInput
from wizard.inspection import inspect
from wizard.inspection.context.eligibility import explain_path, in_words
from wizard.inspection.context.measure import measure_context
from wizard.workspace import open_workspace

IGNORE = "# not for the image\n\ndata\n*.log\n!keep.log\n!data/seed.sql\n"
FILES = {
    "Dockerfile": "FROM a\n", ".dockerignore": IGNORE, "app.py": "", "a.log": "", "keep.log": "",
    "data/big.bin": "", "data/seed.sql": "", "sub/a.log": "",
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("app.py", "app.py is in the build context: no pattern of .dockerignore matches it"),
        ("./sub/../app.py", "app.py is in the build context: no pattern of .dockerignore matches it"),
        ("a.log", "a.log is kept out of the build context: .dockerignore:4 `*.log` matches it"),
        ("sub/a.log", "sub/a.log is in the build context: no pattern of .dockerignore matches it"),
        ("keep.log", "keep.log is in the build context: .dockerignore:5 `!keep.log` lets it in again"),
        (
            "data/big.bin",
            "data/big.bin is kept out of the build context: .dockerignore:3 `data` matches data, where it lies",
        ),
        (
            "data/seed.sql",
            "data/seed.sql is in the build context: .dockerignore:6 `!data/seed.sql` lets it in again",
        ),
        (
            "data",
            "data is kept out of the build context: .dockerignore:3 `data` matches it; what an exception names below "
            "it is still sent",
        ),
        ("no.log", "no.log is not there; a file of that name would be kept out: .dockerignore:4 `*.log` matches it"),
        (
            "no.txt",
            "no.txt is not there; a file of that name would be in the context: no pattern of .dockerignore matches it",
        ),
    ],
)
def test_the_deciding_line_is_named(repo, path: str, words: str) -> None:
    assert in_words(explain_path(repo(FILES), "Dockerfile", path)) == words


def test_every_file_is_explained_as_the_walk_decides(repo) -> None:
    workspace = repo(FILES)
    eligible = set(measure_context(workspace, "Dockerfile", with_paths=True).paths)
    assert {path for path in FILES if explain_path(workspace, "Dockerfile", path).eligible} == eligible


def test_without_an_ignore_file_everything_is_sent(repo) -> None:
    found = explain_path(repo({"Dockerfile": "", "a": ""}), "Dockerfile", "a")
    assert in_words(found) == "a is in the build context: there is no .dockerignore"


def test_the_context_may_be_a_folder_of_the_repo(repo) -> None:
    workspace = repo({"svc/Dockerfile": "", "svc/.dockerignore": "a\n", "svc/a": "", "b": ""}, context="svc")
    found = explain_path(workspace, "svc/Dockerfile", "a")
    assert (found.eligible, found.ignore_file, found.line) == (False, "svc/.dockerignore", 1)
    with pytest.raises(BadInput, match="outside of the build context"):
        explain_path(workspace, "svc/Dockerfile", "../b")
    with pytest.raises(BadInput, match="the build context itself"):
        explain_path(workspace, "svc/Dockerfile", ".")


def test_nothing_behind_a_link_is_sent(repo) -> None:
    workspace = repo({"Dockerfile": "", "real/a": ""})
    (workspace.root / "link").symlink_to("real")
    assert explain_path(workspace, "Dockerfile", "link").eligible
    found = explain_path(workspace, "Dockerfile", "link/a")
    assert in_words(found) == ("link/a is not in the build context: link is a link, which is sent as a link only")


COMPOSE = """services:
  web:
    build:
      context: svc
      additional_contexts:
        shared: ../shared
        base: docker-image://python:3.11-slim
  job:
    build:
      context: .
      additional_contexts:
        - shared=shared
"""


def test_named_contexts_are_measured_with_their_own_ignore_file(repo) -> None:
    workspace = repo({
        "Dockerfile": "FROM a\n", "deploy/compose.yaml": COMPOSE, "shared/a": "123", "shared/b.log": "1",
        "shared/.dockerignore": "*.log\n", "build.sh": "docker build --build-context tools=shared .\n",
        "docker-bake.hcl": 'target "x" {\n  contexts = { lib = "shared", up = "target:y" }\n}\n',
    })  # fmt: skip
    found = inspect(workspace, with_history=False).named_contexts
    assert {(one.name, one.where, one.files, one.bytes) for one in found} == {
        ("shared", "shared", 2, 9),
        ("base", "docker-image://python:3.11-slim", None, None),
        ("shared", "deploy/shared", None, None),
        ("tools", "shared", 2, 9),
        ("lib", "shared", 2, 9),
        ("up", "target:y", None, None),
    }
    assert {one.named_by for one in found} == {
        "deploy/compose.yaml:3", "deploy/compose.yaml:9", "build.sh:1", "docker-bake.hcl:1"
    }  # fmt: skip


@pytest.mark.engine
@pytest.mark.parametrize(
    ("dockerfile", "ignores"),
    [
        ("Dockerfile", {".dockerignore": "a\n", "Dockerfile.dockerignore": "b\n"}),
        ("Dockerfile", {".dockerignore": "a\n", "Dockerfile.dockerignore": ""}),
        ("Dockerfile", {".dockerignore": "a\n", "dockerfile.dockerignore": "b\n"}),
        ("Dockerfile", {"sub/.dockerignore": "*\n"}),
        ("dockerfile", {"dockerfile.dockerignore": "a\n", "Dockerfile.dockerignore": "b\n"}),
        ("dockerfile", {"Dockerfile.dockerignore": "b\n", ".dockerignore": "a\n"}),
        ("sub/Dockerfile", {"sub/Dockerfile.dockerignore": "a\n", "Dockerfile.dockerignore": "b\n"}),
        ("sub/web.Dockerfile", {"sub/web.Dockerfile.dockerignore": "b\n", ".dockerignore": "a\n"}),
        ("Dockerfile", {".dockerignore": "\ufeffa\r\n  sub/  \r\n"}),
    ],
)
def test_the_engine_heeds_the_ignore_file_that_we_name(
    engine: Engine, tmp_path: Path, dockerfile: str, ignores: dict[str, str]
) -> None:
    root, out = tmp_path / "repo", tmp_path / "out"
    for name, content in {dockerfile: "FROM scratch\nCOPY . /\n", "a": "", "b": "", "sub/c": "", **ignores}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content.encode())
    engine.docker("buildx", "build", "-f", root / dockerfile, f"--output=type=local,dest={out}", root)
    kept = tuple(sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()))
    assert measure_context(open_workspace(root), dockerfile, with_paths=True).paths == kept
