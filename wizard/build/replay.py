"""Plays a stored build back: a log of ours, or any rawjson stream of buildx. Needs no engine and no Dockerfile."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, cast

from wizard.build.events import BuildEvent, decode_line
from wizard.build.messages import Joiner
from wizard.errors import BadInput

_GZIP = b"\x1f\x8b"


def replay(path: Path) -> Iterator[BuildEvent | str]:
    """The events of a stored stream (plain or gzip), plain lines as strings.

    A Reducer that is fed with them and then finished knows how the build ended. A log that was cut off in the middle,
    as by a power failure, ends where it ends. Raises BadInput where the file cannot be read or is no record of a build.
    """
    known = False
    with closing(_open(path)) as stream:
        for line in _lines(stream, path):
            events = decode_line(line)
            if events is not None:
                known = True
                yield from events
                continue
            text = line.decode(errors="replace").rstrip("\r\n")
            # A build that fails before it starts, as for a syntax error, may leave nothing but the builder's words.
            known = known or text.startswith("ERROR: ")
            yield text
    if not known:
        raise BadInput(
            "holds no build events", path=str(path), hint="give a file of `docker buildx build --progress=rawjson`"
        )


def _open(path: Path) -> IO[bytes]:
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP
        return cast(IO[bytes], gzip.open(path, "rb")) if packed else path.open("rb")
    except OSError as error:
        raise BadInput(f"cannot be read: {(error.strerror or '').lower()}", path=str(path)) from error


def _lines(stream: IO[bytes], path: Path) -> Iterator[bytes]:
    joiner = Joiner()
    try:
        for line in stream:
            yield from joiner.feed(line)
    except EOFError:
        pass
    except (OSError, zlib.error) as error:
        raise BadInput(f"cannot be read: {error}", path=str(path)) from error
    yield from joiner.flush()
