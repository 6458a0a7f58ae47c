"""The program's entry: options, the command, its exit code. Nothing heavy is imported before a command needs it."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

from screens.options import parse_options

INTERRUPTED = 130
CRASHED = 70


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code. Every error for people is one line on stderr."""
    from wizard.errors import DockwizError

    for stream in (sys.stdout, sys.stderr):
        # Names of files may be no UTF-8, and a terminal may know less than Unicode: never a traceback for that.
        stream.reconfigure(errors="surrogateescape" if stream.encoding.lower() == "utf-8" else "replace")  # type: ignore[union-attr]
    options = parse_options(sys.argv[1:] if arguments is None else arguments)
    try:
        command = importlib.import_module(f"screens.commands.{options.command}")
        code: int = command.run(options)
        sys.stdout.flush()
        return code
    except DockwizError as error:
        print(f"dockwiz: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("dockwiz: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`dockwiz plan | head`): nothing is left to say, also not at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        from screens.crash import write_crash_file

        place = write_crash_file(error)
        print(f"dockwiz: this is our fault: {type(error).__name__}: {error} (details: {place})", file=sys.stderr)
        return CRASHED


if __name__ == "__main__":
    sys.exit(main())
