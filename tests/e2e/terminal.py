"""A terminal of 80x24 with a shell in it (tmux), as a person uses one: keys go in, what is on screen comes out."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engine.machine import EngineError, install_missing

COLUMNS, ROWS = 80, 24
POLL_SECONDS = 0.2


class Terminal:
    """One pane of a tmux server of its own, which listens on `socket`."""

    def __init__(self, socket: Path) -> None:
        self._tmux = ("tmux", "-u", "-S", str(socket), "-f", os.devnull)

    def open(self, folder: Path, env: Mapping[str, str]) -> None:
        """Start the shell in `folder`."""
        size = ("-x", str(COLUMNS), "-y", str(ROWS))
        shell = ("new-session", "-d", *size, "-c", str(folder), "sh")
        settings = ("start-server", ";", "set", "-g", "default-terminal", "screen-256color", ";")
        self._run(*settings, *shell, env={**env, "LANG": "C.UTF-8"})

    def close(self) -> None:
        """End the server and everything in it, whatever state it is in."""
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, check=False)

    def press(self, key: str) -> None:
        """Press one key, named as tmux names it: `Enter`, `q`, `C-c`."""
        self._run("send-keys", key)

    def type(self, command: str) -> None:
        """Type a command and press enter."""
        self._run("send-keys", "-l", command)
        self.press("Enter")

    def screen(self) -> str:
        """What is on screen now."""
        return self._run("capture-pane", "-p")

    def everything(self) -> str:
        """What is on the normal screen and what has scrolled out of it, wrapped lines joined."""
        return self._run("capture-pane", "-p", "-J", "-S", "-")

    def until(self, *words: str, seconds: float) -> str:
        """The screen, once all the words are on it. Fails with the last screen where that takes too long."""
        deadline = time.monotonic() + seconds
        while not all(word in (shown := self.screen()) for word in words):
            if time.monotonic() > deadline:
                pytest.fail(f"not on screen within {seconds:.0f} s: {', '.join(words)}\n{shown}", pytrace=False)
            time.sleep(POLL_SECONDS)
        return shown

    def _run(self, *words: str, env: Mapping[str, str] | None = None) -> str:
        done = subprocess.run([*self._tmux, *words], env=env, capture_output=True, text=True, timeout=30, check=False)
        if done.returncode != 0:
            pytest.fail(f"tmux {words[0]}: {done.stderr.strip()}", pytrace=False)
        return done.stdout


@contextmanager
def terminal(folder: Path, env: Mapping[str, str]) -> Iterator[Terminal]:
    """A terminal that is gone afterwards in any case; tmux is installed where this machine has none and it can be."""
    if shutil.which("tmux") is None:
        if os.geteuid() != 0 or shutil.which("apt-get") is None:
            pytest.fail("this test drives the wizard in tmux: install tmux", pytrace=False)
        try:
            install_missing({"tmux": "tmux"})
        except EngineError as error:
            pytest.fail(f"this test drives the wizard in tmux, which cannot be installed: {error}", pytrace=False)
    # A short path: that of a socket has at most some hundred bytes.
    with tempfile.TemporaryDirectory(prefix="dockwiz-tmux-") as place:
        opened = Terminal(Path(place) / "socket")
        try:
            opened.open(folder, env)
            yield opened
        finally:
            opened.close()
