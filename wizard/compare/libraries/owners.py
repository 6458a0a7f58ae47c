"""Which package of the system put a file into an image, by the package manager's own records."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator

from wizard.compare.libraries.contents import Contents

_DPKG = "/var/lib/dpkg/info/"
_DISTROLESS = "/var/lib/dpkg/status.d/"
_APK = ("/lib/apk/db/installed", "/usr/lib/apk/db/installed")


def owners(contents: Contents, paths: Collection[str]) -> dict[str, str]:
    """Path (links followed) -> name of its package, for those of the paths that a package put there.

    dpkg's lists name files as the package has them: `/lib/…` where /lib has long been a link to /usr/lib.
    """
    wanted = {posixpath.basename(path) for path in paths}
    found: dict[str, str] = {}
    for package, path in _listed(contents):
        if posixpath.basename(path) in wanted:
            real = contents.real(path)
            if real is not None and real in paths:
                found.setdefault(real, package)
    return found


def release(contents: Contents) -> str | None:
    """The system's release: its code name, else its name and version; None where the image says nothing of it."""
    fields = dict(
        line.split("=", 1) for line in contents.text("/etc/os-release").splitlines() if "=" in line and line[0] != "#"
    )
    values = {name: value.strip().strip("\"'") for name, value in fields.items()}
    if values.get("VERSION_CODENAME"):
        return values["VERSION_CODENAME"]
    version = ".".join(values.get("VERSION_ID", "").split(".")[:2])
    return f"{values['ID']} {version}".strip() if values.get("ID") else None


def _listed(contents: Contents) -> Iterator[tuple[str, str]]:
    """Package and path of every file that is recorded."""
    for place, content in contents.kept.items():
        lines = content.decode("utf-8", "replace").splitlines()
        if place.startswith(_DPKG):
            package = posixpath.basename(place).removesuffix(".list").partition(":")[0]
            yield from ((package, line) for line in lines)
        elif place.startswith(_DISTROLESS):
            package = posixpath.basename(place).removesuffix(".md5sums")
            yield from ((package, "/" + line.split(None, 1)[-1].lstrip("./")) for line in lines)
        elif place in _APK:
            yield from _of_apk(lines)


def _of_apk(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Source: wiki.alpinelinux.org, "Apk spec", the installed database: P names the package, F a folder, R a file."""
    package = folder = ""
    for line in lines:
        field, _, value = line.partition(":")
        if field == "P":
            package = value
        elif field == "F":
            folder = value
        elif field == "R":
            yield package, posixpath.normpath(f"/{folder}/{value}")
