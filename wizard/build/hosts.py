"""Which engine the person's configuration names, in the order of the docker command line.

DOCKER_HOST, else the context of DOCKER_CONTEXT or of the configuration file, else the default socket.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wizard.errors import NoEngine

if TYPE_CHECKING:
    import ssl

DEFAULT_SOCKET = "unix:///var/run/docker.sock"


@dataclass(frozen=True, slots=True)
class Tls:
    """Where the certificates for a TLS connection lie."""

    folder: Path
    verify: bool

    def context(self) -> ssl.SSLContext:
        """Raises NoEngine where the certificates cannot be read."""
        import ssl

        try:
            authority = self.folder / "ca.pem"
            context = ssl.create_default_context(cafile=str(authority) if authority.exists() else None)
            if not self.verify:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            if (self.folder / "cert.pem").exists():
                context.load_cert_chain(self.folder / "cert.pem", self.folder / "key.pem")
        except OSError as error:
            raise NoEngine(f"the certificates in {self.folder} cannot be used: {error}") from error
        return context


@dataclass(frozen=True, slots=True)
class EngineHost:
    """Where the engine listens."""

    url: str
    """`unix://PATH` or `tcp://HOST:PORT`."""
    tls: Tls | None = None

    @property
    def socket(self) -> Path | None:
        """The unix socket's path, None for another kind of host."""
        address = urlsplit(self.url)
        return Path(address.path) if address.scheme == "unix" else None


def find_host(environment: Mapping[str, str] = os.environ) -> EngineHost:
    """The engine that `docker` would talk to.

    Raises NoEngine for a kind of host that is not supported, and for a context that is not there.
    """
    folder = Path(environment.get("DOCKER_CONFIG") or Path.home() / ".docker")
    if environment.get("DOCKER_HOST"):
        return _checked(EngineHost(environment["DOCKER_HOST"], _environment_tls(environment, folder)))
    name = environment.get("DOCKER_CONTEXT") or _current_context(folder)
    if name in ("", "default"):
        return EngineHost(DEFAULT_SOCKET)
    return _checked(_context(folder, name))


def unreachable(url: str, error: BaseException) -> str:
    """Why an engine does not answer, in words that say what to do."""
    if isinstance(error, FileNotFoundError):
        return (
            f"no Docker engine at {url}: the socket is not there. Start Docker, or set DOCKER_HOST or a docker context"
        )
    if isinstance(error, PermissionError):
        return (
            f"no permission to use the Docker engine at {url}: join the group that owns the socket"
            " (usually `docker`; then log in again), or use rootless Docker"
        )
    if isinstance(error, ConnectionRefusedError):
        return f"no Docker engine answers at {url}: the connection is refused. Start Docker"
    if isinstance(error, TimeoutError):
        return f"the Docker engine at {url} does not answer in time"
    return f"the Docker engine at {url} does not answer: {error or type(error).__name__}"


def _environment_tls(environment: Mapping[str, str], folder: Path) -> Tls | None:
    verify = bool(environment.get("DOCKER_TLS_VERIFY"))
    if not verify and not environment.get("DOCKER_TLS"):
        return None
    return Tls(Path(environment.get("DOCKER_CERT_PATH") or folder), verify)


def _current_context(folder: Path) -> str:
    try:
        settings = json.loads((folder / "config.json").read_bytes())
        return str(settings.get("currentContext") or "")
    except (OSError, ValueError, AttributeError):
        return ""


def _context(folder: Path, name: str) -> EngineHost:
    digest = hashlib.sha256(name.encode()).hexdigest()
    try:
        content = json.loads((folder / "contexts" / "meta" / digest / "meta.json").read_bytes())
        endpoint = content["Endpoints"]["docker"]
        url = str(endpoint["Host"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NoEngine(
            f"the docker context {name!r} cannot be read: choose another with `docker context use`"
        ) from error
    certificates = folder / "contexts" / "tls" / digest / "docker"
    tls = Tls(certificates, not endpoint.get("SkipTLSVerify", False)) if certificates.is_dir() else None
    return EngineHost(url, tls)


def _checked(host: EngineHost) -> EngineHost:
    scheme = urlsplit(host.url).scheme
    if scheme in ("unix", "tcp"):
        return host
    if scheme == "ssh":
        raise NoEngine(
            f"{host.url} is reached over ssh, which dockwiz does not speak: forward the socket"
            " (`ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock HOST`) and set DOCKER_HOST=unix:///tmp/docker.sock"
        )
    raise NoEngine(f"DOCKER_HOST or the docker context names {host.url!r}: unix:// and tcp:// are supported")
