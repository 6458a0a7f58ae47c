"""The traps as small repos: `tests/fixtures/traps/<trap>/<case>/` holds

case.toml     what        what is mean about it, in one sentence;
              same        shell commands that must say the same in the image before and after (its CMD always must);
              build       further options of the build;
              dockerfile  where it is not called Dockerfile;
              git         true: the repo is a git work tree, with everything committed that its .gitignore lets in;
              not-built   why it is not built here;
before/       the repo;
after/        what `apply --all` makes of it; without it nothing may change;
refusals.txt  what the rules refuse, each with the beginning of the reason; without it nothing.
"""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

from wizard.inspection import inspect
from wizard.plan.fold import Plan, make_plan
from wizard.plan.selection import Selection
from wizard.workspace import open_workspace

FOLDER = Path(__file__).parents[1] / "fixtures" / "traps"


@dataclass(frozen=True)
class Case:
    """One folder. `trap` is the folder above it, `T01-…`."""

    folder: Path
    what: str
    same: tuple[str, ...] = ()
    build: tuple[str, ...] = ()
    dockerfile: str = "Dockerfile"
    git: bool = False
    not_built: str | None = None

    @property
    def id(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}"

    @property
    def before(self) -> Path:
        return self.folder / "before"

    @property
    def after(self) -> Path:
        """The expected repo: `before` where nothing may change."""
        return self.folder / "after" if self.changes else self.before

    @property
    def changes(self) -> bool:
        return (self.folder / "after").is_dir()

    @property
    def refusals(self) -> tuple[str, ...]:
        path = self.folder / "refusals.txt"
        return tuple(path.read_text().splitlines()) if path.exists() else ()

    def lay_out(self, source: Path, target: Path) -> Path:
        """A copy of `before` or `after` in a folder of its own, as its owner would have it."""
        shutil.copytree(source, target, symlinks=True)
        if self.git:
            for words in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "Begin")):
                identity = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
                subprocess.run(["git", *identity, *words], cwd=target, check=True, capture_output=True)
        return target


def read_cases() -> list[Case]:
    """Every case, by trap and name."""
    return [_read(path.parent) for path in sorted(FOLDER.glob("*/*/case.toml"))]


def plan_all(root: Path, case: Case) -> Plan:
    """The plan with every proposal taken for the repo of a case, laid out in `root`."""
    workspace = open_workspace(root)
    return make_plan(workspace, inspect(workspace, case.dockerfile), Selection(all=True))


def _read(folder: Path) -> Case:
    table = tomllib.loads((folder / "case.toml").read_text())
    return Case(
        folder,
        table.pop("what"),
        tuple(table.pop("same", ())),
        tuple(table.pop("build", ())),
        table.pop("dockerfile", "Dockerfile"),
        table.pop("git", False),
        table.pop("not-built", None),
        **table,
    )
