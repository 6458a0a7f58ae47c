"""How stages refer to each other, what they inherit, and what they read from the context."""

import pytest

from wizard.dockerfile import Document, Stage, parse
from wizard.dockerfile.expansion import expand, expanded_base
from wizard.dockerfile.sources import context_sources, destination
from wizard.dockerfile.stages import base_image, base_stage, dependencies, find_stage, reachable, target_stage
from wizard.dockerfile.started import Started, started
from wizard.dockerfile.state import State, environment

FILE = b"""ARG BASE=deps
ARG VERSION=3.11
ARG EMPTY
FROM python:${VERSION}-slim AS Deps
FROM ${BASE} AS build
FROM node:20 AS assets
FROM debian:$EMPTY AS unused
FROM scratch
COPY --from=BUILD /a /a
COPY --from=2 /b /b
COPY --from=nginx:1 /c /c
RUN --mount=type=bind,from=unused,target=/x --mount=type=cache,target=/c ls
"""


def names(*stages: Stage) -> list[str]:
    return [stage.buildkit_name for stage in stages]


def last(text: str) -> tuple[Document, State]:
    document = parse(text.encode())
    return document, environment(document, document.stages[-1])


def test_stages_are_found_by_name_whatever_its_case_and_by_number() -> None:
    document = parse(FILE)
    assert find_stage(document, "dEPS") is document.stages[0]
    assert find_stage(document, "1") is document.stages[1]
    assert find_stage(document, "9") is None
    assert find_stage(document, "nginx:1") is None


def test_a_target_is_found_by_its_name_only() -> None:
    document = parse(b"FROM a AS one\nFROM b AS two\nFROM c\n")
    assert target_stage(document, "ONE") is document.stages[0]
    assert target_stage(document, "0") is None
    assert target_stage(document, "stage-2") is None
    assert target_stage(document, None) is document.stages[2]
    assert target_stage(document, "") is document.stages[2]


def test_from_knows_earlier_stages_by_lower_case_name_only() -> None:
    document = parse(b"FROM a AS Base\nFROM base AS two\nFROM 0\nFROM two AS base\n")
    assert [base_stage(document, stage) for stage in document.stages] == [
        None,
        document.stages[0],
        None,
        document.stages[1],
    ]


def test_dependencies_go_through_base_copy_and_mounts() -> None:
    document = parse(FILE)
    assert names(*dependencies(document, document.stages[-1])) == ["build", "assets", "unused"]
    assert names(*dependencies(document, document.stages[1])) == ["deps"]
    assert reachable(document, document.stages[1]) == {0, 1}
    assert reachable(document, document.stages[-1]) == {0, 1, 2, 3, 4}


def test_the_base_image_is_that_of_the_first_stage_with_defaults_put_in() -> None:
    document = parse(FILE)
    assert [base_image(document, stage) for stage in document.stages] == [
        "python:3.11-slim",
        "python:3.11-slim",
        "node:20",
        "debian:$EMPTY",
        "scratch",
    ]
    assert base_image(document, document.stages[1], {"VERSION": "3.12"}) == "python:3.12-slim"
    assert base_image(document, document.stages[1], {"BASE": "alpine"}) == "alpine"


def test_state_is_inherited_from_stages_below() -> None:
    document, state = last(
        "ARG G=global\nFROM a AS one\nARG G\nARG V=1\nENV HOME=/h PATH=/x:$PATH\nWORKDIR /app\nUSER app\n"
        'SHELL ["/bin/bash", "-c"]\nFROM one\nWORKDIR sub/${V}/..\nENV B=$V-$G\n'
    )
    assert (state.workdir, state.user, state.shell) == ("/app/sub", "app", ("/bin/bash", "-c"))
    assert state.env == {"HOME": "/h", "PATH": None, "B": "1-global"}
    assert state.args == {"G": "global", "V": "1"}
    assert state.home == "/h"
    before = environment(document, document.stages[-1], document.stages[-1].instructions[1])
    assert before.workdir == "/app"


def test_env_is_expanded_with_what_was_set_before_it() -> None:
    assert last("FROM scratch\nENV A=1\nENV A=2 B=$A\n")[1].env == {"A": "2", "B": "1"}
    assert last("FROM a\nARG X=arg\nENV X=env\nENV Y=$X\n")[1].env["Y"] == "env"
    assert last("FROM a\nENV OLD some text $X\n")[1].env == {"OLD": None}


@pytest.mark.parametrize(
    ("lines", "home", "is_root"),
    [
        ("", "/root", True),
        ("USER root\n", "/root", True),
        ("USER 0:0\n", "/root", True),
        ("USER node\n", None, False),
        ("USER $WHO\n", None, None),
        ("USER node\nENV HOME=/home/node\n", "/home/node", False),
    ],
)
def test_home_is_known_for_root_and_where_it_is_set(lines: str, home: str | None, is_root: bool | None) -> None:
    state = last(f"FROM a\n{lines}")[1]
    assert (state.home, state.is_root) == (home, is_root)


def test_a_relative_workdir_of_an_unknown_image_is_not_known() -> None:
    assert last("FROM a\nWORKDIR app\n")[1].workdir is None
    assert last("FROM scratch\nWORKDIR app\n")[1].workdir == "/app"
    assert last("FROM a\nWORKDIR /a/\nWORKDIR $X\n")[1].workdir is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$A", "1.2.3"),
        ("${A}x", "1.2.3x"),
        ("\\$A", "$A"),
        ("'$A'", "$A"),
        ('"$A b"', "1.2.3 b"),
        ("${NO:-d $A}", "d 1.2.3"),
        ("${E-d}", ""),
        ("${E:-d}", "d"),
        ("${A:+y}", "y"),
        ("${NO+y}", ""),
        ("${A#*.}", "2.3"),
        ("${A##*.}", "3"),
        ("${A%.*}", "1.2"),
        ("${A%%.*}", "1"),
        ("${A/./-}", "1-2.3"),
        ("${A//./-}", "1-2-3"),
        ("$NO", ""),
        ("$UNKNOWN", None),
        ("${UNKNOWN:-x}", None),
        ("${A:?gone}", "1.2.3"),
        ("${NO:?gone}", None),
        ("${", None),
        ("$", "$"),
        ("$$A", "A"),
    ],
)
def test_every_operator_of_an_expansion(text: str, value: str | None) -> None:
    assert expand(text, {"A": "1.2.3", "E": "", "UNKNOWN": None}) == value


def _doubling(keyword: str) -> str:
    return f"{keyword} A0=xx\n" + "".join(f"{keyword} A{n}=$A{n - 1}$A{n - 1}\n" for n in range(1, 64))


def test_values_that_double_from_line_to_line_end_up_unknown() -> None:
    _, state = last(f"FROM a\n{_doubling('ENV')}")
    assert (state.env["A9"], state.env["A63"]) == ("x" * 1024, None)


def test_a_base_image_of_a_value_that_doubles_from_line_to_line_is_unknown() -> None:
    document = parse(f"{_doubling('ARG')}FROM debian:$A63\n".encode())
    assert expanded_base(document, document.stages[0]) is None


@pytest.mark.parametrize("text", ["${A//a/$A}", "${A//a*a*a*b/c}", "$A$A"])
def test_what_would_take_too_much_memory_or_time_is_unknown(text: str) -> None:
    assert expand(text, {"A": "a" * 40000}) is None


def test_the_escape_character_of_the_file_counts() -> None:
    assert expand("`$A \\$A", {"A": "1"}, "`") == "$A \\1"


@pytest.mark.parametrize(
    ("line", "paths", "target"),
    [
        ("COPY a b /c/", ("a", "b"), "/c/"),
        ("COPY --chown=1 $DIR/x ${NO}y .", ("src/x", "${NO}y"), "/app"),
        ('COPY ["a b", "./d"]', ("a b",), "/app/d"),
        ("COPY --from=x a /b", (), "/b"),
        ("COPY <<EOF a /b\nx\nEOF", ("a",), "/b"),
        ("ADD https://x/y.tgz git@github.com:a/b.git c /d", ("c",), "/d"),
    ],
)
def test_copies_name_their_sources_and_destination(line: str, paths: tuple[str, ...], target: str) -> None:
    document = parse(f"FROM a\nWORKDIR /app\nARG DIR=src\n{line}\n".encode())
    stage = document.stages[0]
    instruction = stage.instructions[-1]
    state = environment(document, stage, instruction)
    assert context_sources(instruction, state) == paths
    assert destination(instruction, state) == target


def test_bind_mounts_read_the_context_unless_they_come_from_elsewhere() -> None:
    document = parse(
        b"FROM a\nRUN --mount=type=bind,source=x,target=/x --mount=target=/y --mount=type=bind,from=b,target=/z "
        b"--mount=type=cache,target=/c ls\n"
    )
    assert context_sources(document.instructions[1]) == ("x", ".")


def test_of_env_and_arg_the_later_one_counts_within_a_stage_and_env_above_it() -> None:
    text = "FROM scratch AS one\nENV A=env\nARG A=arg\nENV B=$A\nARG C=arg\nENV C=env\nENV D=$C\n"
    assert last(text)[1].env == {"A": "env", "B": "arg", "C": "env", "D": "env"}
    assert last(text)[1].settings["A"] == "arg"
    assert last(text + "FROM one\nENV E=$A\n")[1].env["E"] == "env"


def test_triggers_run_in_the_stage_directly_above_only() -> None:
    text = (
        "FROM scratch AS other\nFROM scratch AS one\nONBUILD WORKDIR /a\nONBUILD ENV X=1\n"
        "ONBUILD COPY --from=other / /\nFROM one AS two\nENV Y=${X:-no}\n"
    )
    document, state = last(text)
    assert (state.workdir, state.env) == ("/a", {"X": "1", "Y": "1"})
    assert [stage.name for stage in dependencies(document, document.stages[2])] == ["one", "other"]
    assert [stage.name for stage in dependencies(document, document.stages[1])] == []
    document, state = last(text + "FROM two\nWORKDIR b\n")
    assert state.workdir == "/a/b"
    assert [stage.name for stage in dependencies(document, document.stages[3])] == ["two"]


def test_upon_scratch_what_is_not_set_is_unset() -> None:
    assert last("FROM scratch\nENV A=${NO:-default} B=${PATH}\n")[1].env == {"A": "default", "B": None}
    assert last("ARG BASE=scratch\nFROM $BASE\nENV A=${NO-default}\n")[1].env == {"A": "default"}
    assert last("FROM debian\nENV A=${NO:-default}\n")[1].env == {"A": None}


@pytest.mark.parametrize(
    ("lines", "entrypoint", "cmd"),
    [
        ("", None, None),
        ('CMD ["a"]\n', None, ("a",)),
        ("CMD a b\n", None, ("/bin/sh", "-c", "a b")),
        ('ENTRYPOINT ["e"]\n', ("e",), ()),
        ('CMD ["a"]\nENTRYPOINT ["e"]\n', ("e",), ("a",)),
        ('CMD ["a"]\nFROM one\nENTRYPOINT ["e"]\n', ("e",), ()),
        ('CMD ["a"]\nFROM one\nENTRYPOINT ["e"]\nCMD ["b"]\n', ("e",), ("b",)),
        ('ENTRYPOINT ["e"]\nFROM one\nCMD ["b"]\n', ("e",), ("b",)),
        ('SHELL ["/bin/bash", "-c"]\nFROM one\nCMD x\n', None, ("/bin/bash", "-c", "x")),
        ('ONBUILD CMD ["t"]\nFROM one\n', None, ("t",)),
        ('ENTRYPOINT ["e"]\nFROM one\nENTRYPOINT []\n', (), ()),
    ],
)
def test_what_a_container_starts(lines: str, entrypoint: tuple[str, ...] | None, cmd: tuple[str, ...] | None) -> None:
    document = parse(f"FROM debian AS one\n{lines}".encode())
    assert started(document, document.stages[-1]) == Started(entrypoint, cmd)
