"""Random .dockerignore files over random trees, and which of the paths the engine keeps.

A context holds many small trees, each with patterns of its own behind its name, and some patterns for all: one build
tries hundreds of patterns, and the whole is one walk.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.conftest import Engine
from wizard.ignorefile import IgnoreFileError, parse, walk

CONTEXTS_PER_CALL: Final = 20
TREES_PER_CONTEXT: Final = 25
_NAMES: Final = (
    "a", "b", "ab", "foo", "bar", "a.py", "b.pyc", ".git", "x1", "é", "a-b", "A", "{a}", "aa", "[x]", "^a", "a|b",
    "b c",
    "!a",
)  # fmt: skip
_PIECES: Final = (
    "a", "b", "foo", "/", "/", "*", "*", "**", "**/", "/**", "?", ".py", ".", "../", "[a-c]", "[^a]", "[!a]", "\\a",
    "\\d",
)  # fmt: skip
_ODD_PIECES: Final = (
    "{2}", "|", "^", "$", "+", "(", ")", " ", "\\w", "\\*", "[[:alpha:]]", "é", "#", "[*]", "\\Q", "\\x61", "\\pL", "]",
)  # fmt: skip


@dataclass(frozen=True)
class Context:
    """A folder with its .dockerignore, and the paths that the walk keeps."""

    folder: Path
    patterns: bytes
    expected: tuple[str, ...]


def make_context(folder: Path, dice: random.Random, *, trees: int = 0) -> Context:
    """A tree with a few patterns; with `trees`, that many small ones beside each other, each with its own."""
    lines: list[str] = []
    while True:
        folder.mkdir(parents=True)
        for number in range(trees):
            (folder / f"t{number}").mkdir()
            _grow(folder / f"t{number}", dice, depth=2)
            lines += [_below(f"t{number}", line) for line in _patterns(folder / f"t{number}", dice)]
        if not trees:
            _grow(folder, dice, depth=0)
        lines += _patterns(folder, dice)
        if trees:
            dice.shuffle(lines)
        patterns = "\n".join(filter(_can_be_tried, lines)).encode()
        (folder / ".dockerignore").write_bytes(patterns)
        expected = paths_kept(folder, patterns)
        if expected is not None:
            return Context(folder, patterns, expected)
        shutil.rmtree(folder)
        lines.clear()


def paths_kept(folder: Path, patterns: bytes) -> tuple[str, ...] | None:
    """What our walk keeps; None where a pattern is refused."""
    try:
        return tuple(entry.path for entry in walk(folder, parse(patterns)))
    except IgnoreFileError:
        return None


def kept_by_engine(engine: Engine, contexts: Sequence[Context], folder: Path) -> list[tuple[str, ...]]:
    """The paths that a build sees of each context; all of them lie below `folder`."""
    kept: list[tuple[str, ...]] = []
    for start in range(0, len(contexts), CONTEXTS_PER_CALL):
        out = folder / "out"
        (folder / "empty").mkdir(exist_ok=True)
        batch = contexts[start : start + CONTEXTS_PER_CALL]
        targets = {
            f"t{number}": {
                "context": "empty",
                "contexts": {"tree": str(context.folder.relative_to(folder))},
                "dockerfile-inline": "FROM tree\n",
                "output": [f"type=local,dest=out/{number}"],
            }
            for number, context in enumerate(batch)
        }
        definition = {"group": {"default": {"targets": list(targets)}}, "target": targets}
        (folder / "bake.json").write_text(json.dumps(definition))
        done = engine.run(["docker", "buildx", "bake", "--file=bake.json"], cwd=folder)
        assert done.returncode == 0, done.stderr
        kept += [paths_kept(out / str(number), b"") or () for number in range(len(batch))]
        shutil.rmtree(out, ignore_errors=True)
    return kept


def _grow(folder: Path, dice: random.Random, depth: int) -> None:
    for name in dice.sample(_NAMES, dice.randint(2, 6)):
        if depth < 3 and dice.random() < 0.5:
            (folder / name).mkdir()
            _grow(folder / name, dice, depth + 1)
        else:
            (folder / name).touch()


def _patterns(folder: Path, dice: random.Random) -> list[str]:
    paths = paths_kept(folder, b"") or ()
    return [_pattern(paths, dice) for _ in range(dice.randint(1, 5))]


def _pattern(paths: Sequence[str], dice: random.Random) -> str:
    if dice.random() < 0.4:
        wild = ("*", "**", "?", "*a*")
        parts = dice.choice(paths).split("/")
        pattern = "/".join(dice.choice(wild) if dice.random() < 0.25 else part for part in parts)
    else:
        pieces = _PIECES + _ODD_PIECES if dice.random() < 0.4 else _PIECES
        pattern = "".join(dice.choice(pieces) for _ in range(dice.randint(1, 5)))
    return "!" * (dice.random() < 0.35) + pattern


def _below(folder: str, pattern: str) -> str:
    return f"!{folder}/{pattern[1:]}" if pattern.startswith("!") else f"{folder}/{pattern}"


def _can_be_tried(line: str) -> bool:
    """Whether a pattern stands a chance among many: one that fails, fails them all."""
    try:
        return all(pattern.matcher is not None for pattern in parse(line.encode()).patterns)
    except IgnoreFileError:
        return False
