"""What the name of a base image tells of its release."""

from __future__ import annotations

import pytest

from wizard.inspection.division.debian import RELEASES
from wizard.inspection.image_names import Release, release_of


@pytest.mark.parametrize(
    ("image", "release"),
    [
        ("python:3.11-slim-bookworm", Release("debian", "bookworm")),
        ("docker.io/library/python:3.12-trixie@sha256:" + "a" * 64, Release("debian", "trixie")),
        ("registry.example.com/docker/library/python:3.12-trixie", Release("debian", "trixie")),
        ("python:${VERSION:-3.11}-slim-bookworm", Release("debian", "bookworm")),
        ("debian:12", Release("debian", "bookworm")),
        ("nvidia/cuda:12.4.1-base-ubuntu22.04", Release("ubuntu", "jammy")),
        ("python:3.9-slim-buster", Release("debian", "buster")),
        ("debian:unstable-slim", Release("debian", "sid")),
    ],
)
def test_a_tag_names_a_release(image: str, release: Release) -> None:
    assert release_of(image) == release


@pytest.mark.parametrize(
    "image",
    ["python:3.11-slim", "python:$TAG", "python", "debian:stable", "node:12-slim", "python:3.11-alpine3.20", "$BASE"],
)
def test_a_tag_leaves_the_release_open(image: str) -> None:
    assert release_of(image) is None


def test_an_image_that_nobody_described_has_no_release_whatever_its_tag_says() -> None:
    assert release_of("someone/thing:bookworm") is None


def test_a_release_that_is_named_need_not_be_one_of_the_tables_of_libraries() -> None:
    found = release_of("python:3.9-slim-buster")
    assert found is not None
    assert found.name not in RELEASES
