"""Values that BuildKit checks once they are expanded: ports, signals, platforms, modes.

Source: BuildKit's frontend/dockerfile/dockerfile2llb (0.25), moby/sys/signal and containerd/platforms. Each function
gives BuildKit's words where it refuses the value, else None.
"""

from __future__ import annotations

import re
from typing import Final

from wizard.dockerfile.errors import quoted

_SIGNALS: Final = frozenset({
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE",
    "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU",
    "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN", "RTMAX",
}) | {f"RTMIN+{n}" for n in range(1, 16)} | {f"RTMAX-{n}" for n in range(1, 15)}  # fmt: skip
_OPERATING_SYSTEMS: Final = frozenset({
    "aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "js", "linux", "nacl",
    "netbsd", "openbsd", "plan9", "solaris", "windows", "zos", "macos",
})  # fmt: skip
_ARCHITECTURES: Final = frozenset({
    "386", "amd64", "amd64p32", "arm", "armbe", "arm64", "arm64be", "ppc64", "ppc64le", "loong64", "mips",
    "mipsle", "mips64", "mips64le", "mips64p32", "mips64p32le", "ppc", "riscv", "riscv64", "s390", "s390x",
    "sparc", "sparc64", "wasm", "i386", "x86_64", "x86-64", "aarch64", "armhf", "armel",
})  # fmt: skip
_SYSTEM: Final = re.compile(r"[A-Za-z0-9_-]+(?:\([A-Za-z0-9_.%+-]*\))?\Z")
_PART: Final = re.compile(r"[A-Za-z0-9_.-]+\Z")
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,18}\Z")


def signal_refusal(value: str) -> str | None:
    """What STOPSIGNAL names."""
    if _INTEGER.match(value):
        return f"invalid signal: {value}" if int(value) == 0 else None
    return None if value.upper().removeprefix("SIG") in _SIGNALS else f"invalid signal: {value}"


def port_refusal(value: str) -> str | None:
    """One word of EXPOSE: `[[address:]host port:]port[-port][/protocol]`."""
    before, _, container = value.rpartition(":")
    address, _, host = before.rpartition(":")
    container, _, protocol = container.partition("/")
    if not container:
        return f"invalid port: {quoted(value)}: no port specified"
    if protocol.lower() not in ("", "tcp", "udp", "sctp"):
        return f"invalid port: {quoted(value)}: invalid proto: {protocol}"
    if address and not _is_address(address.removeprefix("[").removesuffix("]")):
        return f"invalid IP address: {address}"
    inner = _port_range(container)
    if inner is None:
        return f"invalid containerPort: {container}"
    if not host:
        return None
    outer = _port_range(host)
    if outer is None:
        return f"invalid hostPort: {host}"
    if inner[1] - inner[0] not in (0, outer[1] - outer[0]):
        return f"invalid ranges specified for container and host Ports: {container} and {host}"
    return None


def _is_address(text: str) -> bool:
    import ipaddress

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _port_range(text: str) -> tuple[int, int] | None:
    start, has_end, end = text.partition("-")
    first = _port(start)
    last = _port(end) if has_end and end != start else first
    return None if first is None or last is None or last < first else (first, last)


def _port(text: str) -> int | None:
    return int(text) if _INTEGER.match(text) and 0 <= int(text) <= 65535 else None


def platform_refusal(value: str, written: str) -> str | None:
    """The value of `--platform`; the words end where BuildKit goes on to explain."""
    parts = value.split("/", 3)
    known = _OPERATING_SYSTEMS | _ARCHITECTURES
    if (
        "*" not in value
        and _SYSTEM.match(parts[0])
        and all(_PART.match(part) for part in parts[1:])
        and (len(parts) in (2, 3) or (len(parts) == 1 and parts[0].partition("(")[0].lower() in known))
    ):
        return None
    return f"failed to parse platform {written}"


def mode_refusal(value: str) -> str | None:
    """A number in `--chmod`; BuildKit alone reads the symbolic ones."""
    if value.isdecimal() and not (re.fullmatch("[0-7]{1,20}", value) and int(value, 8) <= 0o7777):
        return f"invalid chmod parameter: '{value}'. it should be octal string and between 0 and 07777"
    return None
