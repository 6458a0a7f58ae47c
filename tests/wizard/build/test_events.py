"""Lines of a rawjson stream become events; everything else stays text."""

from __future__ import annotations

import base64
import json

import pytest

from tests.wizard.build.streams import EPOCH, at, message, vertex
from wizard.build.events import BuildEnd, BuildStart, BuildWarning, Log, Status, Vertex, decode_line, encode


def test_a_vertex_with_nanoseconds_becomes_float_seconds() -> None:
    line = message(
        vertexes=[vertex("sha256:a", "[1/2] RUN x", 1.25, 2.5, inputs=("sha256:b",), cached=True, error="e")]
    )
    assert decode_line(line) == (
        Vertex("sha256:a", "[1/2] RUN x", ("sha256:b",), True, EPOCH + 1.25, EPOCH + 2.5, "e"),
    )


def test_absent_keys_are_absent_values() -> None:
    assert decode_line(b'{"vertexes":[{"digest":"sha256:a","name":"n"}]}\n') == (Vertex("sha256:a", "n"),)


def test_go_zero_times_are_no_times() -> None:
    line = b'{"vertexes":[{"digest":"d","name":"n","started":"0001-01-01T00:00:00Z"}]}'
    assert decode_line(line) == (Vertex("d", "n"),)


def test_status_log_and_warning_in_one_line() -> None:
    line = json.dumps(
        {
            "statuses": [{"id": "transferring context:", "vertex": "d", "current": 36, "timestamp": at(1)}],
            "logs": [{"vertex": "d", "stream": 2, "data": "w6k=", "timestamp": at(2)}],
            "warnings": [
                {
                    "vertex": "d",
                    "level": 1,
                    "short": base64.b64encode(b"LegacyKeyValueFormat: no").decode(),
                    "detail": [base64.b64encode(b"why").decode()],
                    "url": "https://example.com",
                    "sourceInfo": {"filename": "Dockerfile", "data": base64.b64encode(b"FROM x\n").decode()},
                    "range": [{"start": {"line": 3}, "end": {"line": 4}}],
                }
            ],
        }
    ).encode()
    status, log, warning = decode_line(line) or ()
    assert status == Status("transferring context:", "d", current=36, timestamp=EPOCH + 1)
    assert log == Log("d", 2, "é".encode(), EPOCH + 2)
    assert isinstance(warning, BuildWarning)
    assert (warning.short, warning.detail, warning.line, warning.end_line) == ("LegacyKeyValueFormat: no", "why", 3, 4)
    assert warning.source == b"FROM x\n"


def test_a_line_longer_than_any_buffer_is_one_event() -> None:
    data = b"x" * 300_000
    line = message(logs=[{"vertex": "d", "stream": 1, "data": base64.b64encode(data).decode(), "timestamp": at(0)}])
    assert decode_line(line) == (Log("d", 1, data, float(EPOCH)),)


@pytest.mark.parametrize(
    "line",
    [
        b"ERROR: failed to build: failed to solve: Canceled: context canceled\n",
        b"Dockerfile:9\n",
        b"   9 | >>> RUN { exit 37; }\n",
        b'{"level":"warning","msg":"the SDK speaks JSON too"}\n',
        b"{not json}\n",
        b"{}\n",
        b'["vertexes"]\n',
        b'{"vertexes":"no list of objects"}\n',
        b'{"vertexes":[{"name":"no digest"}]}\n',
        b'{"vertexes":[{"digest":"d","name":"n","started":"yesterday"}]}\n',
        b'{"dockwiz": "nothing of ours"}\n',
        b"\n",
        b"\xff\xfe\n",
    ],
)
def test_anything_else_is_text(line: bytes) -> None:
    assert decode_line(line) is None


def test_our_own_lines_survive_storing() -> None:
    begin = BuildStart(("docker", "buildx"), "Dockerfile", b"FROM x\n\xff", 12.5)
    end = BuildEnd(-9, "failed", "killed", {"sha256:a": 3}, 1.5)
    assert decode_line(encode(begin)) == (begin,)
    assert decode_line(encode(end)) == (end,)
