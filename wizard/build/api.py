"""A small client of the Docker Engine API: what measuring and comparing images needs, over the standard library.

docker-py costs 0.2 s to import and ignores the contexts of the docker command line. Paths carry no version: the engine
then answers in its own.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, cast
from urllib.parse import quote, urlencode, urlsplit

from wizard.build.hosts import EngineHost, unreachable
from wizard.errors import DockwizError, NoEngine

QUICK = 5.0
"""Seconds to connect, and to answer what needs no work."""
PATIENT = 120.0
"""Seconds for what works on disks: removing images, disk usage, stopping a container."""

Json = dict[str, Any]


class EngineError(DockwizError):
    """The engine answered with an error."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status
        """HTTP status: 404 not there, 409 conflict, 500 the engine's own failure."""


@dataclass(frozen=True, slots=True)
class ExecResult:
    """What a command in a container wrote, and its exit code."""

    exit_code: int
    stdout: bytes
    stderr: bytes


class EngineApi:
    """Calls to one engine; a connection per call, so that calls may come from several threads.

    Every call raises NoEngine where the engine does not answer in time, and EngineError where it refuses.
    """

    def __init__(self, host: EngineHost) -> None:
        self.host = host

    def ping(self, timeout: float = QUICK) -> str:
        """Returns the API version. Raises NoEngine."""
        with self._request("GET", "/_ping", timeout=timeout) as response:
            response.read()
            return response.headers.get("Api-Version") or ""

    def version(self, timeout: float = QUICK) -> Json:
        return cast(Json, self._json("GET", "/version", timeout=timeout))

    def info(self, timeout: float = QUICK) -> Json:
        return cast(Json, self._json("GET", "/info", timeout=timeout))

    def disk_usage(self, only: str | None = None) -> Json:
        """What takes disk; `only` one kind (`image`, `container`, `volume`, `build-cache`), which is much faster."""
        return cast(Json, self._json("GET", "/system/df", {"type": only} if only else {}, timeout=PATIENT))

    def prune_build_cache(self, record: str) -> None:
        """Removes one record of the builder's cache, by its id; nothing else."""
        self._json("POST", "/build/prune", {"filters": json.dumps({"id": [record]})}, timeout=PATIENT)

    def image(self, reference: str) -> Json:
        """Inspects an image."""
        return cast(Json, self._json("GET", f"/images/{_name(reference)}/json"))

    def image_history(self, reference: str) -> list[Json]:
        """The layers, newest first; `Size` in unpacked bytes."""
        return cast(list[Json], self._json("GET", f"/images/{_name(reference)}/history"))

    def images(self, label: str | None = None, manifests: bool = False) -> list[Json]:
        """The images, those with a label (`name` or `name=value`) where one is given.

        `manifests` asks for the parts and their sizes (engines with API 1.47 and newer).
        """
        query = {"filters": json.dumps({"label": [label]} if label else {})} | ({"manifests": "1"} if manifests else {})
        return cast(list[Json], self._json("GET", "/images/json", query, timeout=PATIENT))

    def remove_image(self, reference: str, force: bool = False) -> None:
        self._json("DELETE", f"/images/{_name(reference)}", {"force": _flag(force)}, timeout=PATIENT)

    def containers(self, label: str) -> list[Json]:
        """The containers with a label, stopped ones too."""
        query = {"all": "1", "filters": json.dumps({"label": [label]})}
        return cast(list[Json], self._json("GET", "/containers/json", query))

    def create_container(
        self,
        image: str,
        command: Sequence[str] | None = None,
        *,
        name: str | None = None,
        labels: Mapping[str, str] | None = None,
        config: Json | None = None,
    ) -> str:
        """Creates a container and returns its id. `config` is laid over the request body (`HostConfig`, `Env`, …)."""
        body = {"Image": image, "Labels": dict(labels or {})} | ({"Cmd": list(command)} if command is not None else {})
        query = {"name": name} if name else {}
        return str(self._json("POST", "/containers/create", query, body | (config or {}), timeout=PATIENT)["Id"])

    def start_container(self, container: str) -> None:
        self._json("POST", f"/containers/{_name(container)}/start", timeout=PATIENT)

    def stop_container(self, container: str, grace: int = 10) -> None:
        """Asks the container to stop and kills it after `grace` seconds."""
        self._json("POST", f"/containers/{_name(container)}/stop", {"t": str(grace)}, timeout=grace + PATIENT)

    def container(self, container: str) -> Json:
        """Inspects a container."""
        return cast(Json, self._json("GET", f"/containers/{_name(container)}/json"))

    def container_logs(self, container: str, tail: int | None = None) -> tuple[bytes, bytes]:
        """Standard output and standard error so far."""
        query = {"stdout": "1", "stderr": "1", "tail": "all" if tail is None else str(tail)}
        with self._request("GET", f"/containers/{_name(container)}/logs", query, timeout=PATIENT) as response:
            return _demultiplexed(response)

    def wait_container(self, container: str, timeout: float) -> int | None:
        """The exit code; None where the container still runs after `timeout` seconds."""
        try:
            return int(self._json("POST", f"/containers/{_name(container)}/wait", timeout=timeout)["StatusCode"])
        except NoEngine as error:
            if isinstance(error.__cause__, TimeoutError):
                return None
            raise

    def remove_container(self, container: str, force: bool = False) -> None:
        query = {"force": _flag(force), "v": "1"}
        self._json("DELETE", f"/containers/{_name(container)}", query, timeout=PATIENT)

    def run(self, container: str, command: Sequence[str], *, user: str | None = None, timeout: float) -> ExecResult:
        """Runs a command in a running container (exec) and waits for it."""
        body = {"AttachStdout": True, "AttachStderr": True, "Cmd": list(command)} | ({"User": user} if user else {})
        created = self._json("POST", f"/containers/{_name(container)}/exec", body=body)
        path, start = f"/exec/{created['Id']}", {"Detach": False, "Tty": False}
        with self._request("POST", f"{path}/start", body=start, timeout=timeout) as response:
            stdout, stderr = _demultiplexed(response)
        return ExecResult(int(self._json("GET", f"{path}/json")["ExitCode"]), stdout, stderr)

    @contextlib.contextmanager
    def archive(self, container: str, path: str, timeout: float = PATIENT) -> Iterator[IO[bytes]]:
        """A tar stream of a path in a container, to be read inside the `with` (tarfile mode `r|`)."""
        with self._request(
            "GET", f"/containers/{_name(container)}/archive", {"path": path}, timeout=timeout
        ) as response:
            yield cast(IO[bytes], response)

    @contextlib.contextmanager
    def export_container(self, container: str, timeout: float = PATIENT) -> Iterator[IO[bytes]]:
        """All files of a container as a tar stream, without its volumes; it need not run. To be read inside the `with`
        (tarfile mode `r|`)."""
        with self._request("GET", f"/containers/{_name(container)}/export", timeout=timeout) as response:
            yield cast(IO[bytes], response)

    def _json(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Json | None = None,
        timeout: float = PATIENT,
    ) -> Any:
        with self._request(method, path, query, body, timeout) as response:
            content = response.read()
        try:
            return json.loads(content) if content.strip() else {}
        except ValueError as error:
            raise NoEngine(f"what answers at {self.host.url} is no Docker engine") from error

    @contextlib.contextmanager
    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Json | None = None,
        timeout: float = QUICK,
    ) -> Iterator[http.client.HTTPResponse]:
        connection = _Connection(self.host, timeout)
        content = None if body is None else json.dumps(body).encode()
        try:
            target = path + (f"?{urlencode(query)}" if query else "")
            connection.request(method, target, content, {"Content-Type": "application/json"} if content else {})
            response = connection.getresponse()
            if response.status >= 400:
                raise EngineError(_message(response), response.status)
            yield response
        except (OSError, http.client.HTTPException) as error:
            raise NoEngine(unreachable(self.host.url, error)) from error
        finally:
            connection.close()


class _Connection(http.client.HTTPConnection):
    """An HTTP connection over a unix socket, TCP or TLS."""

    def __init__(self, host: EngineHost, timeout: float) -> None:
        super().__init__("docker", timeout=timeout)
        self._engine = host
        self._patience = timeout

    def connect(self) -> None:
        address = urlsplit(self._engine.url)
        connected: socket.socket
        if address.scheme == "unix":
            connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connected.settimeout(QUICK)
            try:
                connected.connect(address.path)
            except OSError:
                connected.close()
                raise
        else:
            name = address.hostname or "localhost"
            connected = socket.create_connection((name, address.port or (2376 if self._engine.tls else 2375)), QUICK)
            if self._engine.tls is not None:
                connected = self._engine.tls.context().wrap_socket(connected, server_hostname=name)
        connected.settimeout(self._patience)
        self.sock = connected


def _message(response: http.client.HTTPResponse) -> str:
    content = response.read(65536).decode(errors="replace").strip()
    with contextlib.suppress(ValueError, KeyError, TypeError):
        content = str(json.loads(content)["message"])
    return f"the engine says: {content or response.reason}"


def _demultiplexed(response: http.client.HTTPResponse) -> tuple[bytes, bytes]:
    """Splits the engine's raw stream: frames of one byte for the stream, three of padding, four of length."""
    content = response.read()
    streams: dict[int, list[bytes]] = {1: [], 2: []}
    position = 0
    while position + 8 <= len(content):
        stream, size = struct.unpack_from(">B3xI", content, position)
        if stream > 2 or content[position + 1 : position + 4] != b"\0\0\0":
            return content, b""  # a container with a terminal: one stream, no frames
        streams[2 if stream == 2 else 1].append(content[position + 8 : position + 8 + size])
        position += 8 + size
    return b"".join(streams[1]), b"".join(streams[2])


def _name(reference: str) -> str:
    return quote(reference, safe="/:@")


def _flag(value: bool) -> str:
    return "1" if value else "0"
