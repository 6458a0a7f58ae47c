"""What is read of environment files, lists and locks of conda."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.inspection.ecosystems.conda_files import CondaFile, read_conda_file
from wizard.inspection.places import MARK
from wizard.workspace import Workspace


def _read(folder: Path, text: str, name: str = "environment.yml") -> CondaFile:
    (folder / name).write_text(text)
    return read_conda_file(Workspace(folder), name)


def _because(folder: Path, text: str, name: str = "environment.yml") -> str:
    return (_read(folder, text, name).because or "").replace(MARK, "")


def test_packages_pip_lines_and_channels_are_told_apart_with_their_lines(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        "name: service\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.12\n  - pip\n  - pip:\n"
        "      - requests==2.32.3\n      - -r requirements/base.txt\n      - --constraint pins.txt\n",
    )
    assert [(one.text, one.line) for one in found.packages] == [("python=3.12", 5), ("pip", 6)]
    assert (found.pip[0].text, found.pip[0].line) == ("requests==2.32.3", 8)
    assert [one.text for one in found.channels] == ["conda-forge"]
    assert found.requirements == ("requirements/base.txt", "pins.txt")
    assert found.because is None


def test_an_environment_in_one_line_is_read(tmp_path: Path) -> None:
    found = _read(tmp_path, "{channels: [defaults], dependencies: [python=3.12, {pip: [flask]}]}\n")
    assert [one.text for one in (*found.packages, *found.pip)] == ["python=3.12", "flask"]


def test_one_without_dependencies_asks_for_nothing(tmp_path: Path) -> None:
    assert _read(tmp_path, "name: service\n") == CondaFile()


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("dependencies:\n  - pip:\n      - -e .\n", "environment.yml:3 installs the local path `-e .`"),
        ("dependencies:\n  - pip:\n      - ./plugins\n", "environment.yml:3 installs the local path"),
        ("dependencies:\n  - ./dist/own-1.0-0.conda\n", "environment.yml:2 installs the local path"),
        ("channels:\n  - file:///app/channel\n", "environment.yml:2 names the local channel"),
        ("channels:\n  - ./channel\n", "environment.yml:2 names the local channel"),
        ("dependencies:\n  - npm:\n      - vite\n", "environment.yml:2"),
        ("dependencies:\n  - pip:\n      - flask ==$VERSION oops\n", "cannot be resolved"),
        ("dependencies:\n  - python\n - flask\n", "cannot be read as YAML"),
        ("- python\n", "environment.yml is no environment file"),
    ],
)
def test_what_needs_the_sources_or_cannot_be_read_is_said(tmp_path: Path, text: str, because: str) -> None:
    assert because in _because(tmp_path, text)


def test_a_list_of_packages_and_an_explicit_one_are_read_without_comments(tmp_path: Path) -> None:
    listed = _read(tmp_path, "# mine\nnumpy=1.26\n\npandas\n", "requirements.txt")
    assert [one.text for one in listed.packages] == ["numpy=1.26", "pandas"]
    address = "https://conda.anaconda.org/conda-forge/noarch/tzdata-2024a-h0c530f3_0.conda"
    assert [one.text for one in _read(tmp_path, f"@EXPLICIT\n{address}\n", "linux.lock").packages] == [address]


def test_a_lock_that_names_a_file_of_the_machine_is_said(tmp_path: Path) -> None:
    lock = "version: 1\npackage:\n  - name: own\n    url: file:///app/dist/own-1.0-0.conda\n"
    because = "conda-lock.yml:4 installs the local path `file:///app/dist/own-1.0-0.conda`"
    assert _because(tmp_path, lock, "conda-lock.yml") == because
