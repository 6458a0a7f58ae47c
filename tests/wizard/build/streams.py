"""Hand-made streams for the tests: the shapes of BuildKit's messages, written down."""

from __future__ import annotations

import base64
import json
from typing import Any

from wizard.build.events import BuildEvent, decode_line
from wizard.build.trace import Reducer
from wizard.build.values import BuildTrace

EPOCH = 1_700_000_000


def at(seconds: float) -> str:
    """A BuildKit time, so many seconds after the start of the test's build."""
    whole, fraction = divmod(round(seconds * 1_000_000_000), 1_000_000_000)
    minutes, second = divmod(20 + whole, 60)
    return f"2023-11-14T22:{13 + minutes:02}:{second:02}.{fraction:09}Z"


def vertex(
    digest: str,
    name: str,
    start: float | None = None,
    end: float | None = None,
    *,
    inputs: tuple[str, ...] = (),
    cached: bool = False,
    error: str = "",
) -> dict[str, Any]:
    value: dict[str, Any] = {"digest": digest, "name": name}
    value |= {"inputs": list(inputs)} if inputs else {}
    value |= {} if start is None else {"started": at(start)}
    value |= {} if end is None else {"completed": at(end)}
    value |= {"cached": True} if cached else {}
    return value | ({"error": error} if error else {})


def log(digest: str, data: bytes, stream: int = 1, time: float = 0) -> dict[str, Any]:
    return {"vertex": digest, "stream": stream, "data": base64.b64encode(data).decode(), "timestamp": at(time)}


def message(**parts: list[dict[str, Any]]) -> bytes:
    return json.dumps(parts).encode() + b"\n"


def events(*lines: bytes) -> list[BuildEvent | str]:
    found: list[BuildEvent | str] = []
    for line in lines:
        decoded = decode_line(line)
        found += [line.decode().rstrip("\n")] if decoded is None else decoded
    return found


def reduced(*lines: bytes) -> Reducer:
    reducer = Reducer()
    for event in events(*lines):
        reducer.feed(event)
    return reducer


def trace(*vertexes: dict[str, Any], text: tuple[str, ...] = ()) -> BuildTrace:
    """The final trace of a build that reported these vertexes, one message each, then this text."""
    lines = [message(vertexes=[item]) for item in vertexes]
    return reduced(*lines, *(line.encode() + b"\n" for line in text)).finish()
