"""The list of the corpus: which Dockerfiles of which public repositories, at which commits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).with_name("list.tsv")


@dataclass(frozen=True, slots=True)
class Entry:
    """One Dockerfile of a public repository."""

    repository: str
    """`owner/name`."""
    commit: str
    path: str
    """The Dockerfile, relative to the repository."""
    context: str
    """The build context, relative to the repository: the nearest folder that holds what the file copies."""

    @property
    def checkout(self) -> str:
        """The folder of the checkout, inside the folder that the person gives."""
        return self.repository.replace("/", "+")


def read_list(path: Path = LIST) -> tuple[Entry, ...]:
    """The entries of the list: four columns, separated by tabs, after one line of titles."""
    rows = path.read_text().splitlines()[1:]
    return tuple(Entry(*row.split("\t")) for row in rows if row)
