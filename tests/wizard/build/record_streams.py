"""Records the streams in tests/fixtures/streams with a real engine: `python -m tests.wizard.build.record_streams`.

A name records that one alone: `containerd` wants an engine with that image store, `indented` a buildx before 0.14,
which writes its messages over several lines.
Run it with an engine in the environment (tests/engine/engine.py); then write the expected traces anew with
`DOCKWIZ_WRITE_GOLDEN=1 pytest tests/wizard/build/test_streams.py` and read the difference.
"""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import uuid
from collections.abc import Mapping
from pathlib import Path

STREAMS = Path(__file__).parents[2] / "fixtures" / "streams"

PARALLEL = r"""
    FROM debian:bookworm-slim AS base
    WORKDIR /srv

    FROM base AS deps
    COPY requirements.txt .
    RUN echo installing; sleep 1.2; \
        echo done > /srv/deps.txt
    RUN printf '10%%\r20%%\r100%%\n'; printf '\033[32mgreen\033[0m caf\303\251\n'

    FROM base AS assets
    RUN for i in 1 2 3; do echo "asset $i"; sleep 0.6; done; echo x > /srv/assets.txt

    FROM base
    COPY --from=deps /srv/deps.txt /srv/
    COPY --from=assets /srv/assets.txt /srv/
    COPY src src
    RUN cat /srv/deps.txt /srv/assets.txt
    CMD ["cat"]
"""

FAILED = r"""
    FROM debian:bookworm-slim AS slow
    RUN echo waiting; sleep 30

    FROM debian:bookworm-slim AS bad
    # why it fails
    RUN echo "about to fail"; \
        sleep 0.5; \
        exit 37

    FROM debian:bookworm-slim AS final
    COPY --from=slow /etc/hostname /a
    COPY --from=bad /etc/hostname /b
    RUN echo never
"""

LINKED = r"""
    FROM debian:bookworm-slim AS one
    RUN echo 1 > /one
    FROM debian:bookworm-slim AS two
    RUN echo 2 > /two
    FROM debian:bookworm-slim
    COPY --link --from=one /one /
    COPY --link --from=two /two /
    WORKDIR /app/
    COPY <<EOF /etc/motd
    hello
    EOF
    RUN <<EOF
    set -e
    echo "in a heredoc"
    cat /etc/motd
    EOF
"""

WARNINGS = r"""
    from debian:bookworm-slim as Base
    ENV KEY value
    MAINTAINER someone
    ARG VERSION=7
    RUN echo "v is $VERSION"
    WORKDIR /
    WORKDIR app
    COPY present.txt .
"""

MISSING = r"""
    FROM debian:bookworm-slim
    COPY absent.txt .
"""

CLIPPED = r"""
    FROM debian:bookworm-slim
    RUN head -c 600000 /dev/zero | tr '\0' x | fold -w 100; printf '\303\251\n'
    RUN printf 'no line end'
"""

SHARED_FIRST = r"""
    FROM debian:bookworm-slim AS tools
    RUN echo "shared ONCE"; sleep 4
    RUN echo also shared; sleep 0.5
    COPY --link shared.txt /

    FROM debian:bookworm-slim AS other
    RUN echo only in the first; sleep 1

    FROM tools
    COPY --from=other /etc/hostname /h
"""
SHARED_SECOND = r"""
    FROM debian:bookworm-slim AS base
    MAINTAINER someone
    RUN echo "shared ONCE"; sleep 4

    FROM base AS deps
    RUN echo also shared; sleep 0.5
    COPY --link shared.txt /

    FROM deps
    RUN echo only in the second
"""


def main(only: list[str]) -> None:
    STREAMS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        once = str(uuid.uuid4())
        parallel = _context(root / "parallel", PARALLEL, {"requirements.txt": once, "src/app.py": once})
        if only:
            for name in only:
                _record(name, parallel)
            return
        _record("parallel", parallel, "--no-cache")
        _record("cached", parallel)
        (parallel / "src" / "app.py").write_text(once + "edited")
        _record("source-edit", parallel)
        _record("cancelled", parallel, "--no-cache", cancel=True)
        _record("failed", _context(root / "failed", FAILED), "--no-cache")
        _record("linked", _context(root / "linked", LINKED), "--no-cache")
        _record("warnings", _context(root / "warnings", WARNINGS, {"present.txt": once}), "--no-cache")
        _record("missing-file", _context(root / "missing", MISSING))
        _record("clipped", _context(root / "clipped", CLIPPED), "--no-cache")
        _record("parse-error", _context(root / "parse-error", "FROM debian:bookworm-slim\nRUN true\nFOO bar\n"))
        _record_shared(root, once)
        _record("named-context", parallel, "--build-context=debian:bookworm-slim=docker-image://python:3.11-slim")


def _context(folder: Path, dockerfile: str, files: Mapping[str, str] | None = None) -> Path:
    for name, content in {"Dockerfile": textwrap.dedent(dockerfile).lstrip(), **(files or {})}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


def _record_shared(root: Path, once: str) -> None:
    """The second of two builds that need the same steps at the same time."""
    files = {"shared.txt": once}
    first = _context(root / "first", SHARED_FIRST.replace("ONCE", once), files)
    second = _context(root / "second", SHARED_SECOND.replace("ONCE", once), files)
    with subprocess.Popen(
        ["docker", "buildx", "build", "--progress=rawjson", str(first)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stderr is not None
        assert any(b'"logs"' in line for line in process.stderr)
        _record("shared", second)


def _record(name: str, context: Path, *options: str, cancel: bool = False) -> None:
    process = subprocess.Popen(
        ["docker", "buildx", "build", "--progress=rawjson", *options, str(context)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "DOCKER_CLI_HINTS": "false"},
        start_new_session=True,
    )
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        # The first output: a step is running.
        if cancel and b'"logs"' in line:
            os.killpg(process.pid, signal.SIGINT)
    print(name, process.wait(), len(lines), "lines")
    (STREAMS / f"{name}.jsonl.gz").write_bytes(gzip.compress(b"".join(lines), mtime=0))


if __name__ == "__main__":
    main(sys.argv[1:])
