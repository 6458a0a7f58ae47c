"""Which frontend reads a Dockerfile, and what that one has."""

import pytest

from wizard.assets import knowledge
from wizard.dockerfile import parse
from wizard.inspection.frontend import Feature, frontend_of, title, used_features
from wizard.inspection.values import Engine

DIGEST = "@sha256:9857836c9ee4268391bb5b09f9f157f3c91bb15821bb77969642813b0d00518d"


def engine(version: str) -> Engine:
    return Engine(version, "1.41", "unix:///run/docker.sock", "overlay2", None, None, None, "amd64")


@pytest.mark.parametrize(
    ("syntax", "feature", "has"),
    [
        ("docker/dockerfile:1", "parents", True),
        ("docker/dockerfile", "parents", True),
        ("docker.io/docker/dockerfile:latest", "link", True),
        ("docker/dockerfile:1.2", "cache-mount", True),
        ("docker/dockerfile:1.2", "link", False),
        ("docker/dockerfile:1.2.1", "heredoc", False),
        ("docker/dockerfile:1.3-labs", "heredoc", True),
        ("docker/dockerfile:1.3", "heredoc", False),
        ("docker/dockerfile:1.4", "link", True),
        ("docker/dockerfile:1.4.3", "exclude", False),
        ("docker/dockerfile:1.7-labs", "parents", True),
        ("docker/dockerfile:1.7", "parents", False),
        ("docker/dockerfile:1-labs", "parents", True),
        ("docker/dockerfile:labs", "parents", True),
        ("docker/dockerfile:1.0-experimental", "cache-mount", True),
        ("docker/dockerfile:1.0", "cache-mount", False),
        ("docker/dockerfile:1.1.7-experimental", "cache-mount", True),
        ("docker/dockerfile:experimental", "cache-mount", True),
        ("docker/dockerfile:experimental", "link", False),
        ("docker/dockerfile-upstream:master", "parents", True),
        ("docker/dockerfile:1.10", "secret-env", True),
        ("docker/dockerfile:1.9", "secret-env", False),
        ("docker/dockerfile:1.4" + DIGEST, "link", True),
        ("docker/dockerfile:1" + DIGEST, "cache-mount", True),
        ("docker/dockerfile:1" + DIGEST, "link", False),
        ("docker/dockerfile" + DIGEST, "link", False),
        ("mirror.example.com:5000/hub/docker/dockerfile:1.4", "link", True),
        ("mirror/dockerfile:1.4", "link", False),
        ("example.com/own-frontend:9", "cache-mount", False),
        ("docker/dockerfile:nightly", "cache-mount", False),
    ],
)
def test_a_syntax_line_decides_whatever_the_engine_is(syntax: str, feature: Feature, has: bool) -> None:
    document = parse(f"# syntax={syntax}\nFROM a\n".encode())
    assert frontend_of(document, None).has(feature) is has
    assert frontend_of(document, engine("20.10.24")).has(feature) is has
    assert frontend_of(document, engine("29.7.0")).has(feature) is has


@pytest.mark.parametrize(
    ("version", "feature", "has"),
    [
        ("20.10.24", "cache-mount", True),
        ("20.10.24", "heredoc", False),
        ("20.10.24", "link", False),
        ("23.0.6", "link", True),
        ("24.0.9", "checksum", False),
        ("25.0.3", "checksum", True),
        ("26.1.5", "symbolic-chmod", False),
        ("27.2.1", "secret-env", False),
        ("27.3.0", "secret-env", True),
        ("28.5.2", "exclude", True),
        ("28.4.0", "exclude", False),
        ("28.5.2", "parents", False),
        ("29.1.0", "parents", True),
        ("28.5.2+dfsg1", "exclude", True),
        ("30.0.0-rc.1", "parents", True),
    ],
)
def test_without_a_syntax_line_the_engine_decides(version: str, feature: Feature, has: bool) -> None:
    assert frontend_of(parse(b"FROM a\n"), engine(version)).has(feature) is has


def test_without_an_engine_it_is_read_as_by_the_newest_and_that_is_said() -> None:
    frontend = frontend_of(parse(b"FROM a\n"), None)
    assert frontend.has("link")
    assert frontend.doubt("link") == "COPY --link needs engine 23.0 or later: not checked, no engine was asked."
    assert frontend.doubt("cache-mount") == ""
    assert frontend_of(parse(b"FROM a\n"), engine("28.5.2")).doubt("link") == ""


def test_a_digest_does_not_tell_the_release_and_that_is_said() -> None:
    pinned = frontend_of(parse(f"# syntax=docker/dockerfile:1{DIGEST}\nFROM a\n".encode()), None)
    assert pinned.doubt("cache-mount") == "Its digest does not tell which release the frontend is."
    assert "does not have COPY --link" in pinned.lacks("link")


def test_what_a_file_uses_is_found_in_flags_heredocs_directives_and_triggers() -> None:
    document = parse(
        b"# check=skip=all\nFROM a\nRUN --mount=type=secret,id=k,env=K x\nRUN <<E\ny\nE\n"
        b"COPY --chmod=u=rwx --link a b\nONBUILD COPY --exclude=*.md . .\n"
        b"HEALTHCHECK --start-interval=1s CMD x\nADD --chmod=644 c d\n"
    )
    assert used_features(document) == {
        *("check-directive", "cache-mount", "secret-env", "heredoc", "chmod", "symbolic-chmod", "link", "exclude"),
        "start-interval",
    }
    assert used_features(parse(b"FROM a\nCOPY --chown=1:1 a b\nRUN echo '<<E'\n")) == frozenset()


def test_every_feature_has_a_title_and_a_source() -> None:
    table = knowledge("frontend_features")
    assert set(table) == set(Feature.__args__)  # type: ignore[attr-defined]
    for feature, entry in table.items():
        assert title(feature)
        assert entry["source"]
