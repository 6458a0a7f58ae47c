"""`python -m tests.repositories FOLDER` (`make repositories FOLDER=…`): our plan on public Python repositories.

FOLDER holds one checkout per repository of list.tsv, at the commit named there: FOLDER/owner+name/. Nothing in it is
changed and nothing is built. `--reports FOLDER` takes in reports of `dockwiz compare --json`, named
owner+name.default.json (or .all.json for a comparison with `--all`); their figures are kept in measured.json. Writes
docs/python-repositories.md; exits 1 where a plan fails or a measured image is worse and notes.toml says nothing of it.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path

from tests.corpus.entries import read_list
from tests.repositories.measured import read_measured, take_in
from tests.repositories.page import render, worse
from tests.repositories.planned import plan_entry
from wizard.errors import DockwizError

PAGE = Path(__file__).parents[2] / "docs" / "python-repositories.md"
LIST = Path(__file__).with_name("list.tsv")
NOTES = Path(__file__).with_name("notes.toml")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.repositories", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder of the checkouts (FOLDER/owner+name/)")
    parser.add_argument("--reports", type=Path, metavar="FOLDER", help="reports of `dockwiz compare --json` to take in")
    options = parser.parse_args()
    plans, failures = [], 0
    for entry in read_list(LIST):
        if not (options.folder / entry.checkout / entry.path).is_file():
            parser.error(f"{options.folder} has no {entry.checkout}/{entry.path}")
        try:
            plans.append(plan_entry(entry, options.folder.resolve()))
        except DockwizError as error:
            print(f"{entry.repository}: {error}", file=sys.stderr)
            failures += 1
    if options.reports:
        take_in(options.reports)
    measured = read_measured()
    notes = tomllib.loads(NOTES.read_text("utf-8"))
    PAGE.write_text(render(plans, measured, notes["repositories"], notes["how"]), "utf-8")
    unexplained = [
        key for key, found in measured.items() if worse(found) and key.split()[0] not in notes["repositories"]
    ]
    for key in unexplained:
        print(f"{key}: worse and not explained: {', '.join(worse(measured[key]))}", file=sys.stderr)
    return 1 if failures or unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
