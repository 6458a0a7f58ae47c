"""What this machine's own configuration says: package mirrors, certificate authorities, programs, network.

Everything a private engine takes from the machine is read here, at run time; no host is written down anywhere.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

DEBIAN_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
LOCAL_HOST = re.compile(r"//(localhost|127\.|\[::1\])")


class EngineError(Exception):
    """The engine cannot be had; the message says why and what to do."""


@dataclass(frozen=True)
class AptSource:
    """One Debian archive of the machine's apt configuration, e.g. (mirror, "bookworm-security")."""

    uri: str
    suite: str
    components: tuple[str, ...]


def say(text: str) -> None:
    """Progress for a person: standard error, so that standard output stays for `eval`."""
    print(f"engine: {text}", file=sys.stderr, flush=True)


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float | None = None,
) -> str:
    """Run a command and return its standard output; EngineError with the end of its output when it fails."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            env=env,
            cwd=cwd,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"{words[0]}: {error}") from error
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise EngineError(f"`{' '.join(words[:6])} …` ended with {done.returncode}:\n{tail}")
    return done.stdout


def succeeds(command: Sequence[str | Path], *, env: Mapping[str, str] | None = None, timeout: float = 20) -> bool:
    """Whether a command ends with 0 within `timeout` seconds."""
    try:
        run(command, env=env, timeout=timeout)
    except EngineError:
        return False
    return True


def require_root_on_debian() -> None:
    """EngineError unless a private engine can be set up here at all."""
    if os.geteuid() != 0:
        raise EngineError("no usable engine answers, and a private one needs root: install Docker, or run this as root")
    if shutil.which("apt-get") is None:
        raise EngineError("no usable engine answers, and a private one is taken from Debian packages: install Docker")


def install_missing(packages_by_program: Mapping[str, str]) -> None:
    """Install, with the machine's own apt, the packages of the programs that are not there."""
    missing = [package for program, package in packages_by_program.items() if shutil.which(program) is None]
    if not missing:
        return
    say(f"installing {', '.join(missing)}")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "install", "-y", "-q", "--no-install-recommends", *missing]
    if not succeeds(install, env=env, timeout=600):
        run(["apt-get", "update", "-q"], env=env)
        run(install, env=env)


def codename() -> str:
    """The Debian release of this machine, e.g. "bookworm"."""
    match = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.MULTILINE)
    if match is None:
        raise EngineError("/etc/os-release names no release: a private engine needs Debian")
    return match[1]


def apt_sources() -> tuple[AptSource, ...]:
    """The Debian archives of this release in the machine's apt sources, the main one first (deb822 and one-line)."""
    found: list[AptSource] = []
    folder = Path("/etc/apt")
    for path in [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]:
        if path.suffix == ".sources":
            found += parse_deb822(path.read_text())
        elif path.suffix == ".list" and path.is_file():
            found += parse_one_line(path.read_text())
    release = codename()
    suites = (release, f"{release}-updates", f"{release}-security")
    ours = [source for suite in suites for source in found if source.suite == suite and "main" in source.components]
    if not ours or ours[0].suite != release:
        raise EngineError(f"the machine's apt sources name no Debian archive for {release}")
    return tuple(dict.fromkeys(ours))


def parse_deb822(text: str) -> list[AptSource]:
    """The enabled `deb` stanzas of a `.sources` file."""
    sources = []
    for stanza in re.split(r"\n\s*\n", re.sub(r"(?m)^#.*\n?", "", text)):
        pairs = re.findall(r"(?m)^([\w-]+):((?:.*)(?:\n[ \t].*)*)", stanza)
        fields = {key.lower(): value.split() for key, value in pairs}
        if "deb" in fields.get("types", []) and fields.get("enabled") != ["no"]:
            sources += [
                AptSource(uri, suite, tuple(fields.get("components", [])))
                for uri in fields.get("uris", [])
                for suite in fields.get("suites", [])
            ]
    return sources


def parse_one_line(text: str) -> list[AptSource]:
    """The `deb` lines of a `.list` file."""
    lines = re.findall(r"(?m)^deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+(\S+)\s*(.*)$", text)
    return [AptSource(uri, suite, tuple(components.split())) for uri, suite, components in lines]


def apt_settings() -> tuple[str, ...]:
    """apt's own settings that decide whether a container can use the same archives (proxies, date checks)."""
    wanted = re.compile(r"^Acquire::(https?::Proxy|Check-Date|Check-Valid-Until|Retries)\b")
    lines = run(["apt-config", "dump"]).splitlines()
    return tuple(line for line in lines if wanted.match(line) and not LOCAL_HOST.search(line))


def ca_bundle() -> Path:
    """The machine's certificate authorities."""
    for path in (os.environ.get("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt"):
        if path and Path(path).is_file():
            return Path(path)
    raise EngineError("no certificate authorities: install ca-certificates")


def pip_settings() -> dict[str, str]:
    """The index settings of the machine's pip that mean something inside a container (no local folders)."""
    try:
        lines = run([sys.executable, "-m", "pip", "config", "list"], timeout=60).splitlines()
    except EngineError:
        return {}
    settings = {}
    for line in lines:
        key, _, quoted = line.partition("=")
        option = key.rpartition(".")[2]
        remote = [word for word in quoted.strip("'\"").split() if not _is_local(word)]
        if option in ("index-url", "extra-index-url", "trusted-host", "proxy") and remote:
            settings[option] = " ".join(remote)
    return settings


def _is_local(address: str) -> bool:
    return address.startswith(("file:", "/", ".")) or LOCAL_HOST.search(address) is not None


def npm_registry() -> str | None:
    """The registry that the machine's npm is configured for; None where it is npm's default."""
    if shutil.which("npm") is None:
        return None
    match = re.search(r'^registry = "?([^"\s]+)', run(["npm", "config", "list"], timeout=60), re.MULTILINE)
    return match[1] if match and not _is_local(match[1]) else None


def proxies() -> dict[str, str]:
    """Proxies of the environment, in the words of the docker command line's configuration."""
    names = {"httpProxy": "HTTP_PROXY", "httpsProxy": "HTTPS_PROXY", "noProxy": "NO_PROXY"}
    values = {ours: os.environ.get(name) or os.environ.get(name.lower()) for ours, name in names.items()}
    return {name: value for name, value in values.items() if value and not LOCAL_HOST.search(value)}


def network_mtu() -> int:
    """Bytes that the default route passes in one piece: a container's link must not promise more."""
    routes = json.loads(run(["ip", "-j", "route", "show", "default"]))
    if not routes:
        return 1500
    return int(json.loads(run(["ip", "-j", "link", "show", routes[0]["dev"]]))[0]["mtu"])


def free_subnet() -> str:
    """A private network (a.b.c) that no interface of this machine uses."""
    taken = run(["ip", "-4", "-o", "addr"])
    for number in range(1, 255):
        if f" 10.213.{number}." not in taken:
            return f"10.213.{number}"
    raise EngineError("no free network for the engine's bridge")


def python_prefix(version: str) -> Path:
    """Where a CPython `version` (e.g. "3.11") with its headers lies outside Debian's own packages."""
    named = [Path(sys.base_prefix)]
    for program in filter(None, (shutil.which(f"python{version}"), shutil.which("python3"))):
        named.append(Path(run([program, "-c", "import sys; print(sys.base_prefix)"]).strip()))
    named += sorted(Path.home().glob(f".pyenv/versions/{version}*"))
    named += sorted(Path.home().glob(f".local/share/uv/python/cpython-{version}*"))
    for prefix in named:
        if prefix != Path("/usr") and (prefix / f"include/python{version}/Python.h").is_file():
            return prefix
    raise EngineError(f"no CPython {version} outside /usr to make a stand-in image of (one from pyenv or uv would do)")


def node_prefix(major: int) -> Path:
    """Where a Node of this major version with its npm lies."""
    program = shutil.which("node")
    if program is None or not run([program, "--version"]).startswith(f"v{major}."):
        raise EngineError(f"no Node {major} on this machine to make a stand-in image of")
    prefix = Path(program).resolve().parent.parent
    if not (prefix / "lib/node_modules/npm").is_dir():
        raise EngineError(f"{prefix} holds no npm to make a stand-in image of")
    return prefix
