"""Messages come on one line, or indented over many (buildx before 0.14)."""

from __future__ import annotations

import json

from tests.wizard.build.streams import message, vertex
from wizard.build.messages import Joiner


def joined(stream: bytes) -> list[bytes]:
    joiner = Joiner()
    found = [whole for line in stream.splitlines(keepends=True) for whole in joiner.feed(line)]
    return found + joiner.flush()


def test_an_indented_message_becomes_one_line() -> None:
    value = json.loads(message(vertexes=[vertex("a", '[2/2] RUN echo "}\n{"', 0, 1, inputs=("b",))]))
    stream = json.dumps(value, indent=2).encode() + b"\n"
    (line,) = joined(stream)
    assert json.loads(line) == value


def test_lines_that_are_whole_pass_unchanged() -> None:
    lines = [message(vertexes=[vertex("a", "n")]), b"Dockerfile:3\n", b"   3 | >>> RUN {\n", b"}\n"]
    assert joined(b"".join(lines)) == lines


def test_text_after_an_open_brace_is_given_back() -> None:
    stream = b'{\n  "vertexes": [\nERROR: failed\n'
    assert joined(stream) == stream.splitlines(keepends=True)


def test_a_message_cut_off_at_the_end_is_given_back() -> None:
    assert joined(b'{\n  "a": 1') == [b"{\n", b'  "a": 1']
