"""Secret values stay out of what is shown and stored."""

from __future__ import annotations

import pytest

from tests.wizard.build.streams import log, message, vertex
from wizard.build.events import Log, Vertex, decode_line
from wizard.build.secrets import MASK, looks_secret, redact, secret_values


@pytest.mark.parametrize("name", ["NPM_TOKEN", "db_password", "KEY", "API_KEY", "APIKEY", "AWS_SECRET_ACCESS_KEY"])
def test_names_of_secrets(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize("name", ["VERSION", "AUTHOR", "KEYBOARD", "PUBLIC_KEY", "MONKEY", "TOKENIZERS_PARALLELISM"])
def test_names_of_other_things(name: str) -> None:
    assert not looks_secret(name)


def test_values_come_from_arguments_environment_and_dockerfile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_TOKEN", "from-environment")
    dockerfile = b"""\
ARG GITHUB_TOKEN="in the file"
FROM debian
ENV A=1 DB_PASSWORD=hunter22 OTHER=x
ENV API_KEY old style
ENV COPY_TOKEN=$GITHUB_TOKEN PIP_INDEX_URL=https://me:pass-word@host/simple
"""
    arguments = {"NPM_TOKEN": "argument", "CI_TOKEN": None, "VERSION": "12345", "PIN_TOKEN": "1"}
    assert secret_values(arguments, dockerfile) == {
        "argument",
        "from-environment",
        "in the file",
        "hunter22",
        "old style",
        "pass-word",
    }


def test_a_dockerfile_that_cannot_be_read_has_no_values() -> None:
    assert secret_values({}, b"FOO bar\n") == frozenset()


def test_values_are_masked_in_names_errors_and_output() -> None:
    secret = 's3c"ret'
    name = decode_line(redact(message(vertexes=[vertex("a", f"[2/2] RUN login {secret}")]), {secret}))
    assert name == (Vertex("a", f"[2/2] RUN login {MASK}"),)
    (output,) = decode_line(redact(message(logs=[log("a", f"using {secret}\n".encode())]), {secret})) or ()
    assert isinstance(output, Log)
    assert output.data == f"using {MASK}\n".encode()
    assert redact(f"ERROR: {secret}\n".encode(), {secret}) == f"ERROR: {MASK}\n".encode()
