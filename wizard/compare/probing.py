"""Looking at a running container from inside, with whatever tool it has: HTTP requests and listening ports."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wizard.build.api import EngineApi, EngineError, ExecResult
from wizard.compare.values import Probe
from wizard.errors import NoEngine

REQUEST_SECONDS = 5
"""After which a request counts as unanswered."""
_EXEC_SECONDS = REQUEST_SECONDS + 10.0
_NOT_FOUND = ExecResult(127, b"", b"")
_LISTENING = "0A"
_DOCKER_DNS = "0B00007F"
"""127.0.0.11 as /proc/net/tcp writes it: the engine's own resolver, no port of the program."""

_PYTHON = """
import hashlib, http.client, json, sys
try:
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=int(sys.argv[3]))
    connection.request("GET", sys.argv[2], headers={"User-Agent": "dockwiz", "Accept": "*/*"})
    answer = connection.getresponse()
    body = answer.read()
    digest = hashlib.sha256(body).hexdigest()
    print(json.dumps([answer.status, answer.headers.get("Content-Type") or "", len(body), digest]))
except Exception as error:
    print(json.dumps(str(error) or type(error).__name__))
"""
_NODE = """
const http = require("http"), crypto = require("crypto"), [port, path, limit] = process.argv.slice(1);
const say = value => { console.log(JSON.stringify(value)); process.exit(0); };
const request = http.get({host: "127.0.0.1", port, path, timeout: limit * 1000,
                          headers: {"User-Agent": "dockwiz", "Accept": "*/*"}}, answer => {
  const parts = [];
  answer.on("data", part => parts.push(part));
  answer.on("end", () => { const body = Buffer.concat(parts);
    say([answer.statusCode, answer.headers["content-type"] || "", body.length,
         crypto.createHash("sha256").update(body).digest("hex")]); });
});
request.on("timeout", () => say("no answer in time"));
request.on("error", error => say(error.code || error.message));
"""


@dataclass(frozen=True, slots=True)
class _Tool:
    """A program that may be in the container, how it makes a request, and how its output reads."""

    program: str
    arguments: Callable[[int, str], list[str]]
    read: Callable[[int, str, ExecResult], Probe]


class Prober:
    """Requests to one container; remembers which tool it has."""

    def __init__(self, api: EngineApi, container: str) -> None:
        self._api = api
        self._container = container
        self._tools = list(_TOOLS)

    def get(self, port: int, path: str) -> Probe:
        """One GET request to the container's own loopback address; redirects are not followed."""
        while self._tools:
            tool = self._tools[0]
            result = self.run([tool.program, *tool.arguments(port, path)])
            if result is None:
                return _unanswered(port, path, "no answer in time")
            if result.exit_code not in (126, 127):
                return tool.read(port, path, result)
            self._tools.pop(0)
        return _unanswered(port, path, "the image has no program that could ask (python, curl, wget, node)")

    def listening(self) -> tuple[int, ...] | None:
        """The TCP ports that something in the container listens on; None where it has no program to look."""
        files = ["/proc/net/tcp", "/proc/net/tcp6"]
        script = "import sys\nfor name in sys.argv[1:]: print(open(name).read())"
        for command in (["cat", *files], ["python3", "-c", script, *files], ["python", "-c", script, *files]):
            result = self.run(command)
            if result is not None and result.exit_code not in (126, 127):
                return listening_ports(result.stdout.decode("ascii", "replace").splitlines())
        return None

    def run(self, command: list[str], seconds: float = _EXEC_SECONDS) -> ExecResult | None:
        """A command in the container; exit code 127 where it has no such program, None where it takes too long."""
        try:
            return self._api.run(self._container, command, timeout=seconds)
        except EngineError as error:
            if error.status == 409 or "is not running" in error.message:
                return None
            return _NOT_FOUND
        except NoEngine as error:
            if isinstance(error.__cause__, TimeoutError):
                return None
            raise


def listening_ports(lines: Iterable[str]) -> tuple[int, ...]:
    """The listening ports of /proc/net/tcp and tcp6, sorted."""
    ports = set()
    for line in lines:
        fields = line.split()
        if len(fields) > 3 and fields[3] == _LISTENING:
            address, _, port = fields[1].rpartition(":")
            if address != _DOCKER_DNS:
                ports.add(int(port, 16))
    return tuple(sorted(ports))


def _unanswered(port: int, path: str, error: str) -> Probe:
    return Probe(port, path, None, "", 0, None, error)


def _read_json(port: int, path: str, result: ExecResult) -> Probe:
    try:
        answer = json.loads(result.stdout)
    except ValueError:
        return _unanswered(port, path, result.stderr.decode("utf-8", "replace").strip()[-200:])
    if isinstance(answer, str):
        return _unanswered(port, path, answer)
    status, content_type, size, digest = answer
    return Probe(port, path, status, content_type, size, digest)


def _read_curl(port: int, path: str, result: ExecResult) -> Probe:
    body, _, tail = result.stdout.rpartition(b"\n")
    status, _, content_type = tail.decode("latin-1").partition(" ")
    if result.exit_code != 0 or not status.isdigit():
        return _unanswered(port, path, result.stderr.decode("utf-8", "replace").strip()[-200:])
    return Probe(port, path, int(status), content_type, len(body), hashlib.sha256(body).hexdigest())


def _read_wget(port: int, path: str, result: ExecResult) -> Probe:
    headers = result.stderr.decode("latin-1")
    status = re.search(r"HTTP/[\d.]+ (\d{3})", headers)
    if status is None:
        return _unanswered(port, path, headers.strip()[-200:])
    content_type = re.search(r"^\s*Content-Type: *(.*?)\s*$", headers, re.IGNORECASE | re.MULTILINE)
    body = result.stdout
    digest = hashlib.sha256(body).hexdigest() if result.exit_code == 0 else None
    return Probe(port, path, int(status[1]), content_type[1] if content_type else "", len(body), digest)


def _curl(port: int, path: str) -> list[str]:
    limit = str(REQUEST_SECONDS)
    address = f"http://127.0.0.1:{port}{path}"
    return [
        "-sS",
        "--noproxy",
        "*",
        "--max-time",
        limit,
        "-A",
        "dockwiz",
        "-w",
        "\n%{http_code} %{content_type}",
        address,
    ]


def _wget(port: int, path: str) -> list[str]:
    return ["-S", "-q", "-O", "-", "-T", str(REQUEST_SECONDS), f"http://127.0.0.1:{port}{path}"]


def _script(text: str, option: str) -> Callable[[int, str], list[str]]:
    return lambda port, path: [option, text, str(port), path, str(REQUEST_SECONDS)]


_TOOLS = (
    _Tool("python3", _script(_PYTHON, "-c"), _read_json),
    _Tool("python", _script(_PYTHON, "-c"), _read_json),
    _Tool("curl", _curl, _read_curl),
    _Tool("node", _script(_NODE, "-e"), _read_json),
    _Tool("wget", _wget, _read_wget),
)
