from __future__ import annotations

from wizard.compare.behaviour import health_command, probe_targets
from wizard.compare.images import config_of, parse_dpkg_status


def test_the_configuration_is_read_as_the_engine_gives_it() -> None:
    config = config_of(
        {
            "Config": {
                "Cmd": ["python", "app.py"],
                "Entrypoint": None,
                "Env": ["A=1=2", "EMPTY="],
                "ExposedPorts": {"8000/tcp": {}, "53/udp": {}},
                "Healthcheck": {"Test": ["CMD", "true"]},
                "Labels": {"dev.dockwiz": "compare", "dev.dockwiz.id": "1", "maintainer": "x"},
                "User": "app",
            }
        }
    )
    assert config.env == {"A": "1=2", "EMPTY": ""}
    assert config.ports == ("53/udp", "8000/tcp")
    assert config.labels == {"maintainer": "x"}
    assert (config.entrypoint, config.cmd, config.user) == ((), ("python", "app.py"), "app")
    assert health_command(config) == ["true"]


def test_a_switched_off_health_check_is_none() -> None:
    config = config_of({"Config": {"Healthcheck": {"Test": ["NONE"]}}})
    assert config.healthcheck == ()
    assert health_command(config) is None


def test_a_health_check_in_shell_form_runs_in_the_images_shell() -> None:
    test = {"Healthcheck": {"Test": ["CMD-SHELL", "curl -f x || exit 1"]}}
    assert health_command(config_of({"Config": test})) == ["/bin/sh", "-c", "curl -f x || exit 1"]
    shell = {"Shell": ["/bin/bash", "-ec"]}
    assert health_command(config_of({"Config": test | shell})) == ["/bin/bash", "-ec", "curl -f x || exit 1"]


def test_probes_come_from_the_health_check_and_the_exposed_ports() -> None:
    test = ["CMD-SHELL", "curl -f 'http://localhost:8000/health?full=1' || wget http://127.0.0.1/"]
    config = config_of({"Config": {"Healthcheck": {"Test": test}, "ExposedPorts": {"8000/tcp": {}, "9/udp": {}}}})
    assert probe_targets(config) == ((8000, "/health?full=1"), (80, "/"), (8000, "/"))


def test_only_installed_debian_packages_count() -> None:
    status = (
        "Package: curl\nStatus: install ok installed\nVersion: 8.1-2\nDescription: a: b\n more: text\n\n"
        "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n"
    )
    assert parse_dpkg_status(status) == {"curl": "8.1-2"}
