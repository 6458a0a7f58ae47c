"""What a RUN gives to another shell as a text: its commands, and where they stand in the file."""

import pytest

from wizard.dockerfile import parse
from wizard.dockerfile.installs import installs
from wizard.dockerfile.script import Script
from wizard.dockerfile.shell import parse_run


def read(body: str) -> tuple[bytes, Script]:
    document = parse(f"FROM a\nRUN {body}\n".encode())
    return document.source, parse_run(document, document.instructions[-1])


@pytest.mark.parametrize(
    "body",
    [
        'bash -c "apt-get update && apt-get install -y curl"',
        "sh -c 'apt-get update; apt-get install -y curl'",
        '/bin/bash -lc "apt-get update && apt-get install -y curl" && echo done',
        "bash -e -o pipefail -c 'apt-get update && apt-get install -y curl' name",
        'bash -c "apt-get update && \\\n    # the client\n    apt-get install -y \\\n    curl"',
        "sh -c \"bash -c 'apt-get update && apt-get install -y curl'\"",
        "<<EOF\nset -e\nbash -c 'apt-get update\napt-get install -y curl'\nEOF",
    ],
)
def test_a_quoted_text_is_read_where_it_stands(body: str) -> None:
    source, script = read(body)
    update, install = installs(script)
    assert (update.verb, install.verb) == ("update", "install")
    assert install.packages[0].span.of(source) == b"curl"
    assert update.command.nested
    assert script.top[0].kind in ("subshell", "command")


def test_the_shell_stays_a_command_of_its_own_that_changes_nothing_for_the_others() -> None:
    _, script = read("bash -c 'cd /x && pip install a' && pip install b")
    assert [(command.kind, command.nested) for command in script.commands] == [
        ("subshell", False),
        ("command", True),
        ("command", True),
        ("command", False),
    ]


@pytest.mark.parametrize("options", ["", "-E ", "-EH ", "--preserve-env -n -- "])
def test_what_sudo_runs_in_a_shell_is_run_by_sudo(options: str) -> None:
    source, script = read(f"sudo {options}sh -c 'cd /x && pip install a'")
    (install,) = installs(script)
    assert install.packages[0].span.of(source) == b"a"
    assert install.wrappers == ("sudo",)
    assert [command.name for command in script.commands] == [None, "cd", "pip"]


def test_what_is_assigned_for_the_shell_is_assigned_for_its_commands() -> None:
    _, script = read("PIP_NO_CACHE_DIR=1 sh -c 'A=1 pip install a && pip install b'")
    assert [one.environment for one in installs(script)] == [("PIP_NO_CACHE_DIR", "A"), ("PIP_NO_CACHE_DIR",)]


@pytest.mark.parametrize(
    "body",
    [
        'bash -c "pip install $WHAT"',
        "sudo -u app bash -c 'pip install a'",
        "sudo -i bash -c 'pip install a'",
        "sudo A=1 bash -c 'pip install a'",
        'bash -c "pip install `cat list`"',
        'bash -c "pip install \\"a b\\""',
        "bash -c 'pip install '\"a\"",
        "bash -c pip",
        "bash -c 'pip install ('",
        "bash install.sh -c 'pip install a'",
        "bash",
        "fish -c 'pip install a'",
    ],
)
def test_a_text_that_the_first_shell_changes_is_left_alone(body: str) -> None:
    _, script = read(body)
    assert installs(script) == ()
    assert script.commands[0].kind == "command"
