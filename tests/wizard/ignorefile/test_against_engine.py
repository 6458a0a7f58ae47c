"""Random patterns over random trees: what BuildKit sends is what the walk yields; `make fuzz` tries thousands."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.conftest import Engine
from tests.fuzz.ignorefiles import kept_by_engine, make_context
from wizard.ignorefile import IgnoreFileError, parse, walk


@pytest.mark.engine
@pytest.mark.parametrize(("contexts", "trees"), [(25, 0), (12, 25)])
def test_the_engine_keeps_what_the_walk_yields(contexts: int, trees: int, engine: Engine, tmp_path: Path) -> None:
    made = [make_context(tmp_path / f"c{number}", Random(number), trees=trees) for number in range(contexts)]
    for context, kept in zip(made, kept_by_engine(engine, made, tmp_path), strict=True):
        assert (context.patterns, kept) == (context.patterns, context.expected)


@pytest.mark.engine
@pytest.mark.parametrize(
    "patterns",
    [
        *("!", "!/", "[a-", "a/\\", "[b-a]", "b*q[", "q\\8", "x\\y", "a{2}{3}*", "a|{2}*", "![b-a]", "*\n![b-a]"),
        *("a\tb", "a\x7fb", "a\0b", "# a\tb\nq", "a\tb\né", "\x1fa", "a\t"),
    ],
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
