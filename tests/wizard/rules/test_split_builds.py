"""split-stages, parallel-stages, parallel-bytecode and uv-install on a real engine: the image before and after says
the same, and the compilers are gone. psycopg2 is built from source and needs libpq, MarkupSafe's C part too where a
compiler is there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.conftest import Engine
from tests.wizard.rules.test_fixtures import files_of, plan_for, write
from wizard.plan.selection import Selection

DOCKERFILE = """\
FROM python:3.11-slim
WORKDIR /app
RUN pip install --upgrade wheel
# psycopg2 is built from source
RUN apt-get update && apt-get install -y --no-install-recommends \\
    gcc \\
    libc6-dev \\
    libpq-dev \\
    tini \\
    && useradd --create-home shop \\
    && rm -rf /var/lib/apt/lists/*
ARG GREETING=hello
ENV GREETING=$GREETING
COPY requirements.txt .
RUN pip install -r requirements.txt
COPY --chown=shop:shop . .
RUN python -c "import app; app.answer()" && chmod 0755 start.sh
USER shop
ENTRYPOINT ["tini", "--", "./start.sh"]
CMD ["flask", "--version"]
"""
FILES = {
    "Dockerfile": DOCKERFILE,
    "requirements.txt": "--no-binary markupsafe\nflask==2.3.3\nmarkupsafe==2.1.5\npsycopg2==2.9.9\n",
    "start.sh": '#!/bin/sh\n"$@" > /dev/null && exec python app.py\n',
    "app.py": """\
import json, os, pathlib, sys
import flask, markupsafe, psycopg2
from markupsafe import _speedups

def answer():
    return {"greeting": os.environ["GREETING"], "user": os.getuid(), "libpq": psycopg2.__libpq_version__,
            "escaped": str(markupsafe.escape("<a>")), "compiled": _speedups.__name__, "flask": flask.__name__}

if __name__ == "__main__":
    print(json.dumps(answer(), sort_keys=True))
""",
}


@dataclass(frozen=True)
class Image:
    engine: Engine
    tag: str

    def answer(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.engine.docker("run", "--rm", self.tag))
        return found

    def shell(self, command: str) -> str:
        return self.engine.docker("run", "--rm", "--entrypoint", "sh", self.tag, "-c", command)

    @property
    def packages(self) -> dict[str, str]:
        listed = json.loads(self.shell("python -m pip list --disable-pip-version-check --format json"))
        return {package["name"].lower(): package["version"] for package in listed}


@pytest.fixture(scope="module")
def images(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Image]]:
    """The repo as it is, split, and split with uv, each built."""
    found = {
        "before": None,
        "split": Selection(only=frozenset({"split-stages", "parallel-stages"})),
        "uv": Selection(only=frozenset({"split-stages", "parallel-stages", "uv-install"})),
        "bytecode": Selection(only=frozenset({"split-stages", "parallel-stages", "parallel-bytecode"})),
    }
    built: dict[str, Image] = {}
    for name, selection in found.items():
        root = tmp_path_factory.mktemp(name)
        for path, content in FILES.items():
            (root / path).write_text(content)
        if selection is not None:
            write(root, plan_for(root, selection))
            assert "AS build-deps" in files_of(root)["Dockerfile"].decode()
        tag = f"dockwiz-test-split:{name}"
        engine.docker("build", "--quiet", "--build-arg", "GREETING=salve", "--tag", tag, root, timeout=900)
        built[name] = Image(engine, tag)
    yield built
    engine.run(["docker", "image", "rm", "--force", *(image.tag for image in built.values())])


@pytest.mark.engine
def test_the_containers_answer_the_same(images: dict[str, Image]) -> None:
    before = images["before"].answer()
    assert before["greeting"] == "salve"
    assert before["compiled"] == "markupsafe._speedups"
    assert images["split"].answer() == before
    assert images["uv"].answer() == before
    assert images["bytecode"].answer() == before


@pytest.mark.engine
def test_the_same_packages_are_installed(images: dict[str, Image]) -> None:
    tools = {"pip", "setuptools", "wheel"}
    before, split, uv = (
        {name: version for name, version in images[name].packages.items() if name not in tools}
        for name in ("before", "split", "uv")
    )
    assert {"flask", "psycopg2", "markupsafe"} <= before.keys()
    assert split == before
    assert uv == before


@pytest.mark.engine
@pytest.mark.parametrize("name", ["split", "uv"])
def test_compilers_and_uv_are_not_shipped(images: dict[str, Image], name: str) -> None:
    look = "for one in gcc cc ld uv; do command -v $one || echo no $one; done"
    assert images[name].shell(look).split("\n")[:-1] == ["no gcc", "no cc", "no ld", "no uv"]
    assert "gcc" in images["before"].shell("command -v gcc")


@pytest.mark.engine
@pytest.mark.parametrize("name", ["before", "split", "uv"])
def test_packages_are_byte_compiled(images: dict[str, Image], name: str) -> None:
    look = "python -c 'import flask, importlib.util as u; print(u.cache_from_source(flask.__file__))'"
    assert images[name].shell(f"ls $({look})").strip().endswith(".pyc")
    fresh = "import sys; sys.dont_write_bytecode = True; import flask.app as f; print(f.__cached__)"
    assert images[name].shell(f'ls $(python -c "{fresh}")').strip().endswith("app.cpython-311.pyc")


@pytest.mark.engine
def test_byte_code_from_all_cores_is_what_pip_would_have_left(images: dict[str, Image]) -> None:
    look = "find /opt/venv/lib -name '*.pyc' | sort"
    assert len(images["split"].shell(look).splitlines()) > 100
    assert images["bytecode"].shell(look) == images["split"].shell(look)


@pytest.mark.engine
def test_the_split_image_is_smaller(images: dict[str, Image]) -> None:
    sizes = {
        name: int(image.engine.docker("image", "inspect", "--format", "{{.Size}}", image.tag))
        for name, image in images.items()
    }
    assert sizes["split"] < sizes["before"] - 50_000_000
    assert abs(sizes["uv"] - sizes["split"]) < 20_000_000
