"""Vertex names say which step they are."""

from __future__ import annotations

import pytest

from wizard.build.steps import Kind, StepName, kind_of, parse_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("[2/2] RUN x", StepName(None, "stage-0", True, 2, 2, "RUN x", False)),
        ("[ 2/10] RUN x", StepName(None, "stage-0", True, 2, 10, "RUN x", False)),
        ("[deps  2/10] RUN x", StepName(None, "deps", False, 2, 10, "RUN x", False)),
        ("[stage-3 1/4] COPY a b", StepName(None, "stage-3", False, 1, 4, "COPY a b", False)),
        ("[linux/arm64 base 2/2] RUN x", StepName("linux/arm64", "base", False, 2, 2, "RUN x", False)),
        ("[linux/arm/v7 2/2] RUN x", StepName("linux/arm/v7", "stage-0", True, 2, 2, "RUN x", False)),
        ("[linux/amd64->arm64 base 2/2] RUN x", StepName("linux/amd64->arm64", "base", False, 2, 2, "RUN x", False)),
        ("[a 2/3] LINK COPY --link x y", StepName(None, "a", False, 2, 3, "COPY --link x y", True)),
        ("[1/2] RUN echo [3/4] y", StepName(None, "stage-0", True, 1, 2, "RUN echo [3/4] y", False)),
        ("[a 1/2] RUN <<EOF (set -e...)\nx", StepName(None, "a", False, 1, 2, "RUN <<EOF (set -e...)\nx", False)),
    ],
)
def test_numbered_names_are_taken_apart(name: str, expected: StepName) -> None:
    assert parse_name(name) == expected


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("[a 2/3] COPY x y", Kind.STEP),
        ("[a 2/3] WORKDIR /x", Kind.STEP),
        ("[a 1/3] FROM docker.io/library/debian", Kind.IMAGE),
        ("FROM docker.io/library/debian", Kind.IMAGE),
        ("[context base] docker.io/library/debian", Kind.IMAGE),
        ("[internal] load build context", Kind.CONTEXT),
        ("[linux/arm64 internal] load build context", Kind.CONTEXT),
        ("[context other] load from client", Kind.CONTEXT),
        ("[internal] load build definition from Dockerfile", Kind.INTERNAL),
        ("[linux/arm64 internal] load metadata for docker.io/library/debian", Kind.INTERNAL),
        ("[internal] preparing inline document", Kind.INTERNAL),
        ("[auth] library/debian:pull token for a registry", Kind.INTERNAL),
        ("resolving provenance for metadata file", Kind.INTERNAL),
        ("importing cache manifest from registry", Kind.INTERNAL),
        ("exporting to image", Kind.EXPORT),
        ("exporting to docker image format", Kind.EXPORT),
        ("exporting cache to registry", Kind.EXPORT),
        ("importing to docker", Kind.EXPORT),
        ("pushing layers", Kind.EXPORT),
    ],
)
def test_every_vertex_has_a_kind(name: str, kind: Kind) -> None:
    assert kind_of(name) is kind
