"""Finding and removing what dockwiz made: containers, images, cache mounts, private copies.

Layers in the builder's cache carry no mark of ours; the engine collects them itself, or `docker builder prune` does.
What a person made of our images is theirs, although it inherits our label: containers started from them, images built
from them, and any further name that they were given.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from wizard.build.api import EngineApi, EngineError
from wizard.build.marks import BUILD_LABELS, LABEL, OWN_TAG
from wizard.compare.rounds import TAG
from wizard.demo_copies import FOLDER, in_use
from wizard.errors import NoEngine

Kind = Literal["container", "image", "cache mount", "private copy"]
_CACHE_ID = re.compile(r'with id "(dockwiz-(\d{8}-\d+-\d+)-[^"]*)"\Z')


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing that dockwiz made."""

    kind: Kind
    id: str
    """What the engine calls it, or the path."""
    name: str
    """For people."""
    bytes: int | None
    comparison: str
    """The comparison that made it; empty for the image of a build and for the copy of a sample."""

    @property
    def in_use(self) -> bool:
        """Whether the dockwiz that made it is running now (the last part of the comparison's id is its process), or one
        is at work on the copy of a sample."""
        if self.kind == "private copy" and not self.comparison:
            return in_use(Path(self.id))
        return _alive(self.comparison)


def find_leftovers(api: EngineApi | None, home: Path) -> tuple[Leftover, ...]:
    """Everything of ours on this engine (None: left out) and below `home`, where the state of every repo is."""
    return (*(_on_engine(api) if api is not None else ()), *_copies(home))


def remove(api: EngineApi | None, leftovers: tuple[Leftover, ...]) -> tuple[str, ...]:
    """Remove these. Returns what could not be removed and why, for people."""
    problems = []
    for leftover in leftovers:
        try:
            _remove(api, leftover)
        except (EngineError, NoEngine, OSError) as error:
            problems.append(f"{leftover.kind} {leftover.name}: {error}")
    return tuple(problems)


def remove_comparison(api: EngineApi, comparison: str, folder: Path) -> None:
    """Remove what one comparison made. Never raises: what cannot be removed now, `dockwiz clean` lists."""
    mark = f"{LABEL}.id={comparison}"
    with contextlib.suppress(EngineError, NoEngine):
        # One that hangs would be waited for, call by call.
        api.ping()
        remove(api, (*_containers(api, mark), *_images(api, mark), *_mounts(api, comparison)))
    with contextlib.suppress(OSError):
        _remove_tree(folder)
        folder.parent.rmdir()


def _on_engine(api: EngineApi) -> tuple[Leftover, ...]:
    return (*_containers(api, f"{LABEL}=compare"), *_images(api, LABEL), *_mounts(api, ""))


def _containers(api: EngineApi, mark: str) -> tuple[Leftover, ...]:
    return tuple(
        Leftover("container", item["Id"], item["Id"][:12], None, _comparison(item)) for item in api.containers(mark)
    )


def _images(api: EngineApi, mark: str) -> tuple[Leftover, ...]:
    found = []
    for item in api.images(label=mark):
        names = [name for name in item.get("RepoTags") or () if name != "<none>:<none>"]
        own = [name for name in names if _is_own(name, item)] if names else [item["Id"]]
        found += [Leftover("image", name, name, int(item["Size"]), _comparison(item)) for name in own]
    return tuple(found)


def _is_own(name: str, image: Mapping[str, Any]) -> bool:
    """Whether dockwiz gave an image this name."""
    repository, _, tag = name.rpartition(":")
    if image["Labels"][LABEL] == BUILD_LABELS[LABEL]:
        return tag == OWN_TAG
    return repository == TAG


def _comparison(item: Mapping[str, Any]) -> str:
    return str((item.get("Labels") or {}).get(f"{LABEL}.id", ""))


def _mounts(api: EngineApi, comparison: str) -> tuple[Leftover, ...]:
    """Cache mounts whose id begins with our namespace: BuildKit ends the record's description with it."""
    found = []
    for item in api.disk_usage("build-cache").get("BuildCache") or ():
        ours = comparison_of_cache(str(item.get("Description", "")))
        if item.get("Type") == "exec.cachemount" and ours is not None and ours[0].startswith(comparison):
            found.append(Leftover("cache mount", item["ID"], ours[1], int(item["Size"]), ours[0]))
    return tuple(found)


def comparison_of_cache(description: str) -> tuple[str, str] | None:
    """The comparison that a cache mount belongs to and the mount's id, from the engine's words for it; None where it is
    a person's own, whose id may begin with our name too."""
    found = _CACHE_ID.search(description)
    return (found[2], found[1]) if found is not None else None


def _copies(home: Path) -> tuple[Leftover, ...]:
    of_comparisons = [(folder, folder.name) for folder in home.glob("*/compare/*")]
    of_samples = [(folder, "") for folder in home.glob(f"{FOLDER}/*")]
    return tuple(
        Leftover("private copy", str(folder), folder.name, _size(folder), comparison)
        for folder, comparison in sorted((*of_comparisons, *of_samples))
    )


def _size(folder: Path) -> int:
    """Bytes of its files. One that vanishes meanwhile counts nothing."""
    size = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            status = path.lstat()
            size += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return size


def _alive(comparison: str) -> bool:
    process = comparison.rpartition("-")[2]
    if not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _remove(api: EngineApi | None, leftover: Leftover) -> None:
    match leftover.kind:
        case "private copy":
            _remove_tree(Path(leftover.id))
        case "container" if api is not None:
            api.remove_container(leftover.id, force=True)
        case "image" if api is not None:
            # Without force: an image that a container of the person's uses stays.
            api.remove_image(leftover.id)
        case "cache mount" if api is not None:
            api.prune_build_cache(leftover.id)


def _remove_tree(folder: Path) -> None:
    """A folder of the repo that nobody may write to has a copy like it: open it first."""
    for place, _, _ in os.walk(folder):
        os.chmod(place, 0o700)  # noqa: PTH101
    shutil.rmtree(folder)
