"""Watching real containers."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from tests.wizard.compare.conftest import Image
from wizard.build.api import EngineApi
from wizard.compare.behaviour import Limits, observe
from wizard.compare.images import config_of, packages_of, size_of
from wizard.compare.values import Behaviour
from wizard.inspection.values import Engine

pytestmark = pytest.mark.engine

LABELS = {"dev.dockwiz.test": "behaviour"}
LIMITS = Limits(seconds=20.0, quiet_seconds=15.0)


def watched(api: EngineApi, image: str, limits: Limits = LIMITS) -> Behaviour:
    behaviour = observe(api, image, config_of(api.image(image)), LABELS, limits)
    assert api.containers("dev.dockwiz.test") == []
    return behaviour


def test_a_server_becomes_healthy_listens_and_answers(api: EngineApi, image: Image) -> None:
    name = image("""
        FROM python:3.11-slim
        COPY server.py /
        EXPOSE 8000
        HEALTHCHECK CMD python -c "import urllib.request as u; u.urlopen('http://localhost:8000/health')"
        CMD ["python", "/server.py"]
    """)
    behaviour = watched(api, name)
    assert (behaviour.started, behaviour.exit_code, behaviour.health) == (True, None, "healthy")
    assert behaviour.ready_seconds is not None
    assert behaviour.ready_seconds < 10
    assert behaviour.ports == (8000,)
    assert [(p.port, p.path, p.status, p.size) for p in behaviour.probes] == [
        (8000, "/health", 200, 5),
        (8000, "/", 200, 5),
    ]
    assert behaviour.probes[0].content_type == "text/plain"


def test_a_server_that_exposes_nothing_is_found_by_its_port(api: EngineApi, image: Image) -> None:
    name = image('FROM python:3.11-slim\nCOPY server.py /\nCMD ["python", "/server.py"]\n')
    behaviour = watched(api, name)
    assert behaviour.ports == (8000,)
    assert [(p.port, p.status) for p in behaviour.probes] == [(8000, 200)]
    assert behaviour.health == "none"


def test_a_health_check_that_never_passes_is_unhealthy(api: EngineApi, image: Image) -> None:
    name = image("""
        FROM python:3.11-slim
        COPY server.py /
        HEALTHCHECK CMD no-such-program http://localhost:8000/
        CMD ["python", "/server.py"]
    """)
    behaviour = watched(api, name, replace(LIMITS, seconds=2.0))
    assert (behaviour.health, behaviour.ready_seconds) == ("unhealthy", None)
    assert [(p.port, p.status) for p in behaviour.probes] == [(8000, 200)]


def test_a_program_that_ends_leaves_its_code_and_last_words(api: EngineApi, image: Image) -> None:
    behaviour = watched(api, image('FROM debian:bookworm-slim\nCMD ["sh", "-c", "echo no database >&2; exit 7"]\n'))
    assert (behaviour.exit_code, behaviour.logs) == (7, "no database\n")


def test_a_program_that_is_not_there_does_not_start(api: EngineApi, image: Image) -> None:
    behaviour = watched(api, image('FROM debian:bookworm-slim\nCMD ["no-such-program"]\n'))
    assert not behaviour.started
    assert "no-such-program" in (behaviour.error or "")


def test_an_image_that_names_no_command_does_not_start(api: EngineApi, image: Image) -> None:
    behaviour = watched(api, image("FROM scratch\nCOPY server.py /\n"))
    assert not behaviour.started
    assert behaviour.error


def test_a_worker_is_watched_for_a_while(api: EngineApi, image: Image) -> None:
    name = image('FROM debian:bookworm-slim\nCMD ["sleep", "300"]\n')
    behaviour = watched(api, name, replace(LIMITS, quiet_seconds=1.0))
    assert (behaviour.exit_code, behaviour.ports, behaviour.probes) == (None, (), ())
    assert behaviour.observed_seconds < 10


def test_nothing_outside_can_be_reached_but_its_own_name(api: EngineApi, image: Image) -> None:
    script = (
        "import socket; print(socket.gethostbyname(socket.gethostname())); "
        "print([name for _, name in socket.if_nameindex()])"
    )
    behaviour = watched(api, image(f'FROM python:3.11-slim\nCMD ["python", "-c", "{script}"]\n'))
    assert behaviour.logs == "127.0.0.1\n['lo']\n"


def test_a_program_that_takes_too_much_memory_is_stopped(api: EngineApi, image: Image) -> None:
    name = image('FROM python:3.11-slim\nCMD ["python", "-c", "x = b\'x\' * 500_000_000; print(len(x))"]\n')
    behaviour = watched(api, name, replace(LIMITS, memory=100_000_000))
    assert (behaviour.exit_code, behaviour.out_of_memory) == (137, True)


def test_a_cancelled_watch_ends_at_once(api: EngineApi, image: Image) -> None:
    name = image('FROM debian:bookworm-slim\nEXPOSE 80\nCMD ["sleep", "300"]\n')
    cancel = threading.Event()
    cancel.set()
    behaviour = observe(api, name, config_of(api.image(name)), LABELS, LIMITS, cancel)
    assert behaviour.observed_seconds < 10
    assert api.containers("dev.dockwiz.test") == []


def test_the_packages_of_an_image_are_those_its_python_and_dpkg_know(api: EngineApi, image: Image) -> None:
    packages = packages_of(api, image("FROM python:3.11-slim\n"), LABELS)
    assert packages.python is not None
    assert "pip" in packages.python
    assert packages.python_version is not None
    assert packages.python_version.startswith("3.11")
    assert packages.system is not None
    assert "libssl3" in packages.system
    assert api.containers("dev.dockwiz.test") == []


def test_an_image_without_any_has_unknown_packages(api: EngineApi, image: Image) -> None:
    packages = packages_of(api, image("FROM scratch\nCOPY server.py /\n"), LABELS)
    assert (packages.python, packages.system) == (None, None)


def test_the_unpacked_size_is_the_sum_of_the_layers(api: EngineApi, reach: Engine, image: Image) -> None:
    name = image("FROM scratch\nCOPY server.py /a\nCOPY server.py /b\nENV A=1\n")
    size = size_of(api, name, api.image(name), reach.store)
    assert size.layers == 2
    assert 0 < size.unpacked < 100_000
