"""A project's lock made again by its own manager, in a folder of its own, out of reach of the project's other files.

Nothing of the project or of a package is built or run for it: uv is told so, and of Poetry only a lock is made
again whose packages all have wheels.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

from wizard.inspection.masking import shown
from wizard.inspection.questions import Answer, RelockQuestion
from wizard.online.settings import default_index
from wizard.online.uv_program import ABSENT, PATIENCE, uv_program, what_uv_said

_CALM = {"NO_COLOR": "1", "PYTHONWARNINGS": "ignore", "UV_PYTHON_DOWNLOADS": "never"}


def relock(question: RelockQuestion) -> Answer:
    """The whole of the new lock, or why there is none. Never raises."""
    command = _command(question)
    if command is None:
        because = ABSENT if question.manager == "uv" else f"{question.manager}, which makes it, is not installed here"
        return Answer(None, because)
    unbuilt = _without_wheel(question) if question.manager != "uv" else None
    if unbuilt is not None:
        return Answer(None, f"{unbuilt} has no wheel, and locking it would run its code on this machine")
    try:
        with tempfile.TemporaryDirectory(prefix="dockwiz-", ignore_cleanup_errors=True) as folder:
            for name, content in question.files:
                (Path(folder) / name).write_bytes(content)
            # The versions to keep are found under their new source first, and then stay as locked ones do.
            for manifests in (question.holding, question.files) if question.holding else (question.files,):
                for name, content in manifests:
                    if name != question.lock:
                        (Path(folder) / name).write_bytes(content)
                failure = _run(question, command, folder)
                if failure is not None:
                    return Answer(None, failure)
            return Answer((Path(folder) / question.lock).read_bytes().decode("utf-8"))
    except OSError as error:
        return Answer(None, f"{question.manager} cannot work: {(error.strerror or str(error)).lower()}")


def _command(question: RelockQuestion) -> Sequence[str] | None:
    """How the manager is told to keep what it can of the lock; None where it is not installed.

    Source: Poetry's changelog, 2.0.0: it keeps the versions, an earlier one does with --no-update.
    """
    if question.manager == "uv":
        uv = uv_program()
        kept = (word for held in question.held for word in ("-P", held))
        return None if uv is None else (uv, "lock", "--no-progress", "--no-build", *kept)
    program = shutil.which(question.manager)
    if program is None:
        return None
    return (program, "lock", "--no-interaction", "--no-ansi", *(("--no-update",) if _is_poetry_1(program) else ()))


def _is_poetry_1(program: str) -> bool:
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return "version 1." in said.stdout


def _without_wheel(question: RelockQuestion) -> str | None:
    """A package of the lock as it was that has no wheel at all."""
    lock = dict(question.files)[question.lock]
    try:
        packages = tomllib.loads(lock.decode("utf-8"))["package"]
        return next((one["name"] for one in packages if not any(".whl" in str(f) for f in one["files"])), None)
    except (ValueError, KeyError, TypeError):
        return "a package whose files the lock does not name"


def _run(question: RelockQuestion, command: Sequence[str], folder: str) -> str | None:
    """Why the manager made no lock; None where it did."""
    environment = {**os.environ, **_CALM}
    if question.manager == "uv":
        index = default_index(environment)
        environment |= {"UV_DEFAULT_INDEX": index} if index is not None else {}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=PATIENCE, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"{question.manager} gave no answer within {PATIENCE:.0f} s"
    if done.returncode == 0:
        return None
    if question.manager == "uv":
        return f"`uv lock` says: {what_uv_said(done.stderr)}"
    said = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    return f"`{question.manager} lock` says: {shown(said[-1]) if said else 'nothing'}"
