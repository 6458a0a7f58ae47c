"""Where the project's Python code writes, as far as its text tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.inspection.files import list_files
from wizard.inspection.running.writes import writes_of
from wizard.workspace import open_workspace


def places(tmp_path: Path, code: str) -> set[str | None]:
    (tmp_path / "app.py").write_text(code)
    workspace = open_workspace(tmp_path)
    return {write.place for write in writes_of(workspace, list_files(workspace))}


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ('open("a.txt", "w")', "."),
        ('open("/data/a.txt", mode="ab")', "/data"),
        ('open(f"/data/out/{name}.txt", "w")', "/data/out"),
        ('D = "/data"\nopen(os.path.join(D, name), "w")', "/data"),
        ('D = Path("/data")\n(D / "a").mkdir(exist_ok=True)', "/data/a"),
        ('D = Path("/data")\n(D / "a.txt").write_text("")', "/data"),
        ('D = Path("/data")\nlog(D / "a.log")', "/data"),
        ('os.makedirs("out/a", exist_ok=True)', "out/a"),
        ('if not os.path.exists("out"):\n    os.mkdir("out")', "out"),
        ('shutil.rmtree("out/a")', "out"),
        ('shutil.copy("a", "/data/b")', "/data"),
        ('create_engine("sqlite:////data/app.db")', "/data"),
        ('URL = "sqlite+aiosqlite:///./app.db"', "."),
        ('sqlite3.connect("/data/app.db")', "/data"),
        ('logging.FileHandler("/logs/a.log")', "/logs"),
        ('logging.basicConfig(filename="a.log")', "."),
        ('CONFIG = {"filename": "/logs/a.log"}', "/logs"),
        ('frame.to_csv("out/a.csv")', "out"),
    ],
)
def test_a_place_that_the_text_tells(tmp_path: Path, code: str, place: str) -> None:
    assert places(tmp_path, code) == {place}


@pytest.mark.parametrize(
    "code",
    [
        'open(path, "w")',
        'os.mkdir("out")',
        'open(os.environ["OUT"], "w")',
        'DATABASES = {"NAME": BASE_DIR / "db.sqlite3"}',
        'log(BASE_DIR / "app.log")',
        'file.save(os.path.join(app.config["FOLDER"], name))',
        "Path(path).write_text('')",
        "MEDIA_ROOT = root",
        "def broken(:",
    ],
)
def test_a_place_that_it_does_not_tell(tmp_path: Path, code: str) -> None:
    assert places(tmp_path, code) == {None}


@pytest.mark.parametrize(
    "code",
    [
        'open("a")',
        'open("a", "rb")',
        "model.save()",
        'sqlite3.connect(":memory:")',
        '"sqlite:///:memory:"',
        "a / b",
        "'x.log y'",
    ],
)
def test_no_write(tmp_path: Path, code: str) -> None:
    assert places(tmp_path, code) == set()


def test_tests_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text('open("a", "w")\n')
    assert places(tmp_path, "") == set()
