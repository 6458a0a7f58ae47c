"""Which folder a command of a RUN works in."""

import pytest

from wizard.dockerfile import parse
from wizard.dockerfile.folders import entered, folder_at
from wizard.dockerfile.shell import parse_run
from wizard.dockerfile.state import environment


def folder(body: str, head: str = "FROM a\nWORKDIR /app\n") -> str | None:
    """Where `pip` works in."""
    document = parse(f"{head}RUN {body}\n".encode())
    run = document.instructions[-1]
    script, state = parse_run(document, run), environment(document, document.stages[0], run)
    command = next(command for command in script.commands if command.name == "pip")
    return folder_at(script, command, state, state.workdir or "/(image)")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("pip a", "/app"),
        ("cd web && pip a", "/app/web"),
        ("cd /srv/web/ && pip a", "/srv/web"),
        ("cd 'a b' && cd ../c && pip a", "/app/c"),
        ("set -e; cd web; pip a", "/app/web"),
        ("pip a && cd web", "/app"),
        ("(cd api && npm ci) && pip a", "/app"),
        ("cd x && (cd api && npm ci; pip a)", "/app/x/api"),
        ("true || false; pip a", "/app"),
    ],
)
def test_cd_counts_where_it_runs_in_any_case(body: str, expected: str) -> None:
    assert folder(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        "cd && pip a",
        "cd - && pip a",
        "cd ~/x && pip a",
        "cd w* && pip a",
        "cd $(pwd)/x && pip a",
        "cd web || true; pip a",
        "true || cd web && pip a",
        "cd web & pip a",
        "cd web | pip a",
        "! cd web; pip a",
        "if true; then cd web; fi && pip a",
        "{ cd web; } && pip a",
        "pushd web && pip a",
        "eval 'cd web' && pip a",
        ". ./go && pip a",
        "X=web; cd $X && pip a",
        "cd a b && pip a",
        "(if true; then cd web; fi; pip a)",
    ],
)
def test_what_else_may_change_the_folder_is_not_worked_out(body: str) -> None:
    assert folder(body) is None


def test_a_variable_counts_with_the_value_of_the_file_and_not_of_a_build_argument() -> None:
    assert folder("cd $PART && pip a", "FROM a\nWORKDIR /app\nENV PART=web\n") == "/app/web"
    assert folder("cd $PART && pip a", "FROM a\nWORKDIR /app\nARG PART=web\n") is None
    assert folder("cd $PART && pip a") is None
    assert folder("cd web && pip a", "FROM a\nWORKDIR /app\nENV CDPATH=/x\n") is None


def test_without_a_workdir_nothing_above_the_folder_of_the_image_is_known() -> None:
    assert folder("cd web && pip a", "FROM a\n") == "/(image)/web"
    assert folder("cd /web && pip a", "FROM a\n") == "/web"
    assert folder("cd ../web && pip a", "FROM a\n") is None


def test_every_folder_that_is_entered_is_told() -> None:
    document = parse(b"FROM a\nWORKDIR /app\nRUN cd a && cd b && (cd /c) && cd $X\n")
    run = document.instructions[-1]
    state = environment(document, document.stages[0], run)
    assert entered(parse_run(document, run), state, "/app") == ("/app/a", "/app/a/b", "/c", None)


def test_a_cd_that_may_not_run_leads_nowhere() -> None:
    document = parse(b"FROM a\nWORKDIR /app\nRUN true || cd a\n")
    run = document.instructions[-1]
    state = environment(document, document.stages[0], run)
    assert entered(parse_run(document, run), state, "/app") == (None,)
