"""The bundled samples, laid out as a person's repository would be found: with a history, a virtual environment,
caches and data beside the sources. Everything is made by code, so that the package stays small."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from wizard.assets import assets_folder
from wizard.errors import BadInput

AUTHOR = "Sam Porter"
MAIL = "sam@example.com"
FIRST_COMMIT = 1_704_099_600  # seconds since 1970: a Monday morning
WEEK = 7 * 24 * 3600
MESSAGES = (
    "First version",
    "Make it look less like 1995",
    "Handle files that are no images",
    "Health page for the load balancer",
    "Tidy up",
    "Answer the small requests too",
    "Fix what came out of the first week of use",
)
# How often a file changed, by name: sources often, dependencies seldom; all others came with the first commit.
REVISIONS = {
    "app.py": 7,
    "index.html": 5,
    "style.css": 4,
    "search.py": 4,
    "parse.py": 4,
    "README.md": 3,
    "requirements.txt": 2,
}
PACKAGES = ("flask", "jinja2", "markupsafe", "pip", "requests", "werkzeug")
MODULES_PER_PACKAGE = 40
MODULE_BYTES = 20_000
SCANS = 20
SCAN_BYTES = 2_000_000


def sample_names() -> tuple[str, ...]:
    """The names that `lay_out` knows, sorted."""
    return tuple(sorted(path.name for path in _samples_folder().iterdir() if (path / "Dockerfile").is_file()))


def lay_out(name: str, destination: Path) -> Path:
    """Copy a sample to `destination` (made here; empty or not there yet) and return it.

    Adds a git history of a few commits in which files change at different rates, a `.venv`, bytecode and test
    caches, and about 40 MB of scans in `data/`. The same files with the same content every time.
    Raises BadInput for an unknown name, a destination that is in use, or where git is missing or fails.
    """
    if name not in sample_names():
        raise BadInput(f"there is no sample {name}", hint=f"choose one of {', '.join(sample_names())}")
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise BadInput("is not empty", path=str(destination), hint="choose a folder that is not there yet")
    shutil.copytree(_samples_folder() / name, destination, dirs_exist_ok=True, ignore=_caches)
    _make_history(destination)
    _make_environment(destination / ".venv")
    _make_caches(destination)
    _make_data(destination / "data" / "scans")
    return destination


def _samples_folder() -> Path:
    return assets_folder() / "samples"


_caches = shutil.ignore_patterns("__pycache__", "*.pyc", ".pytest_cache", ".ruff_cache", ".mypy_cache")


def _make_history(root: Path) -> None:
    """Commit the files as they grew: at commit c of n, a file with r revisions shows the first part of its lines."""
    final = {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
    _git(root, "init", "--quiet", "--initial-branch=main")
    for number, message in enumerate(MESSAGES):
        for path, content in final.items():
            revisions = REVISIONS.get(path.name, 1)
            revision = number * revisions // len(MESSAGES) + 1
            lines = content.splitlines(keepends=True)
            path.write_bytes(b"".join(lines[: -(-len(lines) * revision // revisions)]))
        _git(root, "add", "--all")
        _git(root, "commit", "--quiet", "--message", message, seconds=FIRST_COMMIT + number * WEEK)


def _git(root: Path, *words: str, seconds: int = FIRST_COMMIT) -> None:
    """Run git with a neutral author and without the person's configuration or hooks."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    date = f"{seconds} +0000"
    own = {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_AUTHOR_NAME": AUTHOR,
        "GIT_AUTHOR_EMAIL": MAIL,
        "GIT_AUTHOR_DATE": date,
        "GIT_COMMITTER_NAME": AUTHOR,
        "GIT_COMMITTER_EMAIL": MAIL,
        "GIT_COMMITTER_DATE": date,
    }
    try:
        subprocess.run(["git", "-C", str(root), *words], env=kept | own, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise BadInput("git is needed to lay a sample out", hint="install git") from error
    except subprocess.CalledProcessError as error:
        raise BadInput(f"git {words[0]} failed: {error.stderr.strip()}", path=str(root)) from error


def _make_environment(folder: Path) -> None:
    """A virtual environment as `python -m venv` and pip leave it, with a few packages of made-up modules."""
    site = folder / "lib" / "python3.11" / "site-packages"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python3").symlink_to("/usr/bin/python3")
    (folder / "bin" / "python").symlink_to("python3")
    (folder / "bin" / "activate").write_text(
        f'VIRTUAL_ENV="{folder}"\nexport VIRTUAL_ENV PATH="$VIRTUAL_ENV/bin:$PATH"\n'
    )
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.2\n")
    for package in PACKAGES:
        (site / package).mkdir(parents=True)
        (site / package / "__init__.py").write_text(f'"""{package}"""\n')
        for number in range(MODULES_PER_PACKAGE):
            line = f"VALUE_{number} = {package!r}  # filler\n"
            (site / package / f"module_{number:02}.py").write_text(line * (MODULE_BYTES // len(line)))


def _make_caches(root: Path) -> None:
    """What running and testing the application leaves behind."""
    import py_compile

    tracked = [path for path in sorted(root.rglob("*.py")) if ".venv" not in path.parts]
    for source in tracked:
        compiled = source.parent / "__pycache__" / f"{source.stem}.cpython-311.pyc"
        compiled.parent.mkdir(exist_ok=True)
        py_compile.compile(
            str(source),
            cfile=str(compiled),
            dfile=source.relative_to(root).as_posix(),
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
    cache = root / ".pytest_cache" / "v" / "cache"
    cache.mkdir(parents=True)
    (cache / "lastfailed").write_text("{}")
    (cache / "nodeids").write_text("[]")
    (root / ".ruff_cache" / "0.9.1").mkdir(parents=True)
    (root / ".ruff_cache" / "0.9.1" / "10283746").write_bytes(_bytes(4096, seed=0))


def _make_data(folder: Path) -> None:
    folder.mkdir(parents=True)
    for number in range(1, SCANS + 1):
        (folder / f"scan-{number:04}.tif").write_bytes(_bytes(SCAN_BYTES, seed=number))


def _bytes(count: int, seed: int) -> bytes:
    """Bytes that do not compress, the same for the same seed."""
    import random

    return random.Random(seed).randbytes(count)
