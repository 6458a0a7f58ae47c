"""What git knows of the repo: how often files change. Read only; nothing of the repo's configuration is run."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from wizard.errors import BadInput

if TYPE_CHECKING:
    from wizard.workspace import Workspace

COMMITS = 1000
"""Newest commits looked at."""
TIMEOUT = 5.0
"""Seconds after which git is given up: then the answer is as outside of git."""

# Whatever the repo's own configuration says: no hook, no monitor program, no pager, no external diff or filter runs.
_SAFE = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false",
         "-c", "diff.external=", "-c", "log.showSignature=false")  # fmt: skip
_HUNK_LINE = re.compile(r"[+-]\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


def change_counts(workspace: Workspace) -> Mapping[str, int]:
    """In how many of the newest commits each file below the root changed (renames count as a new file)."""
    output = _git(workspace, "log", f"-{COMMITS}", "--no-renames", "--format=", "--name-only", "-z", "--relative")
    return dict(Counter(_text(name).lstrip("\n") for name in output.split(b"\0") if name.strip(b"\n")))


def line_change_counts(workspace: Workspace, path: str) -> Mapping[str, int]:
    """In how many of the newest commits the line of each package in a requirements file changed.

    The key is the package's normalised name, the count includes the commit that added the line.
    """
    from wizard.inspection.ecosystems.python import normalise_name

    output = _git(
        workspace, "log", f"-{COMMITS}", "--no-renames", "--format=%x00", "-p", "-U0", "--no-color", "--no-ext-diff",
        "--no-textconv", "--", path,
    )  # fmt: skip
    counts: Counter[str] = Counter()
    for commit in output.decode("utf-8", "replace").split("\0"):
        body = (line for line in commit.splitlines() if not line.startswith(("+++", "---")))
        counts.update({normalise_name(match[1]) for line in body if (match := _HUNK_LINE.match(line))})
    return dict(counts)


def uncommitted(workspace: Workspace, paths: Iterable[str]) -> frozenset[str]:
    """Those of the paths that git does not hold as they are on disk: changed or untracked. Empty outside git."""
    wanted = [path for path in dict.fromkeys(paths) if "\n" not in path]
    if not wanted or not (workspace.root / ".git").exists():
        return frozenset()
    # Not `git status`: that runs the repo's clean filters, which are programs of its configuration.
    answer = _git(workspace, "cat-file", "--batch", stdin="".join(f"HEAD:{path}\n" for path in wanted).encode())
    committed = _batch(answer)
    if len(committed) != len(wanted):
        return frozenset()
    return frozenset(path for path, held in zip(wanted, committed, strict=True) if held != _on_disk(workspace, path))


def ignored(workspace: Workspace, folder: str) -> tuple[str, ...]:
    """Files and folders below `folder` that git ignores and does not track, relative to the root, sorted.

    A wholly ignored folder stands for everything in it. Nothing outside of a git repo.
    """
    answer = _git(
        workspace, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory", "--", folder
    )
    return tuple(sorted(_text(name).rstrip("/") for name in answer.split(b"\0") if name))


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _on_disk(workspace: Workspace, path: str) -> bytes | None:
    try:
        return workspace.read_on_disk(path)
    except BadInput:
        return None


def _batch(answer: bytes) -> list[bytes | None]:
    """The contents that `git cat-file --batch` printed, None for what HEAD does not have."""
    contents: list[bytes | None] = []
    while answer:
        header, _, rest = answer.partition(b"\n")
        size = header.rsplit(b" ", 1)[-1]
        if size.isdigit():
            contents.append(rest[: int(size)])
            answer = rest[int(size) + 1 :]
        else:
            contents.append(None)
            answer = rest
    return contents


def _git(workspace: Workspace, *arguments: str, stdin: bytes = b"") -> bytes:
    """The output of a git command in the root; empty where there is no git, no repo, or no answer in time."""
    if not (workspace.root / ".git").exists():
        return b""
    import subprocess

    # Without this git refuses a repo that another user owns, as in a container with a mounted checkout. Reading is
    # harmless: everything that the repo's configuration could make git run is switched off above.
    owner = ("-c", f"safe.directory={workspace.root}")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment = {
        **inherited,
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_CEILING_DIRECTORIES": str(workspace.root.parent),
        "GIT_NO_LAZY_FETCH": "1",
        "LC_ALL": "C",
    }
    try:
        done = subprocess.run(
            ["git", "--no-pager", *owner, *_SAFE, *arguments],
            cwd=workspace.root,
            env=environment,
            input=stdin,
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return b""
    return done.stdout if done.returncode == 0 else b""
