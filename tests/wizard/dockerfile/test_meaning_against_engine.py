"""What we say a stage inherits, sets and starts is what the engine puts into its image.

Another seed or number: `MEANING_SEED=7 MEANING_CASES=2000 pytest …`.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Engine
from wizard.dockerfile import parse
from wizard.dockerfile.document import Document
from wizard.dockerfile.expansion import expand
from wizard.dockerfile.started import started
from wizard.dockerfile.state import environment

SEED = int(os.environ.get("MEANING_SEED", "1"))
CASES = int(os.environ.get("MEANING_CASES", "300"))
VALUES: dict[str, str | None] = {"A": "one/two/one.txt", "B": "x*y?z", "E": "", "N": "7", "S": "a b"}
PIECES = (
    "$A", "${A}", "${E}", "$N$A", "\\$A", "'$A'", "${U}", "$U", "\\\\", "-", "x", "${S}", '"$S"',
    *(f"${{{name}{operator}}}" for name in ("A", "E", "U") for operator in (":-d", "-d", ":+p", "+p", ":-", "+$N")),
    *(f"${{{name}:-${{A{inner}}}}}" for name in ("E", "A") for inner in ("", ":+y", "%.*", "##*/")),
    *("${A?m}", "${A:?m}", "${E?m}"),
    *(f"${{A{operator}{pattern}}}" for operator in ("#", "##", "%", "%%")
      for pattern in ("*/", "/*", "one", "*", "?", "o?e", ".*", "*.", "x", "\\*", "*o*")),
    *(f"${{A{operator}{pattern}/{new}}}" for operator in ("/", "//")
      for pattern in ("one", "o", "*", "?", "o*e", "t?o", "\\/") for new in ("", "Z", "$N")),
    *(f"${{B{operator}}}" for operator in ("#x\\*", "%\\?z", "##*", "%%?", "/\\*/S", "//?/q", "#*\\?")),
    *("${E#x}", "${U%x}", "${E/a/b}", "${U//a/b}", "${U:-'q'}", '"${U:-q r}"', '"${A##*/}"', "${N:+${A%%/*}}"),
)  # fmt: skip


def config_of(engine: Engine, folder: Path, target: str) -> dict[str, Any]:
    image = engine.docker("buildx", "build", "--quiet", "--provenance=false", "--target", target, folder).strip()
    config: dict[str, Any] = json.loads(engine.docker("inspect", image, "--format", "{{json .Config}}"))
    engine.run(["docker", "rmi", image])
    return config


def environment_of(config: dict[str, Any]) -> dict[str, str]:
    pairs = dict(entry.split("=", 1) for entry in config["Env"])
    return {name: value for name, value in pairs.items() if name != "PATH"}


@pytest.mark.engine
def test_every_operator_expands_as_in_the_engine(engine: Engine, tmp_path: Path) -> None:
    dice = random.Random(SEED)
    words: list[str] = []
    while len(words) < CASES:
        word = dice.choice(PIECES) if len(words) < len(PIECES) else "".join(dice.choices(PIECES, k=dice.randint(1, 4)))
        if expand(word, VALUES) is not None:
            words.append(word)
    lines = [f'ENV {name}="{value}"' for name, value in VALUES.items()]
    lines += [f"ENV R{number}=.{word}." for number, word in enumerate(words)]
    (tmp_path / "Dockerfile").write_text("FROM scratch AS it\n" + "\n".join(lines) + "\n")
    document = parse((tmp_path / "Dockerfile").read_bytes())
    found = environment_of(config_of(engine, tmp_path, "it"))
    ours = dict(environment(document, document.stages[0]).env)
    assert len(found) == len(VALUES) + len(words)
    wrong = {words[int(name[1:])]: (ours[name], value) for name, value in found.items() if ours[name] != value}
    assert wrong == {}


STAGES = """ARG G=glob
ARG NONE
ARG BASE=scratch
FROM ${BASE} AS base
ENV A=1 B="two words"
ARG P=parg
ARG P=again
SHELL ["/bin/x", "-c"]
CMD echo base $A
WORKDIR /a/
USER bob
ONBUILD ENV OB=1
ONBUILD WORKDIR ob
ONBUILD CMD triggered $A
FROM base AS child
ENV C=${P}-$A-${OB}-$G
ARG G
ENV D=$G-${NONE:-none}-${A:+set}
WORKDIR b
ENTRYPOINT run me
FROM child AS last
CMD ["x"]
WORKDIR ../../q/./r/
ENV PP=$P-$G A=$B
ARG A=arg
ENV Q=$A
USER ${U:-}al:$D
FROM last AS resets
ENTRYPOINT ["e"]
FROM last AS keeps
CMD y
ENTRYPOINT ["e"]
FROM last AS empties
CMD []
ENTRYPOINT []
FROM last AS shells
SHELL ["/bin/z"]
CMD late
USER root
FROM base AS above
ENV OB=2
CMD own
FROM above AS twice
ENV P=env
WORKDIR c
ENV W=$P
ARG P=later
ENV X=$P
FROM twice AS Mixed
ENV LEGACY some $P 'text'
WORKDIR /
FROM mixed AS by-name
ENV N=by-${LEGACY}
"""
NAMES = ("base", "child", "last", "resets", "keeps", "empties", "shells", "above", "twice", "mixed", "by-name")


@pytest.mark.engine
@pytest.mark.parametrize("name", NAMES)
def test_a_stage_inherits_and_starts_what_its_image_says(engine: Engine, tmp_path: Path, name: str) -> None:
    (tmp_path / "Dockerfile").write_text(STAGES)
    document: Document = parse(STAGES.encode())
    stage = next(stage for stage in document.stages if stage.buildkit_name == name)
    config = config_of(engine, tmp_path, name)
    state = environment(document, stage)
    assert dict(state.env) == environment_of(config)
    assert state.workdir == (config["WorkingDir"].rstrip("/") or "/")
    assert state.user == config["User"]
    assert list(state.shell or ()) == (config.get("Shell") or [])
    ours = started(document, stage)
    assert list(ours.entrypoint or ()) == (config.get("Entrypoint") or [])
    assert list(ours.cmd or ()) == (config.get("Cmd") or [])
