"""The files of a git revision, written out without running anything that the repo's configuration names."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from wizard.errors import BadInput

_LFS = b"version https://git-lfs.github.com/spec/"


def export_revision(root: Path, revision: str, folder: Path) -> tuple[str, ...]:
    """Write the files of a revision below `folder` (new); returns notes for people.

    As git holds them: no filter, no line end conversion. Raises BadInput where there is no git or no such revision.
    """
    commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()
    if not commit:
        raise BadInput(f"no such revision: {revision}", path=str(root), hint="git log names those there are")
    listing = _git(root, "ls-tree", "-r", "-z", "--full-tree", commit.decode())
    entries = [_entry(line) for line in listing.split(b"\0") if line]
    folder.mkdir(parents=True, mode=0o700)
    blobs = [(mode, digest, path) for mode, digest, path in entries if mode != "160000"]
    pointers = 0
    for (mode, _, path), content in zip(blobs, _contents(root, [digest for _, digest, _ in blobs]), strict=True):
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        pointers += content.startswith(_LFS)
        if mode == "120000":
            place.symlink_to(os.fsdecode(content))
        else:
            place.write_bytes(content)
            place.chmod(0o755 if mode == "100755" else 0o644)
    notes = ["a clean checkout: neither .git nor files that git does not hold are in its build context"]
    if len(blobs) < len(entries):
        notes.append(f"{len(entries) - len(blobs)} submodules are left empty")
    if pointers:
        notes.append(f"{pointers} files are Git LFS pointers, their content is not fetched")
    return tuple(notes)


def _entry(line: bytes) -> tuple[str, str, str]:
    """Mode, digest and path of a line of `git ls-tree`."""
    head, _, path = line.partition(b"\t")
    mode, _, digest = head.decode().split(" ")
    return mode, digest, os.fsdecode(path)


def _contents(root: Path, digests: list[str]) -> Iterator[bytes]:
    """The blobs, one after the other: a revision may be larger than memory."""
    with subprocess.Popen(
        _command("cat-file", "--batch", root=root),
        cwd=root,
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as git:
        asking, answer = cast(BinaryIO, git.stdin), cast(BinaryIO, git.stdout)
        for digest in digests:
            asking.write(f"{digest}\n".encode())
            asking.flush()
            header = answer.readline().split()
            if len(header) != 3:
                raise BadInput(f"git cannot read the object {digest}", path=str(root))
            yield answer.read(int(header[2]))
            answer.read(1)
        asking.close()


def _git(root: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(
            _command(*arguments, root=root), cwd=root, env=_environment(), capture_output=True, check=False
        )
    except OSError as error:
        raise BadInput("git is needed to read a revision and is not there", hint="install git") from error
    return done.stdout if done.returncode == 0 else b""


def _command(*arguments: str, root: Path) -> list[str]:
    # Reading is harmless, so a repo that another user owns is read too.
    return ["git", "-c", f"safe.directory={root}", "-c", "core.hooksPath=/dev/null", *arguments]


def _environment() -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return {**inherited, "GIT_NO_LAZY_FETCH": "1", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
