"""Locks: what is made of a resolver's answers, and that what it finds installs in the image."""

from __future__ import annotations

import json
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Engine
from tests.engine.wheel_index import cpu_index
from wizard.inspection import inspect
from wizard.inspection.ecosystems.requirements import normalise_name
from wizard.inspection.questions import LockQuestion
from wizard.inspection.values import Inspection
from wizard.online.planning import plan_online
from wizard.online.resolver import merged, packages_of, resolve
from wizard.online.settings import default_index
from wizard.plan.fold import Plan, make_plan
from wizard.plan.selection import Selection
from wizard.rules.base import Settings
from wizard.workspace import open_workspace

FOLDER = Path(__file__).parents[2] / "fixtures" / "rules" / "lock-dependencies"
FREEZE = "pip list --format json 2>/dev/null"
ITS_OWN = frozenset({"pip", "setuptools", "wheel", "uv"})
"""What the image has before, or what installs; a lock may name them too."""
X86, ARM = "x86_64-manylinux_2_36", "aarch64-manylinux_2_36"


def question(text: str, **others: object) -> LockQuestion:
    plain = LockQuestion("requirements.txt", (("requirements.txt", text.encode()),), (3, 11), (X86, ARM))
    return plain._replace(**others)


def test_what_is_the_same_on_every_machine_stands_there_once_and_the_rest_is_marked() -> None:
    a, b, c = (f"{name}==1.0 \\\n    --hash=sha256:{name}\n" for name in "abc")
    found = {X86: {"a==1.0": a, "b==1.0": b}, ARM: {"a==1.0": a, "c==1.0": c}}
    marked = [line for line in merged(found).splitlines() if line[0] != " "]
    assert marked == [
        "a==1.0 \\",
        'b==1.0 ; platform_machine == "x86_64" \\',
        'c==1.0 ; platform_machine == "aarch64" \\',
    ]


@pytest.mark.parametrize(
    "text", ["click==8.1.8\n", "click>=8 \\\n    --hash=sha256:a\n", "x @ https://example.com/x.whl --hash=sha256:a\n"]
)
def test_a_package_without_a_version_or_a_hash_makes_no_lock(text: str) -> None:
    assert packages_of(text) is None


def test_a_lock_is_taken_apart_into_its_packages() -> None:
    click = "click==8.1.8 \\\n    --hash=sha256:a \\\n    --hash=sha256:b\n    # via flask\n"
    text = f"{click}flask==3.0 \\\n    --hash=sha256:c\n"
    found = packages_of(text)
    assert found is not None
    assert "".join(found.values()) == text
    assert list(found) == ["click==8.1.8", "flask==3.0"]


def test_the_index_is_that_of_the_persons_pip_unless_uv_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://packages.example.com/simple\n")
    mine = {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf"), "HOME": str(tmp_path)}
    assert default_index(mine) == "https://packages.example.com/simple"
    assert default_index({**mine, "PIP_INDEX_URL": "https://example.com/other"}) == "https://example.com/other"
    assert default_index({**mine, "UV_DEFAULT_INDEX": "https://example.com/uv"}) is None
    assert default_index({"PIP_CONFIG_FILE": str(tmp_path / "none"), "HOME": str(tmp_path)}) in (None, _of_the_site())


def _of_the_site() -> str | None:
    return default_index({"HOME": "/nowhere"})


def test_an_index_that_is_down_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    asked = question("click\n", indexes=("http://127.0.0.1:9/simple",), platforms=(X86,))
    answer = resolve(asked._replace(files=(("requirements.txt", f"{uuid.uuid4().hex}\n".encode()),)))
    assert answer.text is None
    assert "127.0.0.1:9" in answer.because


# With a package index and an engine.


@pytest.mark.engine
@pytest.mark.parametrize(
    ("text", "because"),
    [
        (f"dockwiz-{uuid.uuid4().hex}\n", "was not found in the package registry"),
        ("flask==3.0\nwerkzeug<2\n", "flask==3.0.0 depends on werkzeug>=3.0.0"),
        ("docopt==0.6.2\n", "docopt has no wheel that fits, and resolving it from source would run its code"),
    ],
)
def test_what_cannot_be_resolved_is_named(text: str, because: str) -> None:
    answer = resolve(question(text))
    assert answer.text is None
    assert because in answer.because


@pytest.mark.engine
def test_a_lock_brought_up_to_date_keeps_what_still_fits() -> None:
    earlier = resolve(question("click==8.1.7\n"))
    assert earlier.text is not None
    later = resolve(question("click\nitsdangerous\n", previous=earlier.text.encode()))
    assert later.text is not None
    assert [name.partition("==")[0] for name in packages_of(later.text) or ()] == ["click", "itsdangerous"]
    assert later.text.startswith("click==8.1.7 ")


@pytest.fixture
def tag(engine: Engine) -> Iterator[str]:
    name = f"dockwiz-test:{uuid.uuid4()}"
    yield name
    engine.run(["docker", "image", "rm", "-f", name])


def plan_for(root: Path, rules: frozenset[str], torch_index: str | None = None) -> Plan:
    workspace = open_workspace(root)

    def make(inspection: Inspection) -> Plan:
        return make_plan(workspace, inspection, Selection(only=rules), Settings(torch_index, online=True))

    return plan_online(make, inspect(workspace))


def write(root: Path, plan: Plan) -> None:
    for path, content in plan.changes.items():
        (root / path).write_bytes(content or b"")


def built(engine: Engine, tag: str, root: Path) -> set[str]:
    """What pip lists in the image of this folder, without what it had before."""
    engine.docker("buildx", "build", "--load", "-q", "-t", tag, root)
    listed = json.loads(engine.docker("run", "--rm", "--network=none", "--entrypoint=sh", tag, "-c", FREEZE))
    return {f"{normalise_name(one['name'])}=={one['version']}" for one in listed if one["name"] not in ITS_OWN}


@pytest.mark.engine
@pytest.mark.parametrize(
    "case",
    [
        "plain",
        "constraints-on-the-command-line",
        pytest.param("into-a-file", marks=pytest.mark.full),
        pytest.param("after-the-sources", marks=pytest.mark.full),
        pytest.param("uv-pip", marks=pytest.mark.full),
        pytest.param("lock-that-no-longer-fits", marks=pytest.mark.full),
    ],
)
def test_the_image_holds_exactly_what_the_lock_says(engine: Engine, tag: str, case: str, tmp_path: Path) -> None:
    root = Path(shutil.copytree(FOLDER / case / "before", tmp_path / "repo"))
    dockerfile = root / "Dockerfile"
    dockerfile.write_text(dockerfile.read_text().replace("-bookworm", ""))
    (root / "requirements.txt").write_text((root / "requirements.txt").read_text() + "jinja2\n")
    write(root, plan_for(root, frozenset({"lock-dependencies"})))
    lock = (root / "requirements-lock.txt").read_text()
    assert not re.search(r"(?m)^-|https?:", lock), "no address that the repo does not name"
    installed = built(engine, tag, root)
    assert installed == set(packages_of(lock) or ())
    assert {"jinja2", "markupsafe"} <= {name.partition("==")[0] for name in installed}


@pytest.mark.engine
@pytest.mark.full
def test_pytorch_is_locked_as_its_cpu_index_has_it(engine: Engine, tag: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM python:3.11-slim\nWORKDIR /app\nCOPY requirements.txt ./\nRUN pip install -r requirements.txt\n"
    )
    (tmp_path / "requirements.txt").write_text("torch\nclick\n")
    with cpu_index(engine.env) as address:
        plan = plan_for(tmp_path, frozenset({"torch-cpu-index", "lock-dependencies"}), address)
        assert [step.proposal.rule for step in plan.selected] == ["torch-cpu-index", "lock-dependencies"]
        write(tmp_path, plan)
        assert plan_for(tmp_path, frozenset({"torch-cpu-index", "lock-dependencies"}), address).changes == {}
        installed = built(engine, tag, tmp_path)
    lock = (tmp_path / "requirements-docker-cpu-lock.txt").read_text()
    assert f"--extra-index-url {address}" in lock
    locked = packages_of(re.sub(r"(?m)^--.*\n", "", lock)) or {}
    assert installed == {one for one in locked if one.partition("==")[0] not in ITS_OWN}
    assert any(re.match(r"torch==.*\+cpu", one) for one in installed)
