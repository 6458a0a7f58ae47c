"""What an install downloads, by the file sizes of the index: the wheels that a resolution comes to, added up.

An index that answers in JSON (PEP 691) or by PEP 700 tells its files' sizes; for those of an HTML index the server is
asked for the length of each file, without the file.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

from wizard.inspection.questions import Answer, DownloadQuestion, Family
from wizard.online.resolver import family_project
from wizard.online.settings import default_index
from wizard.online.uv_program import ABSENT, PATIENCE, uv_program, what_uv_said

_WANTED, _PROJECT, _FOUND = "wanted.in", "pyproject.toml", "pylock.toml"
_LENGTH_PATIENCE = 20.0
"""Seconds for the length of one file."""


def downloaded(question: DownloadQuestion) -> Answer:
    """The bytes, as a number in decimal digits, or why they are not known. Never raises."""
    program = uv_program()
    if program is None:
        return Answer(None, ABSENT)
    try:
        with tempfile.TemporaryDirectory(prefix="dockwiz-", ignore_cleanup_errors=True) as folder:
            failure = _resolve(program, question, Path(folder))
            if failure is not None:
                return Answer(None, failure)
            found = tomllib.loads((Path(folder) / _FOUND).read_text("utf-8"))
        return Answer(str(sum(_sizes(found))))
    except (OSError, URLError, ValueError, KeyError, TypeError):
        return Answer(None, "the index does not tell how large its files are")


def _resolve(program: str, question: DownloadQuestion, folder: Path) -> str | None:
    """Write what the requirements come to into a `pylock.toml` (PEP 751); why not, where that fails."""
    if question.address:
        project = family_project(Family(question.address, question.requirements), question.python)
        (folder / _PROJECT).write_text(project, "utf-8")
    else:
        (folder / _WANTED).write_text("\n".join(question.requirements) + "\n", "utf-8")
    command = [
        program, "pip", "compile", _PROJECT if question.address else _WANTED, "--output-file", _FOUND,
        "--format", "pylock.toml", "--no-header", "--no-build", "--no-progress", "--no-python-downloads",
        "--python-version", ".".join(map(str, question.python)), "--python-platform", question.platform,
    ]  # fmt: skip
    index = default_index(os.environ)
    environment = {**os.environ, **({"UV_DEFAULT_INDEX": index} if index is not None else {})}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=PATIENCE, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"the package index gave no answer within {PATIENCE:.0f} s"
    return what_uv_said(done.stderr) if done.returncode else None


def _sizes(found: Mapping[str, Any]) -> Iterator[int]:
    """Of each package the wheel, the first where several fit."""
    for package in found["packages"]:
        wheel = package["wheels"][0]
        yield int(wheel["size"]) if "size" in wheel else _length(wheel)


def _length(wheel: Mapping[str, Any]) -> int:
    """What the server says about the length of a file. Raises URLError, ValueError, KeyError, OSError."""
    address = str(wheel.get("url") or wheel["path"])
    if urlsplit(address).scheme not in ("http", "https"):
        return Path(unquote(urlsplit(address).path)).stat().st_size
    with urlopen(Request(address, method="HEAD"), timeout=_LENGTH_PATIENCE) as response:
        return int(response.headers["Content-Length"])
