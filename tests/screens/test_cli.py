"""The program as scripts and people's fingers meet it: real processes, bad input, closed pipes, full disks, signals."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from screens.cli import main
from tests.conftest import Engine
from wizard.plan.apply import undo
from wizard.state import state_folder
from wizard.workspace import open_workspace

pytestmark = pytest.mark.usefixtures("no_engine")

DOCKERFILE = (
    'FROM python:3.11-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD ["python", "app.py"]\n'
)
FILES: Mapping[str, str | bytes] = {
    "Dockerfile": DOCKERFILE, "requirements.txt": "flask==3.0.0\n", "app.py": "import flask\n"
}  # fmt: skip
PROGRAM = (sys.executable, "-m", "screens.cli")
SOURCES = Path(__file__).parents[2]


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return make(tmp_path / "repo", FILES)


def make(root: Path, files: Mapping[str, str | bytes]) -> Path:
    root.mkdir(exist_ok=True)
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(SOURCES), **more}


def process(*arguments: str | bytes | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, for what only a process has: an environment, a locale, limits, streams."""
    options = {"env": environment(), "capture_output": True, "stdin": subprocess.DEVNULL, **options}
    return subprocess.run(
        [*PROGRAM, *arguments], text=True, errors="surrogateescape", timeout=60, check=False, **options
    )


def dockwiz(*arguments: str | bytes | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A command as its process runs it, inside this one: starting Python takes longer than most commands."""
    words = [os.fsdecode(argument) for argument in arguments]
    terminated, threshold = signal.getsignal(signal.SIGTERM), gc.get_threshold()
    streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", "surrogateescape") for _ in range(2)]
    try:
        with contextlib.chdir(cwd or Path.cwd()), redirect_stdout(streams[0]), redirect_stderr(streams[1]):
            code = main(words)
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        signal.signal(signal.SIGTERM, terminated)
        gc.set_threshold(*threshold)
    out, errors = (_written(stream) for stream in streams)
    return subprocess.CompletedProcess(words, code, out, errors)


def _written(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def refused(done: subprocess.CompletedProcess[str], *words: str, code: int = 2) -> None:
    """One clear line on stderr with these words, nothing on stdout, the documented exit code."""
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("dockwiz: ")
    assert done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr


def contents(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


# Files and folders that are not what they should be


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ("Dockerfile", "empty")),
        (b"\n# nothing\n", ("Dockerfile", "no instructions")),
        (b"FROM a\nRUNN x\n", ("Dockerfile:2:1", "unknown instruction")),
        (bytes(range(256)) * 8, ("Dockerfile:1:1", "unknown instruction", "is this a text file?")),
        (b"FROM a\0b\n", ("Dockerfile:1:6", "invalid reference format", "is this a text file?")),
        ("FROM a\nRUN x\n".encode("utf-16"), ("Dockerfile", "UTF-16", "save it as UTF-8")),
    ],
)
def test_a_dockerfile_that_is_none(repo: Path, content: bytes, words: Sequence[str]) -> None:
    (repo / "Dockerfile").write_bytes(content)
    for command in ("plan", "inspect", "build"):
        refused(dockwiz(command, repo), *words)


def _no_dockerfile(repo: Path) -> None:
    (repo / "Dockerfile").unlink()


def _pipe(repo: Path) -> None:
    _no_dockerfile(repo)
    os.mkfifo(repo / "Dockerfile")


def _folder(repo: Path) -> None:
    _no_dockerfile(repo)
    (repo / "Dockerfile").mkdir()


def _link(target: str) -> Callable[[Path], None]:
    def link(repo: Path) -> None:
        _no_dockerfile(repo)
        (repo / "Dockerfile").symlink_to(target)

    return link


def _several(repo: Path) -> None:
    for name in ("web.Dockerfile", "batch.Dockerfile"):
        shutil.copy(repo / "Dockerfile", repo / name)
    _no_dockerfile(repo)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_no_dockerfile, ("no Dockerfile here", "-f")),
        (_pipe, ("Dockerfile", "not a regular file")),
        (_folder, ("Dockerfile", "is a folder")),
        (_link("/etc/passwd"), ("Dockerfile", "outside the repository")),
        (_link("nowhere"), ("Dockerfile", "leads nowhere")),
        (_link("Dockerfile"), ("Dockerfile", "leads nowhere")),
        (_several, ("several Dockerfiles", "batch.Dockerfile, web.Dockerfile", "-f")),
    ],
)
def test_no_dockerfile_that_could_be_read(repo: Path, change: Callable[[Path], None], words: Sequence[str]) -> None:
    change(repo)
    refused(dockwiz("plan", repo), *words)


def test_a_bad_path(repo: Path) -> None:
    refused(dockwiz("plan", repo / "nowhere"), "nowhere", "no such folder")
    refused(dockwiz("plan", repo / "Dockerfile"), "is not a folder", "-f")
    refused(dockwiz("plan", repo, "-f", "../../etc/passwd"), "outside the repository")
    refused(dockwiz("plan", repo, "-f", "/etc/passwd"), "outside of the repository")
    refused(dockwiz("plan", repo, "-f", "other"), "other", "no such Dockerfile")
    refused(dockwiz("plan", "a\nb\x1b[31m"), r"a\nb\x1b[31m: no such folder")
    refused(dockwiz("plan", b"caf\xe9"), "no such folder")


def test_an_ignore_file_that_buildkit_refuses(repo: Path) -> None:
    (repo / ".dockerignore").write_text("ok\n[\n")
    for command in (("plan",), ("inspect", "--json"), ("apply", "--yes"), ("build",)):
        refused(dockwiz(*command, repo), ".dockerignore:2", "syntax error in pattern")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("plan", "--bad"), ("--bad",)),
        (("plan", "--only", "no-such-rule"), ("no rule named no-such-rule", "dockwiz explain")),
        (("plan", "--only", ","), ("names no rule",)),
        (("plan", "--goal", "fast"), ("--goal", "speed")),
        (("plan", "--json", "--diff"), ("--diff", "--json")),
        (("plan", "a", "b"), ("b",)),
        (("plann",), ("plann is neither a command nor a folder",)),
        (("explain", "no-such-rule"), ("no rule named no-such-rule",)),
        (("completion", "fish"), ("fish",)),
        (("compare", "--runs", "0"), ("--runs",)),
    ],
)
def test_bad_usage(repo: Path, arguments: Sequence[str], words: Sequence[str]) -> None:
    refused(dockwiz(*arguments, cwd=repo), *words)


@pytest.mark.parametrize("name", ["we ird", "ünï", "new\nline", b"caf\xe9", "-dash", "a'b\"c", "$(x)"])
def test_any_name_of_a_folder_will_do(tmp_path: Path, name: str | bytes) -> None:
    root = make(Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), os.fsencode(name)))), FILES)  # noqa: PTH118
    before = contents(root)
    assert dockwiz("plan", "--json", ".", cwd=root).returncode == 0
    assert dockwiz("apply", "--yes", "--", root).returncode == 0
    assert contents(root) != before
    assert dockwiz("undo", "--yes", "--", root).returncode == 0
    assert contents(root) == before


@pytest.mark.parametrize("language", ["C.UTF-8", "C", "POSIX"])
def test_names_that_are_no_utf_8_come_through(repo: Path, language: str) -> None:
    with open(os.fsencode(repo) + b"/caf\xe9.py", "w") as file:  # noqa: PTH123
        file.write("x")
    names = {"LC_ALL": language, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for arguments in (("plan", "--json"), ("plan",), ("plan", "--sarif"), ("inspect", "--context")):
        done = process(*arguments, repo, env=environment(**names))
        assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(dockwiz("inspect", "--json", "--context", repo).stdout)["context"]["files"] == 4


def test_links_that_lead_out_of_the_repo_or_in_circles_are_left_alone(repo: Path) -> None:
    for name, target in (("out", "/etc"), ("loop", "pool"), ("pool", "loop"), ("self", "."), ("up", "..")):
        (repo / name).symlink_to(target)
    (repo / "requirements.txt").unlink()
    (repo / "requirements.txt").symlink_to("/etc/passwd")
    assert dockwiz("apply", "--yes", repo).returncode == 0
    assert not Path("/etc/.dockerignore").exists()
    assert "root:" not in dockwiz("plan", "--json", repo).stdout


@pytest.mark.parametrize(
    "text", ["\0\xff ===\n-r nowhere\n", "flask ==\n@@@\n", "-r requirements.txt\n", "\ufeffflask\n"]
)
def test_requirements_that_make_no_sense_are_no_error_of_ours(repo: Path, text: str) -> None:
    (repo / "requirements.txt").write_text(text)
    done = dockwiz("plan", "--json", "--all", repo)
    assert (done.returncode, done.stderr) == (0, "")


# Permissions and disks


def without_privileges() -> list[str]:
    """Words before a command that make the permissions of files count for root too."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("permissions do not bind root, and there is no setpriv to drop its privileges")
    dropped = "-dac_override,-dac_read_search"
    return ["setpriv", f"--bounding-set={dropped}", f"--inh-caps={dropped}"]


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize(
    ("place", "mode", "command", "words"),
    [
        (".", 0o555, ("apply", "--yes"), (".dockerignore: cannot be written: permission", "nothing was changed")),
        ("Dockerfile", 0o444, ("apply", "--yes"), ("Dockerfile: cannot be written", "nothing was changed")),
        ("Dockerfile", 0o000, ("plan",), ("Dockerfile: cannot be read: permission denied",)),
        (".", 0o000, ("plan",), ("cannot be read: permission denied",)),
    ],
)  # fmt: skip
def test_no_permission(repo: Path, place: str, mode: int, command: Sequence[str], words: Sequence[str]) -> None:
    before = contents(repo)
    usual = (repo / place).stat().st_mode
    (repo / place).chmod(mode)
    try:
        line = [*without_privileges(), *PROGRAM, *command, str(repo)]
        done = subprocess.run(line, capture_output=True, text=True, env=environment(), check=False)
    finally:
        (repo / place).chmod(usual)
    refused(done, *words)
    assert contents(repo) == before


@pytest.mark.usefixtures("either")
def test_a_state_folder_that_cannot_be_made(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKWIZ_STATE", "/dev/null")
    before = contents(repo)
    refused(dockwiz("apply", "--yes", repo), "state folder", "DOCKWIZ_STATE")
    assert contents(repo) == before
    assert dockwiz("plan", repo).returncode == 0


def test_no_home(repo: Path, tmp_path: Path) -> None:
    bare = {"PYTHONPATH": str(SOURCES), "XDG_STATE_HOME": str(tmp_path / "xdg")}
    assert process("apply", "--yes", repo, env=bare).returncode == 0
    assert process("undo", "--yes", repo, env=bare).returncode == 0
    assert contents(repo) == contents(make(tmp_path / "fresh", FILES))


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("most", [0, 40, 100])
def test_a_full_disk_changes_nothing(repo: Path, most: int) -> None:
    """Every write beyond `most` bytes of a file fails, as on a disk that is full."""
    before = contents(repo)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    refused(process("apply", "--yes", repo, preexec_fn=limit), "cannot be written", "nothing was changed")
    assert contents(repo) == before
    assert dockwiz("undo", "--yes", repo).returncode == 0
    assert contents(repo) == before


@pytest.mark.parametrize("edited", [False, True])
def test_an_undo_on_a_full_disk_names_the_file_and_changes_nothing(repo: Path, edited: bool) -> None:
    assert dockwiz("apply", "--yes", repo).returncode == 0
    if edited:
        (repo / "Dockerfile").write_text(f"{(repo / 'Dockerfile').read_text()}# mine\n")
    now = contents(repo)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    done = process("undo", "--yes", repo, preexec_fn=limit)
    refused(done, "dockwiz: Dockerfile: ", "cannot be written", "file too large", "nothing was changed")
    assert contents(repo) == now


# Output that nobody reads


def test_a_reader_that_goes_away_is_no_error(repo: Path) -> None:
    script = f"{' '.join(PROGRAM)} plan --json . | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=repo, env=environment(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "{\n", "")


@pytest.mark.parametrize(
    ("redirect", "code"), [(">&-", 0), ("2>&-", 0), ("<&-", 0), (">&- 2>&-", 0), (">/dev/full", 2)]
)
def test_streams_that_are_closed_or_full(repo: Path, redirect: str, code: int) -> None:
    script = f"{' '.join(PROGRAM)} plan . {redirect}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=repo, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert done.stderr == ("" if code == 0 else "dockwiz: no space left on device\n")


# Signals in the middle of an apply

INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("kills", [6, pytest.param(30, marks=pytest.mark.full)])
def test_killed_at_any_moment_files_are_whole_and_undo_gives_them_back(tmp_path: Path, kills: int) -> None:
    """So many applies, each hit by a signal at a random moment from the start to a little after the usual end."""
    source = random.Random(7)
    fresh = make(tmp_path / "fresh", FILES)
    before = contents(fresh)
    started = time.monotonic()
    assert process("apply", "--yes", fresh).returncode == 0
    usual = time.monotonic() - started
    after = contents(fresh)
    for number in range(kills):
        repo = make(tmp_path / f"repo{number}", FILES)
        kind = INTERRUPTS[number % 3]
        running = subprocess.Popen(
            [*PROGRAM, "apply", "--yes", repo],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            # A quarter of them are aimed at the end, where the writing is.
            moment = usual * (source.uniform(0.8, 1.0) if number % 4 == 0 else source.uniform(0.1, 1.1))
            running.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            running.send_signal(kind)
        _, errors = running.communicate()
        now = contents(repo)
        for path in before:
            assert now[path] in (before[path], after[path])
        if kind is not signal.SIGKILL:
            assert set(now) in (set(before), set(after))
            assert now in (before, after)
            # Python itself may be hit before it has come to us.
            own = errors.startswith(("Fatal Python error: init_import_site", "Could not import runpy module"))
            assert running.returncode in (0, 130, -signal.SIGTERM, -signal.SIGINT) or (running.returncode == 1 and own)
            if running.returncode == 130:
                assert errors == "dockwiz: interrupted\n"
        undo(open_workspace(repo), state_folder(repo))
        assert contents(repo) == before


DIE_AT_RENAME = """
import os, pathlib, sys
from screens import cli
calls, real = [], pathlib.Path.replace
def replace(self, target):
    calls.append(target)
    if len(calls) == int(sys.argv[1]):
        os.kill(os.getpid(), 9)
    return real(self, target)
pathlib.Path.replace = replace
sys.exit(cli.main(["apply", "--yes"]))
"""


@pytest.mark.parametrize("rename", range(1, 6))
def test_killed_between_two_renames_nothing_is_lost_and_nothing_is_left_behind(repo: Path, rename: int) -> None:
    """The renames of an apply: the journal's entry, the two files, the entry again."""
    before = contents(repo)
    done = subprocess.run([sys.executable, "-c", DIE_AT_RENAME, str(rename)], cwd=repo, env=environment(), check=False)
    assert done.returncode == (-signal.SIGKILL if rename < 5 else 0)
    if rename == 3:
        refused(dockwiz("apply", "--yes", repo), "killed half-way", f"dockwiz undo {repo} --yes")
    assert dockwiz("undo", "--yes", repo).returncode == 0
    assert contents(repo) == before
    assert dockwiz("apply", "--yes", repo).returncode == 0
    assert set(contents(repo)) == {*before, ".dockerignore"}


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupt_ends_with_130_and_one_line(repo: Path, kind: signal.Signals) -> None:
    script = (
        "import sys, os, signal, threading\n"
        "from screens import cli\n"
        "from screens.commands import plan\n"
        f"plan.run = lambda options: (os.kill(os.getpid(), {int(kind)}), threading.Event().wait())\n"
        "sys.exit(cli.main(['plan']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=repo,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (130, "dockwiz: interrupted\n")


def test_whoever_interrupts_the_writing_is_told_that_it_was_done(repo: Path) -> None:
    before = contents(repo)
    script = (
        "import sys, os, signal\n"
        "from screens import cli\n"
        "from wizard.plan import apply\n"
        "write_all = apply.write_all\n"
        "apply.write_all = lambda *a: (os.kill(os.getpid(), signal.SIGINT), write_all(*a))\n"
        "sys.exit(cli.main([sys.argv[1], '--yes']))\n"
    )
    for command, words in (("apply", "Undo with: dockwiz undo --yes"), ("undo", "Put back ")):
        done = subprocess.run(
            [sys.executable, "-c", script, command],
            cwd=repo,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (130, "dockwiz: interrupted\n")
        assert words in done.stdout
    assert contents(repo) == before


def test_an_interrupt_while_a_class_is_defined_is_no_fault_of_ours(repo: Path) -> None:
    """Python 3.11 raises a RuntimeError in place of what comes out of `__set_name__`."""
    script = (
        "import sys\n"
        "from screens import cli\n"
        "from screens.commands import plan\n"
        "class Field:\n"
        "    def __set_name__(self, owner, name): raise KeyboardInterrupt\n"
        "plan.run = lambda options: type('Late', (), {'field': Field()})\n"
        "sys.exit(cli.main(['plan']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=repo, env=environment(), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (130, "dockwiz: interrupted\n")


@pytest.mark.usefixtures("either")
def test_two_applies_at_once_write_one_plan(repo: Path) -> None:
    both = [
        subprocess.Popen([*PROGRAM, "apply", "--yes", repo], env=environment(), stdout=-1, stderr=-1, text=True)
        for _ in range(2)
    ]
    ends = [(*process.communicate(timeout=60), process.returncode) for process in both]
    assert 0 in {code for _, _, code in ends}
    for _, errors, code in ends:
        assert code == 0 or "another dockwiz is writing" in errors or "changed on disk" in errors
        assert errors.count("\n") <= 1
    done = dockwiz("undo", "--yes", repo)
    assert done.returncode == 0
    assert contents(repo) == {path: text.encode() if isinstance(text, str) else text for path, text in FILES.items()}


# Apply and undo


def test_apply_without_yes_says_what_it_would_do_and_writes_nothing(repo: Path) -> None:
    before = contents(repo)
    refused(dockwiz("apply", repo), ".dockerignore, Dockerfile", "--yes")
    refused(dockwiz("apply", repo, "--output", repo / "new"), ".dockerignore, Dockerfile in", "--yes")
    assert contents(repo) == before


@pytest.mark.usefixtures("either")
def test_apply_into_another_folder(repo: Path, tmp_path: Path, engine_or_none: Engine | None) -> None:
    before = contents(repo)
    done = dockwiz("apply", "--yes", repo, "--output", tmp_path / "new" / "place")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Checked by engine " if engine_or_none else "Not checked by an engine: none answers.")
    assert contents(repo) == before
    assert set(contents(tmp_path / "new" / "place")) == {"Dockerfile", ".dockerignore"}
    (tmp_path / "new" / "place" / "Dockerfile").write_text("mine\n")
    refused(dockwiz("apply", "--yes", repo, "--output", tmp_path / "new" / "place"), "is there already")
    refused(dockwiz("apply", "--yes", repo, "--output", repo / "app.py"), "app.py")
    assert (tmp_path / "new" / "place" / "Dockerfile").read_text() == "mine\n"


def test_apply_with_nothing_selected_is_no_error(repo: Path) -> None:
    done = dockwiz("apply", "--yes", "--skip", "dependency-layer,cache-mounts,pip-no-cache,dockerignore", repo)
    assert (done.returncode, done.stdout) == (0, "Nothing is selected: no file was changed.\n")


def test_a_demo_of_no_sample_leaves_nothing_behind(tmp_path: Path) -> None:
    refused(dockwiz("demo", "nope"), "no sample nope", "flask-ocr")
    refused(dockwiz("demo", "nope", "--into", tmp_path / "copy"), "no sample nope")
    assert list(tmp_path.iterdir()) == []


def test_undo_says_what_it_would_do_and_when_there_is_nothing(repo: Path) -> None:
    done = dockwiz("undo", "--yes", repo)
    assert (done.returncode, done.stdout) == (0, "Nothing to undo: dockwiz has changed nothing here.\n")
    dockwiz("apply", "--yes", repo)
    refused(dockwiz("undo", repo), "would put back .dockerignore, Dockerfile", "--yes")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("folder", ["repo", "with blank"])
def test_undo_after_later_edits_refuses_and_its_patch_takes_out_our_part(
    tmp_path: Path, newline: str, folder: str
) -> None:
    dockerfile = DOCKERFILE.replace("\n", newline)
    repo = make(tmp_path / folder, {**FILES, "Dockerfile": dockerfile})
    subprocess.run(["git", "init", "-q", repo], check=True)
    assert dockwiz("apply", "--yes", repo).returncode == 0
    with (repo / "Dockerfile").open("a", newline="") as file:
        file.write(f"# my own words{newline}")
    with (repo / ".dockerignore").open("a") as file:
        file.write("mine\n")
    now = contents(repo)
    done = dockwiz("undo", "--yes", repo)
    assert done.returncode == 2
    assert "+# my own words" in done.stderr
    assert contents(repo) == now
    command = done.stderr.rpartition("with: ")[2].strip().removesuffix(")")
    assert command.startswith("git -C ")
    subprocess.run(command, shell=True, cwd=tmp_path, check=True)
    assert (repo / "Dockerfile").read_bytes().decode() == f"{dockerfile}# my own words{newline}"
    assert (repo / ".dockerignore").read_text() == "mine\n"


def test_the_diff_is_one_that_git_applies(tmp_path: Path) -> None:
    root = make(tmp_path / "repo", {"we ird ü/Dockerfile": DOCKERFILE, "we ird ü/requirements.txt": "flask\n"})
    subprocess.run(["git", "init", "-q", root], check=True)
    diff = dockwiz("plan", "--diff", root / "we ird ü").stdout
    subprocess.run(["git", "apply", "-"], input=diff, text=True, cwd=root, check=True)
    assert "COPY requirements.txt" in (root / "we ird ü" / "Dockerfile").read_text()
    assert (root / "we ird ü" / ".dockerignore").exists()


# What other programs read


def test_plan_json_has_every_field_of_its_schema(repo: Path) -> None:
    (repo / "service").mkdir()
    data = json.loads(dockwiz("plan", "--json", repo).stdout)
    assert set(data) == {"schema", "root", "dockerfile", "proposals", "refusals", "waiting", "diff"}
    assert (data["schema"], data["root"], data["dockerfile"]) == ("dockwiz.plan/1", ".", "Dockerfile")
    assert [p["id"] for p in data["proposals"]] == ["dependency-layer", "cache-mounts", "non-root-user", "dockerignore"]
    for proposal in data["proposals"]:
        assert set(proposal) == {
            "id", "title", "category", "safety", "selected", "why", "details", "risk", "evidence", "against",
            "estimate", "files", "diff",
        }  # fmt: skip
        assert proposal["category"] in ("speed", "size", "reproducible", "secure")
        safe = proposal["id"] != "non-root-user"
        assert (proposal["safety"], proposal["selected"]) == (("safe", True) if safe else ("review", False))
        assert proposal["title"]
        assert proposal["why"]
        assert proposal["evidence"]
        assert all(f"b/{path}" in proposal["diff"] for path in proposal["files"])
        for item in proposal["evidence"]:
            assert set(item) == {"path", "line", "text"}
            assert item["line"] is None or item["line"] >= 1
        if proposal["estimate"] is not None:
            assert set(proposal["estimate"]) == {"seconds", "bytes", "basis"}
            assert proposal["estimate"]["basis"] in ("index", "measured", "catalogue")
    for refusal in data["refusals"]:
        assert set(refusal) == {"id", "because", "evidence", "against"}
    assert data["diff"] == dockwiz("plan", "--diff", repo).stdout


def test_paths_are_relative_to_the_root_which_is_relative_to_path(repo: Path) -> None:
    subprocess.run(["git", "init", "-q", repo.parent], check=True)
    for command in ("plan", "inspect"):
        data = json.loads(dockwiz(command, "--json", repo).stdout)
        assert data["root"] == ".."
        assert "repo/Dockerfile" in (data["dockerfile"], data.get("dockerfiles", [None])[0])


def test_sarif_puts_every_result_on_a_line_of_a_file_that_is_there(repo: Path) -> None:
    data = json.loads(dockwiz("plan", "--sarif", repo).stdout)
    assert data["version"] == "2.1.0"
    (run,) = data["runs"]
    known = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert len(run["results"]) == 4
    for result in run["results"]:
        assert result["ruleId"] in known
        assert result["level"] in ("warning", "note")
        assert result["message"]["text"]
        for location in result["locations"]:
            place = location["physicalLocation"]
            lines = (repo / place["artifactLocation"]["uri"]).read_text().splitlines()
            assert 1 <= place["region"]["startLine"] <= len(lines)


def test_inspect_json_has_every_field_of_its_schema(repo: Path) -> None:
    data = json.loads(dockwiz("inspect", "--json", "--context", repo).stdout)
    assert {"schema", "root", "dockerfile", "context", "ecosystems", "engine", "no_engine", "gpu", "callers"} <= set(
        data
    )
    assert (data["schema"], data["root"]) == ("dockwiz.inspect/1", ".")
    stage = {"name": None, "base": "python:3.11-slim", "start_line": 1, "end_line": 5}
    assert data["dockerfile"]["stages"] == [stage]
    assert data["dockerfile"]["instructions"][2] == {"keyword": "COPY", "start_line": 3, "end_line": 3, "stage": 0}
    assert data["context"]["paths"] == ["Dockerfile", "app.py", "requirements.txt"]
    assert data["context"]["files"] == 3
    assert data["context"]["bytes"] == sum(len(text) for text in FILES.values())
    assert data["engine"] is None
    assert data["no_engine"]
    assert "paths" not in json.loads(dockwiz("inspect", "--json", repo).stdout)["context"]


@pytest.mark.parametrize(
    ("arguments", "selected"),
    [
        ((), {"dependency-layer", "cache-mounts", "dockerignore"}),
        (("--only", "dockerignore"), {"dockerignore"}),
        (("--only", "dockerignore, cache-mounts"), {"cache-mounts", "dockerignore"}),
        (("--skip", "dockerignore"), {"dependency-layer", "cache-mounts"}),
        (("--only", "dockerignore", "--skip", "dockerignore"), set()),
        (("--goal", "size"), {"dependency-layer", "cache-mounts", "dockerignore"}),
    ],
)
def test_select(repo: Path, arguments: Sequence[str], selected: set[str]) -> None:
    data = json.loads(dockwiz("plan", "--json", *arguments, repo).stdout)
    assert {p["id"] for p in data["proposals"] if p["selected"]} == selected


def test_exit_code_tells_whether_something_would_change(repo: Path) -> None:
    assert process("plan", "--exit-code", repo).returncode == 1
    assert dockwiz("plan", "--exit-code", "--json", repo).returncode == 1
    assert dockwiz("plan", repo).returncode == 0
    assert dockwiz("apply", "--yes", repo).returncode == 0
    assert dockwiz("plan", "--exit-code", repo).returncode == 0


def test_without_a_command_and_without_a_terminal_it_plans(repo: Path) -> None:
    assert process(repo).stdout == dockwiz("plan", repo).stdout
