"""exec-form-cmd: what makes a proposal a review, and both forms started on a real engine."""

from __future__ import annotations

import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Engine
from wizard.inspection import inspect
from wizard.plan.fold import make_plan
from wizard.workspace import open_workspace

FOLDER = Path(__file__).parents[2] / "fixtures" / "rules" / "exec-form-cmd"


@pytest.mark.parametrize(
    ("case", "safety", "says"),
    [
        ("plain", "safe", "signals reach it"),
        ("behind-an-init", "safe", "signals reach it"),
        ("script-of-the-repo", "safe", "signals reach it"),
        ("entrypoint-for-review", "review", "Arguments that are given to `docker run` reach the program then"),
        ("entrypoint-given-arguments-by-ci", "review", ".github/workflows/test.yml:7 may give some."),
        ("entrypoint-given-arguments-by-kubernetes", "review", "deploy/web.yaml:9 may give some."),
        ("unknown-base-for-review", "review", "Whether registry.example.org/team/base:1 has an ENTRYPOINT"),
        ("code-asks-for-pwd", "review", "app.py asks for the variable PWD, which a shell sets"),
    ],
)
def test_what_only_a_person_can_tell_waits_for_a_review(case: str, safety: str, says: str) -> None:
    workspace = open_workspace(FOLDER / case / "before")
    plan = make_plan(workspace, inspect(workspace))
    (proposal,) = (step.proposal for step in plan.steps if step.proposal.rule == "exec-form-cmd")
    assert proposal.safety == safety
    assert says in proposal.risk


def _safety(folder: Path, lines: str, script: str | None = None) -> str:
    (folder / "Dockerfile").write_text(f"FROM debian:bookworm-slim\n{lines}CMD serve\n")
    if script is not None:
        (folder / "serve").write_text(script)
    workspace = open_workspace(folder)
    plan = make_plan(workspace, inspect(workspace))
    return next(step.proposal.safety for step in plan.steps if step.proposal.rule == "exec-form-cmd")


@pytest.mark.parametrize(
    "lines",
    [
        "COPY --chmod=755 <<EOF /usr/local/bin/serve\necho hi\nEOF\n",
        "RUN <<EOF\ncat > /usr/local/bin/serve <<X\necho hi\nX\nchmod +x /usr/local/bin/serve\nEOF\n",
        "WORKDIR /usr/local/bin\nRUN echo 'echo hi' > serve && chmod +x serve\n",
        "RUN cd /usr/local/bin && echo 'echo hi' > serve\n",
        "RUN python3 -c \"open('/usr/local/bin/serve', 'w').write('echo hi')\"\n",
        "COPY --from=tools /serve /usr/local/bin/\n",
        "ADD https://example.org/serve /usr/local/bin/serve\n",
    ],
)
def test_a_program_that_the_file_may_write_waits_for_a_review(tmp_path: Path, lines: str) -> None:
    assert _safety(tmp_path, lines) == "review"


@pytest.mark.parametrize(
    "lines",
    [
        "RUN apt-get update && apt-get install -y serve\n",
        "RUN useradd serve && mkdir -p /etc/serve && chown serve /etc/serve\n",
        "RUN serve --version\n",
        "COPY --from=tools /etc/serve /etc/serve\n",
        "COPY --chmod=755 <<EOF /usr/local/bin/serve\n#!/bin/sh\necho hi\nEOF\n",
    ],
)
def test_a_program_that_is_installed_or_called_is_one_of_the_image(tmp_path: Path, lines: str) -> None:
    assert _safety(tmp_path, lines) == "safe"


@pytest.mark.parametrize(
    ("add", "safety"),
    [
        ("ADD tools.tar /", "review"),
        ("ADD tools.tar /usr/local", "review"),
        ("ADD *.tar /", "review"),
        ("ADD tools.tar /opt", "safe"),
        ("ADD Dockerfile /usr/local/bin/", "safe"),
        ("COPY tools.tar /", "safe"),
    ],
)
def test_an_archive_that_is_unpacked_over_the_program_may_write_it(tmp_path: Path, add: str, safety: str) -> None:
    with tarfile.open(tmp_path / "tools.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("usr/local/bin/serve"))
    assert _safety(tmp_path, f"{add}\n") == safety


@pytest.mark.parametrize(
    ("run", "safety"),
    [("sed -i 's/\\r$//'", "safe"), ("chmod +x", "safe"), ("sed -i 1d", "review")],
)
def test_a_script_of_the_repo_keeps_its_first_line(tmp_path: Path, run: str, safety: str) -> None:
    lines = f"COPY serve /usr/local/bin/\nRUN {run} /usr/local/bin/serve\n"
    assert _safety(tmp_path, lines, "#!/bin/sh\necho hi\n") == safety


@pytest.fixture
def tag(engine: Engine) -> Iterator[str]:
    name = f"dockwiz-test:{uuid.uuid4()}"
    yield name
    engine.run(["docker", "image", "rm", "-f", f"{name}-before", f"{name}-after"])


@pytest.mark.engine
@pytest.mark.parametrize("case", ["plain", "script-of-the-repo"])
def test_the_container_says_the_same(engine: Engine, tag: str, case: str) -> None:
    said = []
    for side in ("before", "after"):
        engine.docker("buildx", "build", "--load", "-q", "-t", f"{tag}-{side}", FOLDER / case / side)
        said.append(engine.docker("run", "--rm", "--network=none", f"{tag}-{side}"))
    assert said[0] == said[1] != ""
