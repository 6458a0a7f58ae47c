"""What lies over a folder of the image when a container runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.dockerfile.scanner import parse
from wizard.inspection.callers.find import find_callers
from wizard.inspection.callers.mounts import mounted_over
from wizard.inspection.files import list_files
from wizard.workspace import open_workspace


def over(root: Path, files: dict[str, str], dockerfile: str = "FROM a\n") -> str | None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    workspace = open_workspace(root)
    found = mounted_over(workspace, parse(dockerfile.encode(), "Dockerfile"), (), list_files(workspace), "/opt/venv")
    return None if found is None else f"{found.path}:{found.line}"


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("compose.yaml", "      - tools:/opt"),
        ("compose.yaml", "      - ${TOOLS:-./tools}:/opt/venv:ro"),
        ("compose.yaml", "      - /opt/venv"),
        ("compose.yaml", '      - "/opt/venv/lib"'),
        ("compose.yaml", "        target: /opt/"),
        ("compose.yaml", "    tmpfs: /opt"),
        ("deploy/web.yaml", "          mountPath: /opt"),
        ("run.sh", 'docker run --rm -v "$PWD:/opt" web'),
        ("run.sh", "docker run --mount type=volume,source=x,dst=/opt/venv web"),
        ("run.sh", "docker run --tmpfs /opt web"),
        ("Makefile", "\tdocker run -v /opt web"),
        (".devcontainer/devcontainer.json", '  "mounts": ["source=venv,target=/opt/venv,type=volume"]'),
        ("README.md", "    docker run -v data:/opt web"),
    ],
)
def test_a_mount_at_the_folder_above_or_inside_lies_over_it(tmp_path: Path, path: str, line: str) -> None:
    assert over(tmp_path, {path: f"a:\n{line}\n"}) == f"{path}:2"


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("compose.yaml", "      - ./:/app"),
        ("compose.yaml", "      - data:/opt-data"),
        ("compose.yaml", "      - /opt/venv:/srv"),
        ("compose.yaml", "      # - tools:/opt"),
        ("compose.yaml", "    working_dir: /opt/venv"),
        ("compose.yaml", "      test: curl http://localhost/opt"),
        ("deploy/web.yaml", "          path: /opt"),
        ("app.py", "MOUNT = 'x:/opt'"),
    ],
)
def test_other_lines_do_not(tmp_path: Path, path: str, line: str) -> None:
    assert over(tmp_path, {path: f"a:\n{line}\n"}) is None


@pytest.mark.parametrize(
    ("instruction", "place"),
    [
        ("VOLUME /opt", "Dockerfile:2"),
        ('VOLUME ["/data", "/opt/venv"]', "Dockerfile:2"),
        ("VOLUME /data /opt", "Dockerfile:2"),
        ("VOLUME $WHERE", "Dockerfile:2"),
        ("VOLUME /data", None),
    ],
)
def test_a_volume_of_the_dockerfile_counts_and_so_does_one_of_an_unknown_place(
    tmp_path: Path, instruction: str, place: str | None
) -> None:
    assert over(tmp_path, {}, f"FROM a\n{instruction}\n") == place


def test_the_compose_file_of_another_service_of_the_repo_does_not_concern_this_one(tmp_path: Path) -> None:
    for name in (".git", "service", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "other" / "compose.yaml").write_text("services:\n  a:\n    volumes:\n      - tools:/opt\n")
    (tmp_path / "compose.yaml").write_text("services:\n  a:\n    build: service\n    volumes:\n      - x:/opt\n")
    workspace = open_workspace(tmp_path / "service")
    callers = find_callers(workspace).callers
    found = mounted_over(workspace, parse(b"FROM a\n", "Dockerfile"), callers, list_files(workspace), "/opt/venv")
    assert found is not None
    assert (found.path, found.line) == ("compose.yaml", 5)
    (tmp_path / "compose.yaml").unlink()
    assert not mounted_over(workspace, parse(b"FROM a\n", "Dockerfile"), (), list_files(workspace), "/opt/venv")
