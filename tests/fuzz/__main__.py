"""`make fuzz`: thousands of generated files against the engine and against moby's parser, and of ignore files.

Prints the seed; the same seed makes the same files. What differs is made as small as it can be, printed, and kept in a
temporary folder. Exits 1 where something differs.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from tests.conftest import Engine
from tests.engine.engine import ensure
from tests.fuzz.differences import disagreements
from tests.fuzz.ignorefiles import CONTEXTS_PER_CALL, TREES_PER_CONTEXT, kept_by_engine, make_context
from tests.fuzz.verdicts import FILES_PER_CALL

Search = Callable[[Engine, int, int, Path], Iterator[str]]


def dockerfiles(engine: Engine, seed: int, count: int, folder: Path) -> Iterator[str]:
    """What differs from the engine's check among `count` Dockerfiles."""
    for start in range(0, count, FILES_PER_CALL):
        yield from disagreements(engine, seed, range(start, min(start + FILES_PER_CALL, count)), folder)
        _progress("Dockerfiles", start + FILES_PER_CALL, count)


def ignore_files(engine: Engine, seed: int, count: int, folder: Path) -> Iterator[str]:
    """What differs from what the engine keeps among `count` trees with patterns."""
    trees = TREES_PER_CONTEXT * CONTEXTS_PER_CALL
    for start in range(0, count, trees):
        home = folder / f"contexts{start}"
        made = []
        for number in range(CONTEXTS_PER_CALL):
            dice = Random(f"{seed}:{start}:{number}")
            made.append(make_context(home / f"c{number}", dice, trees=TREES_PER_CONTEXT * (number > 0)))
        for context, kept in zip(made, kept_by_engine(engine, made, home), strict=True):
            if kept != context.expected:
                wrong = sorted(set(kept) ^ set(context.expected))
                yield f"{context.folder}: {len(wrong)} paths differ, such as {wrong[:3]}\n{context.patterns.decode()}"
        _progress("ignore files", start + trees, count)


def _progress(what: str, done: int, count: int) -> None:
    print(f"\r{min(done, count):6} of {count} {what}", end="", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--count", type=int, default=10_000, help="of Dockerfiles, and of trees with ignore files")
    parser.add_argument("--only", choices=("dockerfiles", "ignore-files"))
    options = parser.parse_args()
    searches: dict[str, Search] = {"dockerfiles": dockerfiles, "ignore-files": ignore_files}
    folder = Path(tempfile.mkdtemp(prefix="dockwiz-fuzz-"))
    print(f"seed {options.seed}, kept in {folder}")
    daemon = ensure()
    engine = Engine({**os.environ, **(daemon.environment if daemon else {})})
    found = 0
    for name, search in searches.items():
        if options.only in (None, name):
            for text in search(engine, options.seed, options.count, folder / name):
                found += 1
                (folder / f"difference{found}.txt").write_text(text + "\n")
                print(f"\n{text}")
            print(file=sys.stderr)
    print(f"{found} differences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
