"""The engine is the one that the docker command would use."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wizard.build.engines import find_engine, probe_engine
from wizard.build.hosts import DEFAULT_SOCKET, find_host
from wizard.errors import NoEngine


def configuration(folder: Path, current: str | None, contexts: dict[str, dict[str, object]]) -> dict[str, str]:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"currentContext": current} if current else {}))
    for name, endpoint in contexts.items():
        place = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
        place.mkdir(parents=True)
        (place / "meta.json").write_text(json.dumps({"Name": name, "Endpoints": {"docker": endpoint}}))
    return {"DOCKER_CONFIG": str(folder)}


def test_the_default_socket_without_any_configuration(tmp_path: Path) -> None:
    assert find_host({"DOCKER_CONFIG": str(tmp_path)}).url == DEFAULT_SOCKET


def test_the_current_context_names_the_host(tmp_path: Path) -> None:
    environment = configuration(tmp_path, "work", {"work": {"Host": "unix:///run/work.sock"}})
    assert find_host(environment).socket == Path("/run/work.sock")


def test_docker_host_goes_before_every_context(tmp_path: Path) -> None:
    environment = configuration(tmp_path, "work", {"work": {"Host": "unix:///run/work.sock"}})
    host = find_host({**environment, "DOCKER_CONTEXT": "work", "DOCKER_HOST": "tcp://127.0.0.1:2375"})
    assert (host.url, host.tls, host.socket) == ("tcp://127.0.0.1:2375", None, None)


def test_the_context_of_the_environment_goes_before_the_current_one(tmp_path: Path) -> None:
    hosts = {name: {"Host": f"unix:///run/{name}.sock"} for name in ("work", "home")}
    environment = configuration(tmp_path, "work", hosts)
    assert find_host({**environment, "DOCKER_CONTEXT": "home"}).url == "unix:///run/home.sock"
    assert find_host({**environment, "DOCKER_CONTEXT": "default"}).url == DEFAULT_SOCKET


def test_certificates_come_from_the_environment_or_the_context(tmp_path: Path) -> None:
    host = find_host({"DOCKER_HOST": "tcp://h:2376", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/certs"})
    assert host.tls is not None
    assert (host.tls.folder, host.tls.verify) == (Path("/certs"), True)
    environment = configuration(tmp_path, "work", {"work": {"Host": "tcp://h:2376", "SkipTLSVerify": True}})
    certificates = tmp_path / "contexts" / "tls" / hashlib.sha256(b"work").hexdigest() / "docker"
    certificates.mkdir(parents=True)
    host = find_host(environment)
    assert host.tls is not None
    assert (host.tls.folder, host.tls.verify) == (certificates, False)


@pytest.mark.parametrize(
    ("url", "words"), [("ssh://me@host", "forward the socket"), ("npipe:////./pipe/x", "unix:// and tcp://")]
)
def test_other_hosts_are_refused_with_what_is_supported(url: str, words: str) -> None:
    with pytest.raises(NoEngine, match=words):
        find_host({"DOCKER_HOST": url})


def test_a_context_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoEngine, match="'gone'"):
        find_host(configuration(tmp_path, "gone", {}))


def test_without_a_socket_the_probe_says_so_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    began = time.monotonic()
    said = probe_engine()
    assert time.monotonic() - began < 0.05
    assert isinstance(said, str)
    assert "none.sock" in said
    assert "Start Docker" in said


def test_a_socket_that_nobody_listens_on_is_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "dead.sock"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/dead.sock")
    assert "refused" in str(probe_engine())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"what?\r\n\r\n", "does not answer"),
        (b"HTTP/1.0 200 OK\r\n\r\n<html>", "is no Docker engine"),
        (b"HTTP/1.0 403 Forbidden\r\n\r\nnot for you", "not for you"),
    ],
)
def test_something_that_is_no_engine_is_no_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes, words: str
) -> None:
    import socket
    import threading

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "odd.sock"))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/odd.sock")
        assert words in str(probe_engine())


def test_without_the_docker_command_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NoEngine, match=r"`docker` command is not installed.*https://"):
        find_engine()


def test_probing_without_an_engine_imports_nothing_heavy(tmp_path: Path) -> None:
    program = "import sys; from wizard.build.engines import probe_engine; probe_engine(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"DOCKER_HOST": f"unix://{tmp_path}/none.sock", "PATH": "/usr/bin:/bin"},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"http.client", "ssl", "email", "docker", "requests"} & set(done.stdout.split())
