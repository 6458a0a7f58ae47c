"""What a cache is called, and where a compiler may fill it."""

from __future__ import annotations

import pytest

from wizard.dockerfile.scanner import parse
from wizard.inspection.caches.names import may_compile, release_name


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("debian:bookworm-slim", "debian-bookworm"),
        ("debian:12", "debian-bookworm"),
        ("python:3.11-slim-bookworm", "debian-bookworm"),
        ("docker.io/library/python:3.12-trixie@sha256:" + "a" * 64, "debian-trixie"),
        ("node:12-slim", "node-12-slim"),
        ("ubuntu:22.04", "ubuntu-jammy"),
        ("nvidia/cuda:12.4.1-base-ubuntu22.04", "ubuntu-jammy"),
        ("python:3.11-slim", "python-3.11-slim"),
        ("debian", "debian"),
        ("debian:stable-slim", "debian-stable-slim"),
        ("registry.example.com:5000/team/base:1.2", "team-base-1.2"),
        ("python@sha256:0123456789abcdef" + "0" * 48, "python-0123456789ab"),
        ("python:${VERSION}-slim", "python-version-slim"),
        ("$BASE", "base"),
    ],
)
def test_a_cache_is_named_after_the_release_or_else_the_image(image: str, name: str) -> None:
    assert release_name(image) == name


@pytest.mark.parametrize(
    ("text", "compiler"),
    [
        ("FROM python:3.11-slim\nRUN pip install a", False),
        ("FROM python:3.11\nRUN pip install a", True),
        ("FROM someone/python\nRUN pip install a", True),
        ("FROM python:3.11-slim\nRUN apt-get install -y curl\nRUN pip install a", False),
        ("FROM python:3.11-slim\nRUN apt-get install -y libpq-dev\nRUN pip install a", True),
        ("FROM python:3.11-slim\nRUN apt-get install -y $PACKAGES\nRUN pip install a", True),
        ("FROM python:3.11-slim AS b\nRUN apt-get install -y gcc\nFROM b\nRUN pip install a", True),
        ("FROM python:3.11-alpine\nRUN apk add build-base\nRUN pip install a", True),
        ("FROM nvidia/cuda:12.4.1-base-ubuntu22.04\nRUN pip install a", False),
        ("FROM nvidia/cuda:12.4.1-devel-ubuntu22.04\nRUN pip install a", True),
    ],
)
def test_a_compiler_is_there_where_the_image_or_a_step_brings_one_or_neither_is_known(
    text: str, compiler: bool
) -> None:
    document = parse(text.encode() + b"\n", "Dockerfile")
    assert may_compile(document, document.stages[-1], document.instructions[-1]) is compiler


def test_a_compiler_that_comes_later_is_not_there_yet() -> None:
    document = parse(b"FROM python:3.11-slim\nRUN pip install a\nRUN apt-get install -y gcc\n", "Dockerfile")
    assert not may_compile(document, document.stages[0], document.instructions[1])
