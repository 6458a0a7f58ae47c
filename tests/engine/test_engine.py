"""The engine that every other engine test relies on: its images behave as the official ones in what the rules touch."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import Engine

SCRIPT = Path(__file__).with_name("engine.py")
pytestmark = pytest.mark.engine


def build(engine: Engine, folder: Path, dockerfile: str) -> str:
    """Build a Dockerfile in `folder` and return the image's id."""
    (folder / "Dockerfile").write_text(dockerfile)
    return engine.docker("build", "--quiet", folder).strip()


def test_a_build_runs_and_its_container_answers(engine: Engine, tmp_path: Path) -> None:
    image = build(engine, tmp_path, "FROM debian:bookworm-slim\nRUN echo hello > /greeting\nCMD cat /greeting\n")
    assert engine.docker("run", "--rm", image) == "hello\n"


def test_buildx_is_there(engine: Engine) -> None:
    assert "buildx" in engine.docker("buildx", "version")


def test_apt_in_the_base_image_throws_its_archives_away(engine: Engine) -> None:
    install = "apt-get update -qq && apt-get install -qqy hello >/dev/null"
    script = f"{install} && find /var/cache/apt -name '*.deb' -o -name '*.bin'"
    assert engine.docker("run", "--rm", "debian:bookworm-slim", "sh", "-c", script) == ""


def test_python_has_its_extension_modules(engine: Engine) -> None:
    script = "import bz2, ctypes, curses, lzma, pyexpat, readline, sqlite3, ssl, sys, uuid, zlib; print(sys.prefix)"
    assert engine.docker("run", "--rm", "python:3.11-slim", "python", "-c", script) == "/usr/local\n"


def test_pip_installs_from_the_index_where_the_official_image_does(engine: Engine) -> None:
    script = "pip install -q --root-user-action=ignore six && python -c 'import six; print(six.__file__)'"
    output = engine.docker("run", "--rm", "python:3.11-slim", "sh", "-c", script)
    assert output == "/usr/local/lib/python3.11/site-packages/six.py\n"


def test_the_full_python_image_compiles_an_extension_against_its_headers(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "answer.c").write_text(
        "#include <Python.h>\n"
        'static struct PyModuleDef answer = {PyModuleDef_HEAD_INIT, "answer", NULL, -1, NULL};\n'
        "PyMODINIT_FUNC PyInit_answer(void) { return PyModule_Create(&answer); }\n"
    )
    (tmp_path / "setup.py").write_text(
        "from setuptools import Extension, setup\n"
        "setup(name='answer', version='1', ext_modules=[Extension('answer', ['answer.c'])])\n"
    )
    dockerfile = "FROM python:3.11\nCOPY . /src\nRUN pip install --no-build-isolation /src\n"
    image = build(engine, tmp_path, dockerfile)
    assert engine.docker("run", "--rm", image, "python", "-c", "import answer; print(answer.__name__)") == "answer\n"


def test_npm_installs_from_the_registry(engine: Engine) -> None:
    script = "cd /tmp && npm install --silent left-pad >/dev/null && node -p \"require('left-pad')(7, 3, '0')\""
    assert engine.docker("run", "--rm", "node:20-slim", "sh", "-c", script) == "007\n"


def test_starting_it_again_changes_nothing_and_takes_no_time(engine: Engine) -> None:
    ids = ["image", "ls", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"]
    before = engine.docker(*ids)
    start = time.monotonic()
    subprocess.run([sys.executable, SCRIPT, "up"], env={**os.environ}, check=True, capture_output=True, timeout=60)
    assert time.monotonic() - start < 10
    official = ("debian:", "python:", "node:")
    kept = [[line for line in text.splitlines() if line.startswith(official)] for text in (before, engine.docker(*ids))]
    assert kept[0] == kept[1]
