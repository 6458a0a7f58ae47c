"""Writing several files so that each is wholly old or wholly new, whatever happens in between."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from wizard.errors import DockwizError, because


class CannotWrite(DockwizError):
    """A file could not be written; nothing was changed."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    target: Path
    temporary: Path | None
    """None where the target is to be removed."""
    rank: int
    """New files come first and removals last: killed in between, no file is left that names one that is not there."""


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Hold Ctrl-C and a polite request to end back until the block is done: writing takes milliseconds."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def write_all(root: Path, changes: Mapping[str, bytes | None]) -> None:
    """Replace, create or (None) remove files below `root`.

    All content is written beside its target first and only then renamed into place, so that a full disk or a missing
    permission changes nothing. A file that is a symbolic link keeps being one: its target is replaced. Mode and owner
    of a replaced file stay. Raises CannotWrite, naming the file.
    """
    prepared: list[_Prepared] = []
    try:
        for path, content in changes.items():
            prepared.append(_prepare(root, path, content))
        for item in sorted(prepared, key=lambda item: item.rank):
            if item.temporary is None:
                item.target.unlink(missing_ok=True)
            else:
                item.temporary.replace(item.target)
    finally:
        for item in prepared:
            if item.temporary is not None:
                with contextlib.suppress(OSError):
                    item.temporary.unlink(missing_ok=True)
    for folder in {item.target.parent for item in prepared}:
        _sync_folder(folder)


def sweep(root: Path, path: str) -> None:
    """Remove what a killed process left beside a file. Only for the one who holds the repo's lock."""
    target = Path(os.path.realpath(root / path))
    with contextlib.suppress(OSError):
        for left in list(target.parent.iterdir()):
            if left.name.startswith(_temporary_prefix(target)):
                left.unlink()


def _prepare(root: Path, path: str, content: bytes | None) -> _Prepared:
    target = Path(os.path.realpath(root / path))
    if not target.is_relative_to(os.path.realpath(root)):
        raise CannotWrite("leads outside the repository and is not touched", path=path, hint="nothing was changed")
    try:
        if content is None:
            if not os.access(target.parent, os.W_OK):
                raise PermissionError(13, "Permission denied")
            return _Prepared(target, None, 2)
        rank = int(target.exists())
        return _Prepared(target, _write_beside(target, content), rank)
    except OSError as error:
        raise CannotWrite(f"cannot be written: {because(error)}", path=path, hint="nothing was changed") from error


def _write_beside(target: Path, content: bytes) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    status = target.stat() if target.exists() else None
    if status is not None and not os.access(target, os.W_OK):
        raise PermissionError(13, "Permission denied")
    temporary = target.with_name(f"{_temporary_prefix(target)}{os.getpid()}")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if status is not None:
            temporary.chmod(status.st_mode & 0o7777)
        owner = status or target.parent.stat()
        if os.geteuid() == 0:
            os.chown(temporary, owner.st_uid, owner.st_gid)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    return temporary


def _temporary_prefix(target: Path) -> str:
    return f".{target.name}.dockwiz-"


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
