"""Errors that are meant for a person: one clear line, never a traceback.

Exit codes are those of the command line (see the README): 2 bad usage or bad input,
3 no engine where one is needed, 4 the build failed, 130 interrupted.
"""

from __future__ import annotations


def because(error: OSError) -> str:
    """What the system says of a failed operation, to stand inside a sentence: `no space left on device`."""
    return (error.strerror or str(error)).lower()


class DockwizError(Exception):
    """Something a person can act on.

    `path` is the file it is about (relative to the root where there is one), `line` and `column` are
    1-based, `hint` says what to do next.
    """

    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        line: int | None = None,
        column: int | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.line = line
        self.column = column
        self.hint = hint

    def __str__(self) -> str:
        place = ""
        if self.path is not None:
            place = ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None) + ": "
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.message}{hint}"


class BadInput(DockwizError):
    """A path, a file or an option that cannot be used."""


class NoEngine(DockwizError):
    """A Docker engine is needed and none answers."""

    exit_code = 3


class BuildFailed(DockwizError):
    """The engine ran the build and the build failed."""

    exit_code = 4
