"""Projects of Python's managers on a real engine: before and after answer the same, hold the same files, and after an
edit of the sources the dependencies are not installed again. The locks are made by the managers themselves."""

from __future__ import annotations

import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import Engine
from tests.wizard.rules.test_fixtures import plan_for, write
from wizard.plan.selection import Selection

FOLDER = Path(__file__).parents[2] / "fixtures" / "rules" / "dependency-layer"
RULES = frozenset({"dependency-layer", "cache-mounts"})
NAMES = (
    "find /app /opt /usr/local/lib/python3.11/site-packages /root/.cache/pypoetry/virtualenvs -xdev -not -type d"
    " -not -path '*/__pycache__/*' 2>/dev/null | sed 's/-[A-Za-z0-9_]*-py3/-py3/' | sort"
)
VERSIONS = "/etc/versions.txt"
LEFT = "find /root/.cache -type f -not -path '*/virtualenvs/*' -not -path '*/selfcheck/*' 2>/dev/null | wc -l"


class Case(NamedTuple):
    """A fixture, and how its lock is made with the manager itself."""

    name: str
    tool: str
    command: str
    lock: str
    source: str
    """A file of the sources, to be edited."""
    alone: str
    """A pattern for the step that installs only what the project depends on."""

    @property
    def id(self) -> str:
        return self.name


UV = ("uv==0.13.9", "uv lock", "uv.lock")
CASES = [
    Case("uv-project", *UV, "src/shop/__init__.py", r"RUN .*uv sync --locked --no-dev --no-install-project"),
    Case("uv-project-with-its-tool", *UV, "src/shop/__init__.py", r"RUN .*uv sync .*--no-install-project"),
    Case("uv-application", *UV, "app.py", r"RUN .*uv sync --frozen"),
    Case("uv-application-not-frozen", *UV, "app.py", r"RUN .*uv sync --frozen"),
    Case("uv-workspace", *UV, "src/shop/__init__.py", r"RUN .*uv sync .*--no-install-workspace"),
]
POETRY = (
    "poetry==2.5.1",
    r"""printf '\n[[tool.poetry.source]]\nname = "simple"\nurl = "%s/"\n' \
      "$(python -c 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)')" >> pyproject.toml \
    && poetry lock""",
    "poetry.lock",
)
"""An index of files in place of PyPI's own interface, which not every mirror has."""
CASES += [
    Case("poetry-into-the-system", *POETRY, "src/shop/__init__.py", r"RUN .*poetry install .*--no-root"),
    Case("poetry-in-the-project", *POETRY, "src/shop/__init__.py", r"RUN .*poetry install .*--no-root"),
    Case("poetry-no-package", *POETRY, "app.py", r"RUN .*poetry sync"),
]
PIPENV = (
    "pipenv==2026.10.3",
    r"""sed -i "s#https://index.example/simple#$(python -c \
      'from pip._internal.models.index import PyPI; print(PyPI.simple_url)')#" Pipfile && pipenv lock""",
    "Pipfile.lock",
)
CASES += [
    Case("pipenv-into-the-system", *PIPENV, "app.py", r"RUN .*pipenv install --system --deploy"),
    Case("pipenv-in-the-project", *PIPENV, "app.py", r"RUN .*pipenv sync"),
]
PDM = ("pdm[locked]==2.29.3", "pdm lock", "pdm.lock")
"""With the versions of its own dependencies that it was released with: it does not run with the newest ones."""
CASES += [
    Case("pdm-project", *PDM, "src/shop/__init__.py", r"RUN .*pdm install .*--no-self"),
    Case("pdm-project-with-its-tool", *PDM, "src/shop/__init__.py", r"RUN .*pdm sync .*--no-self"),
    Case("pdm-application", *PDM, "app.py", r"RUN .*pdm sync"),
    Case("pdm-without-an-environment", *PDM, "app.py", r"RUN .*pdm install"),
]
FIRST = {"uv-project", "uv-application", "poetry-into-the-system", "pipenv-into-the-system", "pdm-project"}
"""The others take part in the long run."""


@pytest.fixture
def tag(engine: Engine) -> Iterator[str]:
    name = f"dockwiz-test:{uuid.uuid4()}"
    yield name
    engine.run(["docker", "image", "rm", "-f", *(f"{name}-{side}" for side in ("lock", "before", "after", "edited"))])


@pytest.mark.engine
@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=case.name, marks=() if case.name in FIRST else pytest.mark.full) for case in CASES],
)
def test_the_project_answers_the_same_and_keeps_its_dependencies(
    engine: Engine, tag: str, case: Case, tmp_path: Path
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    shutil.copytree(FOLDER / case.name / "before", before)
    versions = _lock(engine, tag, case, before)
    shutil.copytree(before, after)
    plan = plan_for(after, Selection(only=RULES))
    assert {step.proposal.rule for step in plan.selected} >= {"dependency-layer"}, plan.refusals
    write(after, plan)
    for side in (before, after):
        _build(engine, f"{tag}-{side.name}", side, versions)
    answers = [engine.docker("run", "--rm", "--network=none", f"{tag}-{side.name}") for side in (before, after)]
    assert answers[0] == answers[1] == "shop with click 8.1.7\n"
    names = [_ask(engine, f"{tag}-{side.name}", NAMES).replace("/app/.dockerignore\n", "") for side in (before, after)]
    assert "click" in names[0]
    assert names[1].splitlines() == names[0].splitlines()
    assert int(_ask(engine, f"{tag}-after", LEFT)) <= int(_ask(engine, f"{tag}-before", LEFT))

    source = after / case.source
    source.write_text(source.read_text().replace("shop with click", "edited shop with click"))
    steps = _build(engine, f"{tag}-edited", after, versions)
    alone = re.search(rf"^#(\d+) \[[^\]]*\] {case.alone}", steps, re.MULTILINE)
    assert alone is not None, steps
    assert re.search(rf"^#{alone[1]} CACHED", steps, re.MULTILINE), steps
    answer = engine.docker("run", "--rm", "--network=none", f"{tag}-edited")
    assert answer == "edited shop with click 8.1.7\n"


def _lock(engine: Engine, tag: str, case: Case, folder: Path) -> str:
    """Makes the lock, and says what the tool itself was installed with: a release in the minute between two builds is
    no difference of ours."""
    own = (folder / "Dockerfile").read_text()
    (folder / case.lock).unlink(missing_ok=True)
    (folder / "Dockerfile").write_text(
        f"FROM python:3.11-slim\nRUN pip install --no-cache-dir '{case.tool}'\nWORKDIR /app\nCOPY . .\n"
        f"RUN {case.command}\n"
    )
    _build(engine, f"{tag}-lock", folder)
    (folder / "Dockerfile").write_text(own)
    files = _ask(engine, f"{tag}-lock", f"cd /app && ls {case.lock} Pipfile *.toml 2>/dev/null || true")
    for name in files.split():
        (folder / name).write_text(_ask(engine, f"{tag}-lock", f"cat /app/{name}"))
    return _ask(engine, f"{tag}-lock", "pip freeze")


def _build(engine: Engine, tag: str, folder: Path, versions: str = "") -> str:
    dockerfile = folder / "Dockerfile"
    head, _, rest = dockerfile.read_text().partition("\n")
    # Tools that bring authorities of their own shall know those of the machine, as pip does.
    if not rest.startswith("ENV REQUESTS_CA_BUNDLE"):
        known = f"ENV REQUESTS_CA_BUNDLE=$SSL_CERT_FILE PIP_CONSTRAINT={VERSIONS}"
        written = f"RUN printf '%s\\n' {' '.join(versions.split())} > {VERSIONS}"
        dockerfile.write_text(f"{head}\n{known}\n{written}\n{rest}")
    done = engine.run(["docker", "buildx", "build", "--load", "--progress=plain", "-t", tag, folder])
    assert done.returncode == 0, done.stderr
    return done.stderr


def _ask(engine: Engine, image: str, question: str) -> str:
    return engine.docker("run", "--rm", "--network=none", "--user=0", "--entrypoint=sh", image, "-c", question)
