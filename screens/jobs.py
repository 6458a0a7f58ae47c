"""Work in threads. A thread only posts messages; the interface owns every change of state.

Plain daemon threads rather than Textual's workers: leaving the application must not wait for a folder walk to end.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual.message import Message

from wizard.errors import BadInput, DockwizError, because

if TYPE_CHECKING:
    from wizard.compare.values import Progress


class Finished(Message):
    """A job is over, with its value."""

    def __init__(self, job: str, number: int, value: Any) -> None:
        super().__init__()
        self.job = job
        self.number = number
        self.value = value


class Failed(Message):
    """A job ended in an error that a person can act on."""

    def __init__(self, job: str, number: int, error: DockwizError) -> None:
        super().__init__()
        self.job = job
        self.number = number
        self.error = error


class Crashed(Message):
    """A job ended in an error of ours."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


class Progressed(Message):
    """How far the measuring has come. A newer one replaces one that still waits."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self.progress = progress

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Progressed)


class Jobs:
    """The running jobs by name. A newer one of the same name makes the older one's result void."""

    def __init__(self, post: Callable[[Message], object]) -> None:
        self._post = post
        self._threads: dict[str, threading.Thread] = {}
        self._numbers: dict[str, int] = {}
        self._open: set[str] = set()
        self._began: dict[str, float] = {}

    def start(self, job: str, work: Callable[[], Any]) -> None:
        """Run `work` in a thread; its value arrives as Finished, an error as Failed or Crashed."""
        number = self._numbers[job] = self._numbers.get(job, 0) + 1
        self._open.add(job)
        self._began[job] = time.monotonic()
        thread = threading.Thread(target=self._run, args=(job, number, work), name=f"dockwiz {job}", daemon=True)
        self._threads[job] = thread
        thread.start()

    def _run(self, job: str, number: int, work: Callable[[], Any]) -> None:
        try:
            message: Message = Finished(job, number, work())
        except DockwizError as error:
            message = Failed(job, number, error)
        except OSError as error:
            # A file that vanished, a disk that is full, a quota: the person's machine, not a fault of ours.
            place = os.fsdecode(error.filename) if error.filename is not None else None
            message = Failed(job, number, BadInput(because(error), path=place))
        except BaseException as error:
            message = Crashed(error)
        self._post(message)

    def receive(self, message: Finished | Failed) -> bool:
        """Whether this is the result of the newest job of its name; it then no longer runs."""
        current = self._numbers.get(message.job) == message.number
        if current:
            self._open.discard(message.job)
        return current

    def running(self, *jobs: str) -> bool:
        """Whether one of these jobs (none named: any) has not delivered its result yet."""
        return bool(self._open & set(jobs)) if jobs else bool(self._open)

    def seconds(self, job: str) -> float:
        """How long a job has been running; 0 where it does not run."""
        return time.monotonic() - self._began[job] if job in self._open else 0.0

    def join(self, job: str, timeout: float) -> None:
        """Wait for the thread of a job, at most `timeout` seconds."""
        thread = self._threads.get(job)
        if thread is not None:
            thread.join(timeout)

    def alive(self, job: str) -> bool:
        """Whether the thread of a job still runs, delivered or not."""
        thread = self._threads.get(job)
        return thread is not None and thread.is_alive()
