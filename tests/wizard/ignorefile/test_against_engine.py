"""Random patterns over a random tree: what BuildKit sends is what the walk yields.

One build checks many cases: each is a named context, a folder with its own .dockerignore, copied into a folder of its
own and exported. Another seed or number: `IGNORE_SEED=7 IGNORE_CASES=300 pytest …`.
"""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from tests.conftest import Engine
from wizard.ignorefile import IgnoreFileError, parse, walk

SEED = int(os.environ.get("IGNORE_SEED", "1"))
CASES = int(os.environ.get("IGNORE_CASES", "40"))
CASES_PER_BUILD = 20
NAMES = (
    "a",
    "b",
    "ab",
    "foo",
    "bar",
    "a.py",
    "b.pyc",
    ".git",
    "x1",
    "é",
    "a-b",
    "A",
    "{a}",
    "aa",
    "[x]",
    "^a",
    "a|b",
    "b c",
    "!a",
)
PIECES = (
    "a",
    "b",
    "foo",
    "/",
    "/",
    "*",
    "*",
    "**",
    "**/",
    "/**",
    "?",
    ".py",
    ".",
    "../",
    "[a-c]",
    "[^a]",
    "[!a]",
    "\\a",
    "\\d",
)
ODD_PIECES = (
    "{2}",
    "|",
    "^",
    "$",
    "+",
    "(",
    ")",
    " ",
    "\\w",
    "\\*",
    "[[:alpha:]]",
    "é",
    "#",
    "[*]",
    "\\Q",
    "\\x61",
    "\\pL",
    "]",
)


def grow(folder: Path, dice: random.Random, depth: int = 0) -> None:
    for name in dice.sample(NAMES, dice.randint(2, 6)):
        if depth < 3 and dice.random() < 0.5:
            (folder / name).mkdir()
            grow(folder / name, dice, depth + 1)
        else:
            (folder / name).write_text(name)


def random_pattern(paths: list[str], dice: random.Random) -> str:
    if dice.random() < 0.4:
        wild = ("*", "**", "?", "*a*")
        parts = dice.choice(paths).split("/")
        pattern = "/".join(dice.choice(wild) if dice.random() < 0.25 else part for part in parts)
    else:
        pieces = PIECES + ODD_PIECES if dice.random() < 0.4 else PIECES
        pattern = "".join(dice.choice(pieces) for _ in range(dice.randint(1, 5)))
    return "!" * (dice.random() < 0.35) + pattern


def make_cases(root: Path, dice: random.Random) -> list[tuple[str, Path, list[str]]]:
    """(patterns, folder, expected paths) of cases that the port accepts, each folder with its .dockerignore."""
    cases: list[tuple[str, Path, list[str]]] = []
    while len(cases) < CASES:
        folder = root / f"case{len(cases)}"
        folder.mkdir(parents=True)
        grow(folder, dice)
        paths = [entry.path for entry in walk(folder, parse(b""))]
        patterns = "\n".join(random_pattern(paths, dice) for _ in range(dice.randint(1, 5)))
        (folder / ".dockerignore").write_text(patterns)
        try:
            expected = [entry.path for entry in walk(folder, parse(patterns.encode()))]
        except IgnoreFileError:
            shutil.rmtree(folder)
            continue
        cases.append((patterns, folder, expected))
    return cases


@pytest.mark.engine
def test_the_engine_keeps_what_the_walk_yields(engine: Engine, tmp_path: Path) -> None:
    cases = make_cases(tmp_path, random.Random(SEED))
    differences: list[str] = []
    for start in range(0, len(cases), CASES_PER_BUILD):
        batch = cases[start : start + CASES_PER_BUILD]
        names = [f"case{start + number}" for number in range(len(batch))]
        build = tmp_path / f"build{start}"
        build.mkdir()
        (build / "Dockerfile").write_text(
            "FROM scratch\n" + "".join(f"COPY --from={name} . /{name}/\n" for name in names)
        )
        contexts = [f"--build-context={name}={folder}" for name, (_, folder, _) in zip(names, batch, strict=True)]
        out = tmp_path / f"out{start}"
        engine.docker("buildx", "build", *contexts, f"--output=type=local,dest={out}", build)
        for name, (patterns, folder, expected) in zip(names, batch, strict=True):
            kept = [entry.path for entry in walk(out / name, parse(b""))] if (out / name).exists() else []
            if kept != expected:
                differences.append(f"{patterns!r} in {folder}: {sorted(set(kept) ^ set(expected))}")
    assert differences == []


@pytest.mark.engine
@pytest.mark.parametrize(
    "patterns", ["!", "!/", "[a-", "a/\\", "[b-a]", "b*q[", "q\\8", "x\\y", "a{2}{3}*", "a|{2}*", "![b-a]", "*\n![b-a]"]
)
def test_the_engine_refuses_what_the_port_refuses(patterns: str, engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    (tmp_path / ".dockerignore").write_text(patterns)
    refusal = None
    try:
        list(walk(tmp_path, parse(patterns.encode())))
    except IgnoreFileError as error:
        refusal = error.message
    done = engine.run(["docker", "buildx", "build", "--output=type=cacheonly", tmp_path])
    assert (done.returncode != 0) == (refusal is not None)
    assert refusal is None or refusal in done.stderr
