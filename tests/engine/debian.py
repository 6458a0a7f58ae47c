"""A minimal Debian laid out as the official slim image is: `debian:bookworm-slim` without a registry."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from tests.engine import machine
from tests.engine.machine import run, say

SUITE = "bookworm"
# What the official images put into apt's and dpkg's configuration: archives are not kept, no translations, no manuals.
ARCHIVES = "/var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin"
CONFIGURATION = {
    "etc/apt/apt.conf.d/docker-clean": f"""\
DPkg::Post-Invoke {{ "rm -f {ARCHIVES} || true"; }};
APT::Update::Post-Invoke {{ "rm -f {ARCHIVES} || true"; }};
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
""",
    "etc/apt/apt.conf.d/docker-gzip-indexes": 'Acquire::GzipIndexes "true";\n',
    "etc/apt/apt.conf.d/docker-no-languages": 'Acquire::Languages "none";\n',
    "etc/apt/apt.conf.d/docker-autoremove-suggests": 'Apt::AutoRemove::SuggestsImportant "false";\n',
    "etc/dpkg/dpkg.cfg.d/docker-apt-speedup": "force-unsafe-io\n",
    "etc/dpkg/dpkg.cfg.d/docker": """\
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/info/*
path-exclude /usr/share/man/*
path-exclude /usr/share/locale/*
""",
}
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def debootstrap(archive: Path) -> None:
    """Lay out a minimal Debian as the official slim image does, and pack it as a tar file."""
    machine.install_missing({"debootstrap": "debootstrap"})
    source = machine.apt_sources()[0]
    if source.suite != SUITE:
        say(f"this machine is Debian {source.suite}: programs copied into a {SUITE} image may want a newer libc")
    say(f"debootstrap {SUITE} (about a minute)")
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        root = Path(folder) / "root"
        include = "--include=ca-certificates"
        keyring = f"--keyring={machine.DEBIAN_KEYRING}"
        run(["debootstrap", "--variant=minbase", include, keyring, SUITE, root, source.uri])
        _configure(root)
        partial = Path(folder) / "partial.tar"
        run(["tar", "--numeric-owner", "-C", root, "-cf", partial, "."])
        partial.rename(archive)


def _configure(root: Path) -> None:
    for name, text in CONFIGURATION.items():
        _write(root / name, text)
    _take_machine_settings(root)
    _add_authorities(root)
    for pattern in ("var/cache/apt/archives/*.deb", "var/cache/apt/*.bin", "var/lib/apt/lists/*", "var/log/*.log",
                    "usr/share/info/*", "usr/share/man/*", "usr/share/locale/*"):  # fmt: skip
        for path in root.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in list((root / "usr/share/doc").glob("*/*")):
        if path.name != "copyright" and not path.is_dir():
            path.unlink(missing_ok=True)


def _take_machine_settings(root: Path) -> None:
    """Where containers find Debian archives and package registries: as this machine does."""
    signed = f"Components: main\nSigned-By: {machine.DEBIAN_KEYRING}\n"
    stanzas = [
        f"Types: deb\nURIs: {source.uri}\nSuites: {source.suite}\n{signed}"
        for source in machine.apt_sources()
        if source.suite.startswith(SUITE)
    ]
    _write(root / "etc/apt/sources.list.d/debian.sources", "\n".join(stanzas))
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    if settings := machine.apt_settings():
        _write(root / "etc/apt/apt.conf.d/99machine", "\n".join(settings) + "\n")
    if pip := machine.pip_settings():
        _write(root / "etc/pip.conf", "[global]\n" + "".join(f"{key} = {value}\n" for key, value in pip.items()))
    if registry := machine.npm_registry():
        _write(root / "usr/local/etc/npmrc", f"registry={registry}\n")


def _add_authorities(root: Path) -> None:
    """Add the machine's own certificate authorities where `update-ca-certificates` keeps them when it runs again."""
    bundle = root / BUNDLE.lstrip("/")
    known = set(CERTIFICATE.findall(bundle.read_text()))
    own = [text for text in CERTIFICATE.findall(machine.ca_bundle().read_text()) if text not in known]
    for number, text in enumerate(own):
        _write(root / f"usr/local/share/ca-certificates/machine-{number}.crt", text + "\n")
    if own:
        run(["chroot", root, "update-ca-certificates"])


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
