"""What a build reports while it runs: BuildKit's status messages as values.

`docker buildx build --progress=rawjson` writes one `client.SolveStatus` of BuildKit per line on stderr, between lines
of plain text (buildkit client/graph.go, buildx v0.12 and newer). A stored log of ours has two more lines, `BuildStart`
and `BuildEnd`, so that a replay needs neither engine nor Dockerfile. Times are float seconds since the epoch.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

LOG_SCHEMA = "dockwiz.buildlog/1"


@dataclass(frozen=True, slots=True)
class Vertex:
    """The state of one node of the build graph; repeated with growing fields, and with several intervals."""

    digest: str
    name: str
    inputs: tuple[str, ...] = ()
    cached: bool = False
    started: float | None = None
    completed: float | None = None
    error: str = ""
    group: str = ""
    """Id of the progress group that joins the two vertexes of a `COPY --link`."""


@dataclass(frozen=True, slots=True)
class Status:
    """Progress inside a vertex: bytes of a transfer, or a named phase such as `exporting layers`."""

    id: str
    vertex: str
    name: str = ""
    current: int = 0
    total: int = 0
    timestamp: float | None = None
    started: float | None = None
    completed: float | None = None


@dataclass(frozen=True, slots=True)
class Log:
    """Output of a step. Chunks are cut anywhere, also inside a character."""

    vertex: str
    stream: int
    """1 standard output, 2 standard error."""
    data: bytes
    timestamp: float | None = None


@dataclass(frozen=True, slots=True)
class BuildWarning:
    """A remark of BuildKit's linter."""

    short: str
    detail: str = ""
    url: str = ""
    level: int = 0
    vertex: str = ""
    file: str = ""
    line: int | None = None
    end_line: int | None = None
    source: bytes = field(default=b"", repr=False, compare=False)
    """The Dockerfile, which BuildKit repeats in every warning."""


@dataclass(frozen=True, slots=True)
class BuildStart:
    """First line of a stored log of ours: what is built."""

    command: tuple[str, ...] = ()
    """For display: values that look secret are masked."""
    dockerfile: str = ""
    """Path as errors name it."""
    source: bytes = field(default=b"", repr=False)
    """The Dockerfile's content; empty where it is not known."""
    started: float | None = None


@dataclass(frozen=True, slots=True)
class BuildEnd:
    """Last line of a stored log of ours: how the build ended."""

    exit_code: int
    """Of the builder's process; negative for a signal."""
    outcome: str
    """`done`, `failed` or `cancelled`."""
    message: str = ""
    """What dockwiz knows of the failure beyond the builder's words."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """Vertex digest to 1-based Dockerfile line, from the build's provenance."""
    seconds: float | None = None
    """Wall clock of the builder's process."""


BuildEvent = Vertex | Status | Log | BuildWarning | BuildStart | BuildEnd


def decode_line(line: bytes) -> tuple[BuildEvent, ...] | None:
    """The events of one line of a rawjson stream; None where the line is plain text of the builder.

    Lines may have any length. A line counts as events only if it is a JSON object with the shape of a status message:
    the same stderr carries error blocks and warnings in plain text, some of them with braces.
    """
    if not line.lstrip().startswith(b"{"):
        return None
    try:
        message = json.loads(line)
        if not isinstance(message, dict):
            return None
        if "dockwiz" in message:
            return (_own(message["dockwiz"]),)
        if not message.keys() & {"vertexes", "statuses", "logs", "warnings"}:
            return None
        return (
            *(_vertex(item) for item in message.get("vertexes") or ()),
            *(_status(item) for item in message.get("statuses") or ()),
            *(_log(item) for item in message.get("logs") or ()),
            *(_warning(item) for item in message.get("warnings") or ()),
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def encode(event: BuildStart | BuildEnd) -> bytes:
    """The line that stands for the event in a stored log."""
    value: dict[str, Any]
    if isinstance(event, BuildStart):
        value = {
            "schema": LOG_SCHEMA,
            "command": list(event.command),
            "dockerfile": event.dockerfile,
            "source": base64.b64encode(event.source).decode(),
            "started": event.started,
        }
    else:
        value = {
            "exit_code": event.exit_code,
            "outcome": event.outcome,
            "message": event.message,
            "lines": dict(event.lines),
            "seconds": event.seconds,
        }
    return json.dumps({"dockwiz": value}).encode() + b"\n"


def _own(value: dict[str, Any]) -> BuildStart | BuildEnd:
    if "exit_code" not in value:
        return BuildStart(
            command=tuple(map(str, value.get("command", ()))),
            dockerfile=str(value.get("dockerfile", "")),
            source=_bytes(value.get("source")),
            started=value.get("started"),
        )
    return BuildEnd(
        exit_code=int(value["exit_code"]),
        outcome=str(value["outcome"]),
        message=str(value.get("message", "")),
        lines={str(digest): int(line) for digest, line in value.get("lines", {}).items()},
        seconds=value.get("seconds"),
    )


def _vertex(item: dict[str, Any]) -> Vertex:
    return Vertex(
        digest=str(item["digest"]),
        name=str(item.get("name", "")),
        inputs=tuple(item.get("inputs") or ()),
        cached=bool(item.get("cached", False)),
        started=_time(item.get("started")),
        completed=_time(item.get("completed")),
        error=str(item.get("error", "")),
        group=str((item.get("progressGroup") or {}).get("id", "")),
    )


def _status(item: dict[str, Any]) -> Status:
    return Status(
        id=str(item.get("id", "")),
        vertex=str(item["vertex"]),
        name=str(item.get("name", "")),
        current=int(item.get("current", 0)),
        total=int(item.get("total", 0)),
        timestamp=_time(item.get("timestamp")),
        started=_time(item.get("started")),
        completed=_time(item.get("completed")),
    )


def _log(item: dict[str, Any]) -> Log:
    return Log(str(item["vertex"]), int(item.get("stream", 1)), _bytes(item.get("data")), _time(item.get("timestamp")))


def _warning(item: dict[str, Any]) -> BuildWarning:
    ranges = item.get("range") or ()
    place = item.get("sourceInfo") or {}
    lines = [position["line"] for part in ranges for position in (part.get("start"), part.get("end")) if position]
    return BuildWarning(
        short=_bytes(item.get("short")).decode(errors="replace"),
        detail="\n".join(_bytes(part).decode(errors="replace") for part in item.get("detail") or ()),
        url=str(item.get("url", "")),
        level=int(item.get("level", 0)),
        vertex=str(item.get("vertex", "")),
        file=str(place.get("filename", "")),
        line=int(min(lines)) if lines else None,
        end_line=int(max(lines)) if lines else None,
        source=_bytes(place.get("data")),
    )


def _bytes(text: str | None) -> bytes:
    try:
        return base64.b64decode(text or "")
    except binascii.Error:
        return b""


def _time(text: str | None) -> float | None:
    """Seconds since the epoch of an RFC 3339 time with up to nine digits; None for Go's zero time."""
    if not text or text.startswith("0001-"):
        return None
    return datetime.fromisoformat(text).timestamp()
