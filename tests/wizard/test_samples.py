"""Bundled samples: laid out like a repository that somebody works in, the same every time, and they really run."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.conftest import Engine
from wizard.assets import assets_folder
from wizard.errors import BadInput
from wizard.samples import lay_out, sample_names

COMPILERS = ("gcc", "g++", "python3-dev", "curl", "tesseract-ocr", "tesseract-ocr-eng")


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True, text=True).stdout


def contents(folder: Path) -> dict[str, str]:
    """Digest of every file below a folder but git's own (whose index holds times)."""
    files = [path for path in folder.rglob("*") if path.is_file() and ".git" not in path.relative_to(folder).parts]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_both_samples_are_bundled() -> None:
    assert sample_names() == ("flask-ocr", "flask-torch")


@pytest.mark.parametrize("name", ["flask-ocr", "flask-torch"])
def test_a_sample_is_the_reference_case_as_a_person_wrote_it(name: str) -> None:
    folder = assets_folder() / "samples" / name
    dockerfile = (folder / "Dockerfile").read_text()
    assert dockerfile.index("COPY . .") < dockerfile.index("apt-get install") < dockerfile.index("pip install")
    assert all(f"    {package}" in dockerfile for package in COMPILERS)
    assert "CMD curl -f http://localhost:5000/health" in dockerfile
    assert not (folder / ".dockerignore").exists()


def test_no_bundled_file_is_large() -> None:
    files = [path for path in (assets_folder() / "samples").rglob("*") if path.is_file()]
    assert files
    assert max(path.stat().st_size for path in files) < 100_000


@pytest.mark.parametrize("name", ["flask-ocr", "flask-torch"])
def test_a_laid_out_sample_has_what_a_lived_in_repository_has(name: str, tmp_path: Path) -> None:
    folder = lay_out(name, tmp_path / name)
    for path in (".git", ".venv/pyvenv.cfg", "__pycache__", ".pytest_cache", ".ruff_cache", "data/scans"):
        assert (folder / path).exists(), path
    data = sum(path.stat().st_size for path in (folder / "data").rglob("*") if path.is_file())
    assert 35_000_000 < data < 50_000_000
    assert git(folder, "status", "--short") == "", "caches, data and the environment are in .gitignore"


def test_the_history_changes_sources_more_often_than_dependencies(tmp_path: Path) -> None:
    folder = lay_out("flask-ocr", tmp_path / "repo")
    commits = {path: len(git(folder, "log", "--format=%h", "--", path).split()) for path in
               ("app.py", "templates/index.html", "requirements.txt", "Dockerfile")}  # fmt: skip
    assert commits == {"app.py": 7, "templates/index.html": 5, "requirements.txt": 2, "Dockerfile": 1}


def test_the_last_commit_is_the_bundled_sample(tmp_path: Path) -> None:
    folder = lay_out("flask-ocr", tmp_path / "repo")
    bundled = assets_folder() / "samples" / "flask-ocr"
    tracked = git(folder, "ls-files").split()
    assert all((folder / path).read_bytes() == (bundled / path).read_bytes() for path in tracked)
    assert {"Dockerfile", ".gitignore", "app.py", "tests/test_app.py"} <= set(tracked)


def test_two_copies_are_alike(tmp_path: Path) -> None:
    one, two = (lay_out("flask-ocr", tmp_path / place) for place in ("one", "two"))
    assert git(one, "rev-parse", "HEAD") == git(two, "rev-parse", "HEAD")
    differing = set(contents(one).items()) ^ set(contents(two).items())
    own_place = {".venv/bin/activate"}
    assert {path for path, _ in differing} == own_place, "a virtual environment names the place it is in"


def test_a_person_s_git_configuration_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "pre-commit").write_text("#!/bin/sh\nexit 1\n")
    (hooks / "pre-commit").chmod(0o755)
    (tmp_path / "gitconfig").write_text(f"[core]\n\thooksPath = {hooks}\n[commit]\n\tgpgsign = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    folder = lay_out("flask-ocr", tmp_path / "repo")
    assert (folder / ".git" / "HEAD").is_file()
    assert not (tmp_path / "elsewhere").exists()


def test_an_unknown_sample_is_refused_with_the_names_there_are(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="flask-ocr, flask-torch"):
        lay_out("django", tmp_path / "repo")


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(BadInput, match="is not empty"):
        lay_out("flask-ocr", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_without_git_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadInput, match="git is needed"):
        lay_out("flask-ocr", tmp_path / "repo")


def answer(address: str, seconds: float = 60) -> bytes:
    """What a page answers, as soon as it does."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urlopen(address, timeout=10) as response:
                return bytes(response.read())
        except (URLError, ConnectionError):
            assert time.monotonic() < deadline, f"{address} does not answer"
            time.sleep(0.2)


@pytest.mark.engine
@pytest.mark.parametrize(
    ("name", "says"),
    [("flask-ocr", "Harbour Books"), pytest.param("flask-torch", "Heating contract", marks=pytest.mark.full)],
)
def test_a_sample_builds_passes_its_own_tests_and_answers(engine: Engine, name: str, says: str, tmp_path: Path) -> None:
    folder = lay_out(name, tmp_path / name)
    tag = f"dockwiz-test-{name}-{os.getpid()}"
    engine.docker("build", "--tag", tag, folder, timeout=1800)
    container = engine.docker("run", "--detach", "--publish", "127.0.0.1::5000", tag).strip()
    try:
        address = "http://" + engine.docker("port", container, "5000").split()[0]
        assert json.loads(answer(f"{address}/health"))["status"] == "ok"
        assert says in answer(f"{address}/").decode()
        engine.docker("exec", container, "curl", "-fsS", "http://localhost:5000/health")
        install = "pip install -q --root-user-action=ignore pytest && pytest -q"
        assert "passed" in engine.docker("exec", container, "sh", "-c", install)
    finally:
        engine.docker("rm", "--force", container)
        engine.docker("image", "rm", tag)
