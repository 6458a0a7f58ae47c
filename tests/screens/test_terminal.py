"""The whole program in a terminal: it leaves the terminal as it was and says on the normal screen what happened."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


def in_terminal(code: str, keys: list[tuple[str, bytes]], folder: Path, **env: str) -> tuple[int, str]:
    """Run Python code in a terminal of 80x24; press each key once its text has been seen. Exit code and all output."""
    master, slave = pty.openpty()
    environment = {
        **os.environ, "TERM": "xterm-256color", "LINES": "24", "COLUMNS": "80", "DOCKER_HOST": "unix:///nowhere/d.sock",
        "PYTHONPATH": str(Path(__file__).parents[2]), **env,
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=folder, env=environment, stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    seen = b""
    deadline = time.monotonic() + 60
    waiting = list(keys)
    while time.monotonic() < deadline:
        if select.select([master], [], [], 0.1)[0]:
            try:
                chunk = os.read(master, 65536)
            except OSError:
                break
            seen += chunk
        if waiting and waiting[0][0].encode() in seen:
            os.write(master, waiting.pop(0)[1])
            seen += b"\x00"
    os.close(master)
    return process.wait(30), seen.decode(errors="replace")


def after_screen(output: str) -> str:
    """What stands on the normal screen: everything behind the last leaving of the alternate screen."""
    return output.rpartition("\x1b[?1049l")[2]


START = "import sys; from pathlib import Path; from screens.app import run_wizard; "


def test_leaving_restores_the_terminal_and_exits_with_0(shop: Path) -> None:
    code, output = in_terminal(f"{START} sys.exit(run_wizard(Path('.')))", [("Press enter", b"q")], shop)
    assert code == 0
    assert "\x1b[?1049h" in output
    assert "Traceback" not in output


def colours(output: str) -> set[str]:
    """The colour codes of terminal output: foregrounds and backgrounds other than the terminal's own."""
    codes = [code for style in re.findall(r"\x1b\[([\d;]*)m", output) for code in style.split(";")]
    return {code for code in codes if re.fullmatch(r"[34][0-8]|9[0-7]|10[0-7]", code)}


@pytest.mark.parametrize(("env", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)], ids=["colour", "NO_COLOR"])
def test_no_color_leaves_the_terminals_own_colours(env: dict[str, str], coloured: bool, shop: Path) -> None:
    _, output = in_terminal(f"{START} sys.exit(run_wizard(Path('.')))", [("Press enter", b"q")], shop, **env)
    assert "From a slow, bloated build" in output
    assert bool(colours(output)) is coloured


def test_a_crash_restores_the_terminal_writes_a_file_and_exits_with_70(shop: Path, own_state: Path) -> None:
    broken = f"{START} import screens.flow; screens.flow.repo_note = lambda root: 1 / 0; "
    code, output = in_terminal(f"{broken} sys.exit(run_wizard(Path('.')))", [], shop)
    assert code == 70
    assert "Traceback" not in output
    assert "this is our fault: ZeroDivisionError" in after_screen(output)
    files = list((own_state / "crashes").iterdir())
    assert len(files) == 1
    assert str(files[0]) in after_screen(output).replace("\r\n", "")
    assert "ZeroDivisionError" in files[0].read_text()


@pytest.mark.parametrize("key", [b"\x03"], ids=["^c"])
def test_an_interrupt_leaves_with_130(key: bytes, shop: Path) -> None:
    code, _ = in_terminal(f"{START} sys.exit(run_wizard(Path('.')))", [("Press enter", key)], shop)
    assert code == 130


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_polite_kill_restores_the_terminal_and_exits_with_130(number: signal.Signals, shop: Path) -> None:
    killed = f"{START} import os, threading; threading.Timer(3, os.kill, (os.getpid(), {int(number)})).start(); "
    code, output = in_terminal(f"{killed} sys.exit(run_wizard(Path('.')))", [], shop)
    assert code == 130
    assert "\x1b[?1049l" in output
    assert "Traceback" not in output


def test_bad_input_that_was_not_mended_is_the_exit_code(shop: Path) -> None:
    (shop / "Dockerfile").write_text("FROM a\nFORM b\n")
    code, output = in_terminal(f"{START} sys.exit(run_wizard(Path('.')))", [("Look again", b"q")], shop)
    assert code == 2
    assert "dockwiz: Dockerfile:2:1: " in after_screen(output)
