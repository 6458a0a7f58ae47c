"""The program's entry: options, the command, its exit code. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import importlib
import os
import sys

import wizard
from wizard.errors import DockwizError, because

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

BAD_INPUT = 2
INTERRUPTED = 130
CRASHED = 70
GARBAGE = 50_000
"""New objects after which Python looks for cycles: far more than its 700, because our values hold none."""
_ON_SCREEN = ("wizard", "demo")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code. Every error for people is one line on stderr."""
    _make_streams_robust()
    try:
        code = _run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
        return code
    except DockwizError as error:
        _complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        _complain("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`dockwiz plan | head`): nothing is left to say, also not at exit.
        _discard_output()
        return 0
    except OSError as error:
        # A file that vanished, a disk that is full, a quota: the person's machine, not a fault of ours.
        _discard_output()
        place = f"{os.fsdecode(error.filename)}: " if error.filename is not None else ""
        _complain(f"{place}{because(error)}")
        return BAD_INPUT
    except Exception as error:
        if isinstance(error.__cause__, KeyboardInterrupt):
            # Ctrl-C in the middle of a class definition of an import: Python 3.11 makes a RuntimeError of it.
            _complain("interrupted")
            return INTERRUPTED
        from screens.crash import write_crash_file

        place = write_crash_file(error)
        _complain(f"this is our fault: {type(error).__name__}: {error} (details: {place})")
        return CRASHED


def _run(arguments: Sequence[str]) -> int:
    if list(arguments) == ["--version"]:
        print(f"dockwiz {wizard.__version__}")
        return 0
    import gc
    import signal

    from screens.options import parse_options

    options = parse_options(arguments)
    if options.command not in _ON_SCREEN:
        signal.signal(signal.SIGTERM, _interrupt)
    # Nothing that an import makes is garbage: looking for it meanwhile takes a twentieth of the start.
    gc.disable()
    command = importlib.import_module(f"screens.commands.{options.command}")
    gc.freeze()
    gc.set_threshold(GARBAGE)
    gc.enable()
    from wizard.demo_copies import at_work

    with at_work(getattr(options, "path", None)):
        code: int = command.run(options)
    return code


def _interrupt(*_: object) -> None:
    """Take SIGTERM as Ctrl-C: the same cleaning up, the same exit code."""
    raise KeyboardInterrupt


def _make_streams_robust() -> None:
    """Names of files may be no UTF-8, a terminal may know less than Unicode, and a stream may be closed."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            stream = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
            setattr(sys, name, stream)
        stream.reconfigure(errors="surrogateescape" if stream.encoding.lower() == "utf-8" else "replace")


def _complain(message: str) -> None:
    """One line on stderr, whatever the names of files hold."""
    line = "".join(character if character.isprintable() or "\udc80" <= character <= "\udcff" else
                   character.encode("unicode_escape").decode() for character in message)  # fmt: skip
    try:
        print(f"dockwiz: {line}", file=sys.stderr)
    except OSError:
        return


def _discard_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
