"""What a RUN runs: commands in order, how they are joined, where they stand."""

import time

import pytest

from wizard.dockerfile import Document, parse
from wizard.dockerfile.shell import MOST_COMMANDS, Script, changes_shell_state, parse_run


def read(body: str, head: str = "FROM a\n") -> tuple[Document, Script]:
    document = parse(f"{head}RUN {body}\n".encode())
    return document, parse_run(document, document.instructions[-1])


def joined(script: Script) -> list[tuple[str, str | None]]:
    return [(command.joined_by, command.name) for command in script.commands]


def flagged(script: Script, flag: str) -> list[str | None]:
    return [command.name for command in script.commands if getattr(command, flag)]


def test_commands_come_in_order_with_what_joins_them() -> None:
    _, script = read("a && b || c; d | e & f")
    assert joined(script) == [("", "a"), ("&&", "b"), ("||", "c"), (";", "d"), ("|", "e"), ("&", "f")]
    assert flagged(script, "piped") == ["d", "e"]
    assert flagged(script, "background") == ["e"]


def test_words_have_text_value_and_place() -> None:
    document, script = read("pip install -r \"a b\" 'c'd $X ${Y:-2} $(ls) e\\ f uvicorn[standard] x{1,2} ~/y *.whl")
    words = script.commands[0].words
    assert [(word.text, word.value) for word in words[2:]] == [
        ("-r", "-r"),
        ('"a b"', "a b"),
        ("'c'd", "cd"),
        ("$X", None),
        ("${Y:-2}", None),
        ("$(ls)", None),
        ("e\\ f", "e f"),
        ("uvicorn[standard]", "uvicorn[standard]"),
        ("x{1,2}", None),
        ("~/y", "~/y"),
        ("*.whl", "*.whl"),
    ]
    assert [word.span.of(document.source).decode() for word in words] == [word.text for word in words]
    assert script.commands[0].substitutes


def test_spans_lead_back_through_continuations_and_comments() -> None:
    document, script = read('apt-get update\\\n&& x;\\\r\ny "é\\\nb" \\\n # note\n\n  && apt-get install \\\n    curl')
    assert joined(script) == [("", "apt-get"), ("&&", "x"), (";", "y"), ("&&", "apt-get")]
    last = script.commands[-1]
    assert last.span.of(document.source) == b"apt-get install \\\n    curl"
    assert last.words[-1].span.of(document.source) == b"curl"
    assert script.commands[2].words[1].value == "éb"


def test_assignments_redirections_and_negation() -> None:
    document, script = read("! A=1 B=$x make > /log 2>&1 < in && C=2 && export D=3")
    make, assignment, export = script.commands
    assert (make.name, make.assignments, make.redirects, make.negated) == ("make", ("A", "B"), True, True)
    assert make.span.of(document.source).startswith(b"! A=1")
    assert (assignment.kind, assignment.name, assignment.assignments) == ("assignment", None, ("C",))
    assert [word.value for word in export.words] == ["export", "D=3"]


def test_constructs_are_one_command_followed_by_the_nested_ones() -> None:
    _, script = read('if [ -f x ]; then a; else b && c; fi && (cd y && make) && for i in 1; do echo "$(d)"; done && e')
    assert [(command.kind, command.name) for command in script.top] == [
        ("compound", None),
        ("subshell", None),
        ("compound", None),
        ("command", "e"),
    ]
    assert flagged(script, "nested") == ["[", "a", "b", "c", "cd", "make", "echo", "d"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a && b > x && [ -f y ]", True),
        ("a", True),
        ("a; b", False),
        ("a || true", False),
        ("a | b", False),
        ("a &", False),
        ("! a", False),
        ("a && (b)", False),
        ("A=1 && b", False),
        ("<<EOF\na\nb\nEOF", False),
        ('["a"]', False),
        ("", False),
    ],
)
def test_an_and_list_is_plain_commands_joined_by_and(body: str, expected: bool) -> None:
    assert read(body)[1].and_list is expected


@pytest.mark.parametrize("body", ["cd /x", "export A=1", ". ./env", "set -e", "A=1", "$X y", "f() { a; }", "umask 0"])
def test_what_changes_the_shell_for_later_commands(body: str) -> None:
    assert changes_shell_state(read(body)[1].commands[0])


@pytest.mark.parametrize("body", ["make", "(cd /x && make)", "A=1 make", "mkdir x"])
def test_what_does_not(body: str) -> None:
    assert not changes_shell_state(read(body)[1].commands[0])


def test_the_body_of_a_lone_heredoc_is_the_script() -> None:
    document, script = read("<<-EOF\n\tset -e\n\t# note\n\tpip install \\\n\t  x\n\tEOF")
    assert joined(script) == [("", "set"), ("\n", "pip")]
    assert script.commands[1].span.of(document.source) == b"pip install \\\n\t  x"


def test_a_heredoc_fed_to_a_command_is_not_a_script() -> None:
    document, script = read("cat <<EOF > /x && pip install y && z\nbody $(ls)\nEOF")
    assert joined(script) == [("", "cat"), ("&&", "pip"), ("&&", "z"), ("", "ls")]
    assert script.commands[0].span.of(document.source) == b"cat <<EOF > /x"
    assert script.commands[1].span.of(document.source) == b"pip install y"


@pytest.mark.parametrize(
    ("head", "body", "reason"),
    [
        ("FROM a\n", '["pip", "install"]', "exec form"),
        ('FROM a\nSHELL ["powershell", "-Command"]\n', "a", "SHELL powershell"),
        ('FROM a AS b\nSHELL ["cmd", "/S", "/C"]\nFROM b\n', "a", "SHELL cmd"),
        ("# escape=`\nFROM a\n", "dir C:\\", "Windows"),
        ("FROM a\n", "<<EOF\n#!/usr/bin/env python3\nprint(1)\nEOF", "a script for python3"),
        ("FROM a\n", "if x; then", "not in the grammar"),
        ("FROM a\n", "foo\\\nbar", "continued on the next line"),
    ],
)
def test_what_cannot_be_read_is_opaque_and_says_why(head: str, body: str, reason: str) -> None:
    script = read(body, head)[1]
    assert reason in (script.opaque or "")
    assert script.commands == ()


@pytest.mark.parametrize(
    "shell",
    ['["/bin/bash", "-o", "pipefail", "-c"]', '["/bin/ash", "-exc"]', '["conda", "run", "-n", "e", "/bin/bash", "-c"]'],
)
def test_posix_shells_are_read(shell: str) -> None:
    assert joined(read("a && b", f"FROM a\nSHELL {shell}\n")[1]) == [("", "a"), ("&&", "b")]


def test_only_the_shell_before_the_instruction_counts() -> None:
    document = parse(b'FROM a\nRUN x\nSHELL ["powershell"]\n')
    assert joined(parse_run(document, document.instructions[1])) == [("", "x")]


def test_a_trigger_is_read_like_a_run() -> None:
    document = parse(b"FROM a\nONBUILD RUN a && b\n")
    trigger = document.instructions[1].trigger
    assert trigger is not None
    assert joined(parse_run(document, trigger)) == [("", "a"), ("&&", "b")]


def test_a_redirection_belongs_to_the_last_command_of_a_list() -> None:
    document, script = read("a && b > /x")
    assert [command.span.of(document.source) for command in script.commands] == [b"a", b"b > /x"]
    assert flagged(script, "redirects") == ["b"]


def test_a_subshell_in_the_background_is_flagged_itself() -> None:
    assert [command.kind for command in read("(a) & b")[1].commands if command.background] == ["subshell"]


def test_long_lists_are_read_and_deep_ones_are_opaque() -> None:
    assert len(read(" && ".join(["true"] * MOST_COMMANDS))[1].commands) == MOST_COMMANDS
    assert read(" && ".join(["true"] * (MOST_COMMANDS + 1)))[1].opaque == f"more than {MOST_COMMANDS} commands"
    deep = read("$(" * 3000 + "a" + ")" * 3000)[1]
    assert deep.opaque
    assert read("(" * 2000 + "a" + ")" * 2000)[1].opaque


@pytest.mark.parametrize(
    ("body", "opaque"),
    [
        ("<<E\n" + "echo a\n" * 100_000 + "E", "longer than what a shell can be given"),
        ("a && \\\n" * 40_000 + "b", "longer than what a shell can be given"),
        ("cat " + "<<E " * 6_000 + "\n" + "E\n" * 6_000, "more heredocs in one line than can be read"),
        ('echo "' + "a\\\n" * 20_000 + '"', None),
        ("a & " * 3000 + "b", f"more than {MOST_COMMANDS} commands"),
    ],
)
def test_long_texts_are_answered_quickly(body: str, opaque: str | None) -> None:
    start = time.process_time()
    assert read(body)[1].opaque == opaque
    assert time.process_time() - start < 1


def test_what_a_shell_can_just_be_given_is_read() -> None:
    lines = ["echo " + "a" * 32_000, *[" " + "a" * 32_000] * 3]
    assert read("\\\n".join([*lines, " " + "a" * 3062]))[1].opaque is None
    assert read("\\\n".join([*lines, " " + "a" * 3063]))[1].opaque == "longer than what a shell can be given"


def test_a_word_is_split_within_a_substitution_of_a_string_too() -> None:
    assert read('echo "a\\\nb"')[1].opaque is None
    assert read('echo "$(cu\\\nrl x)"')[1].opaque == "a word that is continued on the next line"
