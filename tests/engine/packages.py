"""Docker's programs of a chosen version, unpacked from Debian packages into a folder; nothing is installed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.engine.machine import DEBIAN_KEYRING, EngineError, apt_sources, run, say

NEWER_SUITES = ("trixie", "forky", "sid")
NEWEST = "newest"
COMPANIONS = ("docker-cli", "docker-buildx", "docker-compose", "containerd")


@dataclass(frozen=True)
class Programs:
    """Unpacked programs: `root` is laid out as the file system would be."""

    root: Path

    @property
    def path(self) -> str:
        """PATH for the daemon: its own programs first, then the system's runc and iptables."""
        return f"{self.root}/usr/sbin:{self.root}/usr/bin:/usr/sbin:/sbin:{os.environ['PATH']}"

    @property
    def docker(self) -> Path:
        return self.root / "usr/bin/docker"

    @property
    def plugins(self) -> Path:
        return self.root / "usr/libexec/docker/cli-plugins"


def unpack_engine(cache: Path, version: str) -> Programs:
    """The engine whose version starts with `version` (or the newest), with the command line, buildx and containerd
    that its Debian suite carries; 20.10's has no buildx.

    The newer suites' runc wants a newer libc than an older system has, so the system's own is used.
    """
    target = cache / "programs" / version
    if not target.is_dir():
        archive = _PrivateApt(cache / "apt")
        rows = archive.versions("docker.io")
        if version != NEWEST:
            rows = [row for row in rows if row[0].startswith(version)]
        if not rows:
            available = ", ".join(sorted({f"{found} ({suite})" for found, suite in archive.versions("docker.io")}))
            raise EngineError(f"Debian carries no engine {version}; it carries {available}")
        chosen, suite = rows[0]
        say(f"unpacking Docker {chosen} ({suite})")
        archive.unpack(["docker.io", *COMPANIONS], suite, target)
    return Programs(target)


def unpack_registry(cache: Path) -> Path:
    """The program `docker-registry` of this system's own release."""
    target = cache / "programs" / "registry"
    if not target.is_dir():
        _PrivateApt(cache / "apt").unpack(["docker-registry"], apt_sources()[0].suite, target)
    return target / "usr/bin/docker-registry"


class _PrivateApt:
    """apt with lists and caches of its own, that sees this release and the newer suites of the machine's mirror."""

    def __init__(self, folder: Path) -> None:
        main = apt_sources()[0]
        (folder / "lists/partial").mkdir(parents=True, exist_ok=True)
        (folder / "archives/partial").mkdir(parents=True, exist_ok=True)
        suites = dict.fromkeys((main.suite, *NEWER_SUITES))
        lines = [f"deb [signed-by={DEBIAN_KEYRING}] {main.uri} {suite} main" for suite in suites]
        (folder / "sources.list").write_text("\n".join(lines) + "\n")
        options = {
            "Dir::State::Lists": folder / "lists",
            "Dir::Etc::SourceList": folder / "sources.list",
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::Cache": folder,
            "Dir::Cache::archives": folder / "archives",
            "APT::Sandbox::User": "root",
        }
        self._options = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
        run(["apt-get", *self._options, "update", "-q"])

    def versions(self, package: str) -> list[tuple[str, str]]:
        """(version, suite) of a package, the newest first; of equal versions the most settled suite first."""
        rows = [line.split("|") for line in run(["apt-cache", *self._options, "madison", package]).splitlines()]
        return [(row[1].strip(), row[2].split()[1].partition("/")[0]) for row in rows if "Packages" in row[2]]

    def unpack(self, packages: Sequence[str], suite: str, target: Path) -> None:
        """Download the packages that the suite carries and unpack them; `target` appears whole or not at all."""
        carried = [f"{name}={version}" for name in packages for version, where in self.versions(name) if where == suite]
        partial = target.with_name(f"{target.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        (partial / "debs").mkdir(parents=True)
        run(["apt-get", *self._options, "download", "-q", *carried], cwd=partial / "debs")
        for archive in sorted((partial / "debs").iterdir()):
            run(["dpkg", "-x", archive, partial / "root"])
        target.parent.mkdir(parents=True, exist_ok=True)
        (partial / "root").rename(target)
        shutil.rmtree(partial)
