"""dockerignore on git repositories: what git ignores stays at home where nothing asks for it, and nowhere else."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.conftest import Engine
from wizard.inspection import inspect
from wizard.inspection.context.measure import measure_context
from wizard.plan.fold import Plan, make_plan
from wizard.plan.selection import Selection
from wizard.samples import lay_out
from wizard.workspace import open_workspace

PLAIN = "FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\nRUN python -m compileall -q .\nCMD python app.py\n"
BIG = b"a,b\n" * 50_000
MakeRepo = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> MakeRepo:
    """`make(committed, ignored)`: a git repository; what is ignored comes with its .gitignore."""

    def repo(files: Mapping[str, str | bytes], ignored: Mapping[str, str | bytes], gitignore: str) -> Path:
        root = tmp_path / "repo"
        root.mkdir()
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
        git = ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@example.invalid"]
        _write(root, {"Dockerfile": PLAIN, "app.py": "", ".gitignore": gitignore, **files})
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "All of it"]):
            subprocess.run([*git, *words], check=True, env=environment, capture_output=True)
        _write(root, ignored)
        return root

    return repo


def _write(root: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def plan_of(root: Path) -> Plan:
    workspace = open_workspace(root)
    return make_plan(workspace, inspect(workspace), Selection(only=frozenset({"dockerignore"})))


def lines_of(plan: Plan) -> set[str]:
    content = plan.result.read(plan.result.from_context(".dockerignore")).decode()
    return {line for line in content.splitlines() if line and not line.startswith("#")}


def risk_of(plan: Plan) -> str:
    return plan.selected[0].proposal.risk


def test_data_that_git_ignores_and_nothing_names_is_dropped(make: MakeRepo) -> None:
    plan = plan_of(make({}, {"data/items.csv": BIG, "dump.sql": BIG, "app/logs/a.log": BIG}, "data\n*.sql\nlogs\n"))
    assert {"data", "dump.sql", "app/logs", "**/*.log"} <= lines_of(plan)


def test_data_that_git_tracks_stays(make: MakeRepo) -> None:
    assert "data" not in lines_of(plan_of(make({"data/items.csv": BIG, "a.log": "x"}, {}, "")))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("app.py", "open('data/items.csv')\n"),
        ("app.py", "import os\nos.path.join(HERE, 'data')\n"),
        ("app.py", "from data import rows\n"),
        ("app.py", "import importlib\nimportlib.import_module('data.rows')\n"),
        ("settings.yaml", "folder: data\n"),
        ("main.go", "//go:embed data/*\n"),
        ("MANIFEST.in", "graft data\n"),
        ("requirements.txt", "--find-links data\n"),
        ("requirements.txt", "-r data/more.txt\n"),
        ("shop.csproj", '<Content Include="data\\**" />\n'),
        ("compose.yaml", "services:\n  a:\n    build: .\n    environment:\n      FOLDER: /app/data\n"),
        ("Dockerfile", f"{PLAIN}ENV FOLDER=/app/data\n"),
        ("Dockerfile", f"{PLAIN}VOLUME /app/data\n"),
        ("Dockerfile", PLAIN.replace("COPY . .", "COPY . .\nCOPY data/items.csv /items.csv")),
        ("Dockerfile", PLAIN.replace("COPY . .", "COPY . .\nCOPY da*/items.csv /items.csv")),
        ("Dockerfile", PLAIN.replace("COPY . .", "ARG WHAT\nCOPY . .\nCOPY $WHAT /what")),
        ("Dockerfile", PLAIN.replace("RUN", "RUN --mount=type=bind,source=data,target=/data")),
        ("batch.Dockerfile", "FROM scratch\nCOPY data /data\n"),
    ],
)
def test_data_that_something_names_stays(make: MakeRepo, path: str, text: str) -> None:
    assert "data" not in lines_of(plan_of(make({path: text}, {"data/items.csv": BIG}, "data\n")))


def test_data_in_which_a_link_of_the_repo_ends_stays(make: MakeRepo) -> None:
    root = make({}, {"data/items.csv": BIG}, "data\n")
    (root / "current.csv").symlink_to("data/items.csv")
    assert "data" not in lines_of(plan_of(root))


@pytest.mark.parametrize("path", ["data/rows.py", "data/model.onnx", "data/lib.so", "data/page.html"])
def test_a_folder_that_holds_code_or_a_model_is_no_data(make: MakeRepo, path: str) -> None:
    plan = plan_of(make({}, {"data/items.csv": BIG * 8, path: "x"}, "data\n"))
    assert "data" not in lines_of(plan)
    assert "data stays in: it holds code or a model." in risk_of(plan)


@pytest.mark.parametrize("folder", ["dist", "build", "target", "static", "models", "gen", "vendor"])
def test_what_a_build_makes_or_a_framework_finds_by_itself_stays(make: MakeRepo, folder: str) -> None:
    assert folder not in lines_of(plan_of(make({}, {f"{folder}/picture.png": BIG}, f"{folder}\n")))


@pytest.mark.parametrize(
    "mount",
    [
        "- ./data:/app/data",
        '- "./data/:/app/data:ro"',
        "- type: bind\n        source: ./data\n        target: /app/data",
    ],
)
def test_what_compose_mounts_over_is_dropped_though_the_code_names_it(make: MakeRepo, mount: str) -> None:
    compose = f"services:\n  a:\n    build: .\n    volumes:\n      {mount}\n"
    files = {"compose.yaml": compose, "app.py": "open('data/items.csv')\n"}
    assert "data" in lines_of(plan_of(make(files, {"data/items.csv": BIG}, "data\n")))


@pytest.mark.parametrize("mount", ["./data:/backup", "data:/app/data", "../data:/app/data"])
def test_a_mount_of_something_else_or_elsewhere_covers_nothing(make: MakeRepo, mount: str) -> None:
    compose = f"services:\n  a:\n    build: .\n    volumes:\n      - {mount}\n"
    files = {"compose.yaml": compose, "app.py": "open('data/items.csv')\n"}
    assert "data" not in lines_of(plan_of(make(files, {"data/items.csv": BIG}, "data\n")))


def test_an_ignored_environment_file_is_dropped_where_nothing_loads_it(make: MakeRepo) -> None:
    assert "**/.env" in lines_of(plan_of(make({}, {".env": "PASSWORD=x\n"}, ".env\n")))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("requirements.txt", "python-dotenv==1.0.1\n"),
        ("app.py", "from pydantic_settings import BaseSettings\n"),
        ("start.sh", "#!/bin/sh\n. ./.env\n"),
        ("package.json", "{}\n"),
    ],
)
def test_an_environment_file_that_something_loads_stays(make: MakeRepo, path: str, text: str) -> None:
    assert "**/.env" not in lines_of(plan_of(make({path: text}, {".env": "PASSWORD=x\n"}, ".env\n")))


def test_a_committed_environment_file_stays(make: MakeRepo) -> None:
    assert "**/.env" not in lines_of(plan_of(make({".env": "MODE=production\n"}, {}, "")))


NODE = {"package.json": "{}", "Dockerfile": "FROM node:20-slim\nWORKDIR /app\nCOPY . .\nRUN npm ci\nCMD node a.js\n"}


def test_node_modules_is_dropped_where_the_image_installs_its_own(make: MakeRepo) -> None:
    plan = plan_of(make(NODE, {"node_modules/a/index.js": "x", "ui/node_modules/b/b.js": "x"}, "node_modules\n"))
    assert "**/node_modules" in lines_of(plan)


def test_node_modules_that_git_tracks_stays(make: MakeRepo) -> None:
    plan = plan_of(make({**NODE, "node_modules/mine/index.js": "x"}, {"other.log": "x"}, "*.log\n"))
    assert "**/node_modules" not in lines_of(plan)


def test_git_stays_where_something_asks_for_it_and_the_proposal_says_so(make: MakeRepo) -> None:
    pyproject = '[build-system]\nrequires = ["setuptools-scm"]\n'
    plan = plan_of(make({"pyproject.toml": pyproject, "noise.bin": os.urandom(200_000)}, {}, ""))
    assert ".git" not in lines_of(plan)
    assert ".git stays in: pyproject.toml asks for it." in risk_of(plan)


@pytest.mark.parametrize(
    "line", ["git clone https://example.com/a.git && cd a && git checkout v1", "apt-get install git"]
)
def test_git_used_for_something_else_does_not_keep_the_history_in(make: MakeRepo, line: str) -> None:
    assert ".git" in lines_of(plan_of(make({"Dockerfile": f"{PLAIN}RUN {line}\n"}, {}, "")))


def test_a_context_in_a_folder_of_the_repo_gets_its_own_file(make: MakeRepo) -> None:
    root = make(
        {"service/Dockerfile": PLAIN, "service/app.py": "", "other/data.csv": BIG},
        {"service/data/items.csv": BIG, "service/__pycache__/app.pyc": b"x"},
        "data\n__pycache__\n",
    )
    plan = plan_of(root / "service")
    assert set(plan.changes) == {"service/.dockerignore"}
    assert {"data", "**/__pycache__"} <= lines_of(plan)
    assert ".git" not in lines_of(plan)


def test_too_many_files_to_read_leave_only_what_no_build_needs(make: MakeRepo) -> None:
    ignored = {"data/items.csv": BIG * 8, "__pycache__/app.pyc": "x"}
    plan = plan_of(make({f"many/{n}.json": "{}" for n in range(3100)}, ignored, "data\n__pycache__\n"))
    assert "**/__pycache__" in lines_of(plan)
    assert not {"data", ".git"} & lines_of(plan)


@pytest.mark.parametrize("sample", ["flask-ocr", "flask-torch"])
def test_on_a_sample_history_environment_caches_and_data_go_and_the_sources_stay(sample: str, tmp_path: Path) -> None:
    root = lay_out(sample, tmp_path / sample)
    plan = plan_of(root)
    left = measure_context(plan.result, "Dockerfile", with_paths=True)
    tracked = subprocess.run(["git", "-C", root, "ls-files"], capture_output=True, text=True, check=True).stdout.split()
    assert set(left.paths) == set(tracked) - {"Dockerfile", "docker-compose.yml"}
    before = measure_context(open_workspace(root), "Dockerfile")
    assert left.bytes < before.bytes / 4


def test_a_second_plan_on_the_result_says_nothing(make: MakeRepo) -> None:
    root = make(
        NODE, {"data/items.csv": BIG, ".env.local": "x", "node_modules/a.js": "x"}, "data\n.env.*\nnode_modules\n"
    )
    first = plan_of(root)
    (root / ".dockerignore").write_bytes(first.result.read(".dockerignore"))
    second = plan_of(root)
    assert "dockerignore" not in {*(s.proposal.rule for s in second.steps), *(r.rule for r in second.refusals)}


@pytest.mark.engine
def test_the_builder_gets_what_the_rule_left_in_and_nothing_of_the_rest(make: MakeRepo, engine: Engine) -> None:
    """A real build, before and after: the image differs by exactly what the rule says it drops."""
    root = make(
        {"templates/page.html": "x", "sample.log": "x", ".env": "MODE=1\n", "docs/a.md": "x", "compose.yaml": "x: 1"},
        {
            "data/items.csv": BIG, "data with blanks/a": "x", ".venv/pyvenv.cfg": "x", ".venv/bin/python": "x",
            "__pycache__/app.cpython-311.pyc": "x", "deep/er/__pycache__/b.pyc": "x", "dist/app.whl": BIG,
            ".idea/a": "x",
        },
        "data*\n.venv\n__pycache__\ndist\n.idea\n",
    )  # fmt: skip
    (root / "Dockerfile").write_text(
        "FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\nRUN find . -type f | sort > /list\n"
    )
    before = _files_in_image(root, engine)
    plan = plan_of(root)
    (root / ".dockerignore").write_bytes(plan.result.read(".dockerignore"))
    after = _files_in_image(root, engine)
    gone = {path for path in before - after if not path.startswith("./.git/")}
    assert gone == {
        "./Dockerfile", "./compose.yaml", "./.venv/pyvenv.cfg", "./.venv/bin/python", "./data/items.csv", "./.idea/a",
        "./__pycache__/app.cpython-311.pyc", "./deep/er/__pycache__/b.pyc",
    }  # fmt: skip
    assert after == {f"./{path}" for path in measure_context(plan.result, "Dockerfile", with_paths=True).paths}


def _files_in_image(root: Path, engine: Engine) -> set[str]:
    image = engine.docker("build", "--quiet", root).strip()
    try:
        return set(engine.docker("run", "--rm", image, "cat", "/list").splitlines())
    finally:
        engine.docker("image", "rm", "--force", image)


@pytest.mark.parametrize("dockerfile", ["../docker/worker.Dockerfile", "worker.Dockerfile"])
def test_what_another_dockerfile_of_the_same_context_copies_stays(tmp_path: Path, dockerfile: str) -> None:
    (tmp_path / ".git").mkdir()
    other = (Path("service") / dockerfile).as_posix()
    _write(tmp_path, {
        "compose.yaml": f"services:\n  worker:\n    build: {{context: service, dockerfile: {dockerfile}}}\n",
        "service/Dockerfile": PLAIN,
        "service/app.py": "",
        "service/.vscode/tasks.json": "{}",
        "service/.idea/a.xml": "<a/>",
        os.path.normpath(other): "FROM python:3.11-slim\nCOPY .vscode /settings\n",
    })  # fmt: skip
    workspace = open_workspace(tmp_path / "service")
    plan = make_plan(workspace, inspect(workspace), Selection(only=frozenset({"dockerignore"})))
    (written,) = [content.decode() for content in plan.changes.values() if content]
    assert ".idea" in written
    assert ".vscode" not in written
