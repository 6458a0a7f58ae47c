"""`python -m tests.corpus FOLDER` (`make corpus FOLDER=…`): our plan on the Dockerfiles of public repositories.

FOLDER holds one checkout per repository of list.tsv, at the commit named there: FOLDER/owner+name/. Nothing in it is
changed. Writes docs/corpus.md; exits 1 where a result breaks a promise. Without an engine the results are not checked
by BuildKit, and the table says so. Entries without a checkout are left out and counted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.corpus.entries import Entry, read_list
from tests.corpus.examine import Result, examine
from tests.corpus.table import render
from tests.engine.engine import ensure
from tests.engine.machine import EngineError

PAGE = Path(__file__).parents[2] / "docs" / "corpus.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder of the checkouts (FOLDER/owner+name/)")
    parser.add_argument("--only", metavar="TEXT", help="entries whose repository or path contains this; writes no page")
    parser.add_argument("--diffs", type=Path, metavar="FOLDER", help="write the diff of every entry there")
    parser.add_argument("--no-engine", action="store_true", help="leave out BuildKit's own check")
    options = parser.parse_args()
    entries = [entry for entry in read_list() if (options.only or "") in f"{entry.repository}/{entry.path}"]
    there = [entry for entry in entries if (options.folder / entry.checkout / entry.path).is_file()]
    if not there:
        parser.error(f"{options.folder} holds none of the {len(entries)} Dockerfiles")
    results = list(_examined(there, options.folder.resolve(), None if options.no_engine else _environment()))
    if options.diffs:
        _write_diffs(options.diffs, results)
    if len(there) < len(entries):
        print(f"{len(entries) - len(there)} entries have no checkout")
    if not options.only:
        PAGE.write_text(render(results))
        print(f"wrote {PAGE.relative_to(Path.cwd()) if PAGE.is_relative_to(Path.cwd()) else PAGE}")
    return 1 if any(_complaints(result) for result in results) else 0


def _environment() -> Mapping[str, str] | None:
    """How to reach an engine; None, said on stderr, where none can be had."""
    try:
        daemon = ensure()
    except EngineError as error:
        print(f"not checked by BuildKit: {error}", file=sys.stderr)
        return None
    return {**os.environ, **(daemon.environment if daemon else {})}


def _examined(entries: list[Entry], folder: Path, env: Mapping[str, str] | None) -> Iterable[Result]:
    for number, entry in enumerate(entries, 1):
        result = examine(entry, folder, env)
        print(f"{number}/{len(entries)} {entry.repository} {entry.path} {result.seconds:.2f} s", flush=True)
        for complaint in _complaints(result):
            print(f"    {complaint}", flush=True)
        yield result


def _complaints(result: Result) -> Iterable[str]:
    """Every promise that the result breaks."""
    if result.crash is not None:
        yield result.crash
    if result.misread:
        yield f"BuildKit accepts what we do not: {result.bad_input}"
    if result.broken and result.after is not None:
        yield f"BuildKit refuses the result: {result.after.refused}"
    if result.new_warnings:
        yield f"new warnings: {dict(result.new_warnings)}"
    if result.second_run is not None:
        yield f"a second run is not quiet: {result.second_run}"
    if result.silent_on_early_copy:
        yield f"installs below its sources (instruction {result.early_copy}), and dependency-layer says nothing"


def _write_diffs(folder: Path, results: Iterable[Result]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for result in results:
        name = f"{result.entry.repository}/{result.entry.path}".replace("/", "+")
        refusals = "".join(f"# {rule}: {because}\n" for rule, because in result.refusals)
        folder.joinpath(f"{name}.diff").write_text(refusals + result.diff)


if __name__ == "__main__":
    sys.exit(main())
