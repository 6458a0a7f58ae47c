"""One private daemon: its folder, its bridge, its life from start to stop."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

from tests.engine.machine import EngineError, free_subnet, install_missing, network_mtu, proxies, run, say, succeeds
from tests.engine.packages import Programs

STORES = ("overlay2", "containerd")
START_SECONDS = 60
STOP_SECONDS = 30


@dataclass(frozen=True)
class Daemon:
    """A daemon and everything that belongs to it, all in `folder`."""

    folder: Path
    programs: Programs
    store: str

    @property
    def socket(self) -> Path:
        return self.folder / "docker.sock"

    @property
    def log(self) -> Path:
        return self.folder / "dockerd.log"

    @property
    def bridge(self) -> str:
        """A name of its own (interfaces have at most 15 characters), so that no daemon takes another's bridge down."""
        return f"dwz{zlib.crc32(str(self.folder).encode()):08x}"

    @property
    def environment(self) -> dict[str, str]:
        """What makes docker talk to this daemon, with plugins of its own and not the user's configuration."""
        return {
            "DOCKER_HOST": f"unix://{self.socket}",
            "DOCKER_CONFIG": str(self.folder / "config"),
            "PATH": f"{self.programs.docker.parent}:{os.environ['PATH']}",
        }

    def docker(self, *words: str | Path) -> str:
        """Run docker against this daemon; EngineError when it fails."""
        return run([self.programs.docker, *words], env={**os.environ, **self.environment, "DOCKER_BUILDKIT": "1"})

    def answers(self) -> bool:
        """Whether the daemon answers `/_ping` now."""
        connection = http.client.HTTPConnection("docker", timeout=5)
        try:
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(5)
            connection.sock.connect(str(self.socket))
            connection.request("GET", "/_ping")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def gateway(self) -> str:
        """The machine's address on the bridge, as containers see it."""
        found = json.loads(run(["ip", "-j", "-4", "addr", "show", self.bridge]))
        return str(found[0]["addr_info"][0]["local"])

    def start(self) -> None:
        """Start the daemon in a session of its own and wait until it answers; one that is ending may end first."""
        if self.answers():
            return
        ending = self.process()
        if ending is not None:
            self.await_end(ending)
        # One that was killed leaves it; dockerd would not start beside whoever has that number now, be it a zombie.
        (self.folder / "dockerd.pid").unlink(missing_ok=True)
        if len(str(self.socket)) > 100:
            raise EngineError(f"{self.socket} is too long for a socket: set DOCKWIZ_ENGINE_CACHE to a shorter path")
        packages = {"runc": "runc", "iptables": "iptables", "ip": "iproute2"}
        install_missing(packages)
        self._write_configuration()
        self._raise_bridge()
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [self.programs.root / "usr/sbin/dockerd", "--config-file", self.folder / "daemon.json"],
                env={**os.environ, "PATH": self.programs.path},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if process.poll() is not None or time.monotonic() > deadline:
                tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-8:])
                raise EngineError(f"the daemon does not answer; the end of {self.log}:\n{tail}")
            time.sleep(0.1)

    def stop(self) -> None:
        """End the daemon that this folder's pid file names, and take its bridge and firewall rules away."""
        pid = self.process()
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
            self.await_end(pid)
        if Path(f"/sys/class/net/{self.bridge}").exists():
            for rule in self._firewall_rules():
                succeeds(["iptables", *rule[:2], "-D", *rule[2:]])
            run(["ip", "link", "delete", self.bridge])

    def process(self) -> int | None:
        """The process that the pid file names, if it still is this folder's daemon."""
        try:
            pid = int((self.folder / "dockerd.pid").read_text())
        except (OSError, ValueError):
            return None
        return pid if self._runs(pid) else None

    def await_end(self, pid: int) -> None:
        """Wait until this process, a daemon that was told to end, has ended. EngineError where it does not."""
        deadline = time.monotonic() + STOP_SECONDS
        while self._runs(pid):
            if time.monotonic() > deadline:
                raise EngineError(f"the daemon (process {pid}) does not end")
            time.sleep(0.1)

    def shape(self, rate: str | None) -> None:
        """Limit what containers download to a rate in tc's words ("100mbit"); None lifts the limit."""
        install_missing({"tc": "iproute2"})
        device = ["dev", self.bridge, "root"]
        if rate is None:
            succeeds(["tc", "qdisc", "del", *device])
        else:
            run(["tc", "qdisc", "replace", *device, "tbf", "rate", rate, "burst", "256kb", "latency", "300ms"])

    def _runs(self, pid: int) -> bool:
        """Whether a process is this folder's daemon; one that has ended and waits to be reaped is none."""
        try:
            return str(self.folder).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False

    def _write_configuration(self) -> None:
        plugins = self.folder / "config/cli-plugins"
        plugins.mkdir(parents=True, exist_ok=True)
        if self.programs.plugins.is_dir():
            for plugin in self.programs.plugins.iterdir():
                with contextlib.suppress(FileExistsError):
                    (plugins / plugin.name).symlink_to(plugin)
        settings = {"proxies": {"default": proxies()}} if proxies() else {}
        (self.folder / "config/config.json").write_text(json.dumps(settings))
        daemon: dict[str, object] = {
            "data-root": str(self.folder / "data"),
            "exec-root": str(self.folder / "exec"),
            "pidfile": str(self.folder / "dockerd.pid"),
            "hosts": [f"unix://{self.socket}"],
            "bridge": self.bridge,
            "mtu": network_mtu(),
            # The rules that containers need are made here, for this bridge alone: dockerd would rewrite
            # the chains that another daemon on this machine relies on.
            "iptables": False,
            "ip-masq": False,
            "shutdown-timeout": 5,
        }
        if self.store == "containerd":
            daemon["features"] = {"containerd-snapshotter": True}
        else:
            daemon["storage-driver"] = self.store
        (self.folder / "daemon.json").write_text(json.dumps(daemon, indent=2))

    def _raise_bridge(self) -> None:
        if not Path(f"/sys/class/net/{self.bridge}").exists():
            run(["ip", "link", "add", self.bridge, "type", "bridge"])
            run(["ip", "addr", "add", f"{free_subnet()}.1/24", "dev", self.bridge])
        run(["ip", "link", "set", self.bridge, "up"])
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
        for rule in self._firewall_rules():
            if not succeeds(["iptables", *rule[:2], "-C", *rule[2:]]):
                run(["iptables", *rule[:2], "-I", *rule[2:]])

    def _firewall_rules(self) -> tuple[tuple[str, ...], ...]:
        network = self.gateway().rpartition(".")[0] + ".0/24"
        return (
            ("-t", "nat", "POSTROUTING", "-s", network, "!", "-o", self.bridge, "-j", "MASQUERADE"),
            ("-t", "filter", "FORWARD", "-i", self.bridge, "-j", "ACCEPT"),
            ("-t", "filter", "FORWARD", "-o", self.bridge, "-j", "ACCEPT"),
        )


def announce(daemon: Daemon) -> None:
    """Say which daemon runs where."""
    version = daemon.docker("version", "--format", "{{.Server.Version}}").strip()
    say(f"engine {version} ({daemon.store}) on {daemon.socket}")
