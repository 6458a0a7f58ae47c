"""Commands come and go in a RUN without a trace of them, in the style of the list."""

import pytest

from wizard.dockerfile import Document, EditConflict, parse
from wizard.dockerfile.editing import splice
from wizard.dockerfile.run_editing import insert_command, remove_command
from wizard.dockerfile.shell import Script, parse_run


def read(body: str) -> tuple[Document, Script]:
    document = parse(f"FROM x\nRUN {body}\nCMD y\n".encode())
    return document, parse_run(document, document.instructions[1])


def body(document: Document) -> str:
    text = document.source.decode()
    assert text.startswith("FROM x\nRUN ")
    assert text.endswith("\nCMD y\n")
    return text.removeprefix("FROM x\nRUN ").removesuffix("\nCMD y\n")


LEADING = "a x \\\n    # why b\n    && b y \\\n    && c z"
TRAILING = "a x && \\\n    b y && \\\n    c z"
HEREDOC = "<<EOF\nset -e\n# why b\n  b y\nc z\nEOF"


@pytest.mark.parametrize(
    ("before", "name", "after"),
    [
        ("a x && b y && c z", "a", "b y && c z"),
        ("a x && b y && c z", "b", "a x && c z"),
        ("a x && b y && c z", "c", "a x && b y"),
        ("a x; b y; c z", "b", "a x; c z"),
        (LEADING, "a", "\\\n    # why b\n    b y \\\n    && c z"),
        (LEADING, "b", "a x \\\n    && c z"),
        (LEADING, "c", "a x \\\n    # why b\n    && b y"),
        (TRAILING, "a", "b y && \\\n    c z"),
        (TRAILING, "b", "a x && \\\n    c z"),
        (TRAILING, "c", "a x && \\\n    b y"),
        (HEREDOC, "b", "<<EOF\nset -e\nc z\nEOF"),
        (HEREDOC, "c", "<<EOF\nset -e\n# why b\n  b y\nEOF"),
    ],
)
def test_a_command_goes_with_its_joiner_and_comment(before: str, name: str, after: str) -> None:
    document, script = read(before)
    command = next(command for command in script.top if command.name == name)
    assert body(splice(document, [remove_command(document, script, command)])) == after


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a", "a"),
        ("a || b", "a"),
        ("a || b", "b"),
        ("a | b && c", "a"),
        ("(a) && b", "a"),
        ("a & b", "a"),
        ("a; b && c", "b"),
    ],
)
def test_a_command_that_others_depend_on_stays(text: str, name: str) -> None:
    document, script = read(text)
    command = next(command for command in script.commands if command.name == name)
    with pytest.raises(EditConflict, match="Dockerfile:2"):
        remove_command(document, script, command)


@pytest.mark.parametrize(
    ("before", "name", "after"),
    [
        ("a && b", "a", "NEW && a && b"),
        ("a && b", "b", "a && NEW && b"),
        ("a && b", None, "a && b && NEW"),
        (LEADING, "a", "NEW \\\n    && " + LEADING),
        (LEADING, "b", "a x \\\n    && NEW \\\n    # why b\n    && b y \\\n    && c z"),
        (LEADING, None, LEADING + " \\\n    && NEW"),
        (TRAILING, "b", "a x && \\\n    NEW && \\\n    b y && \\\n    c z"),
        (TRAILING, None, TRAILING + " && \\\n    NEW"),
        (HEREDOC, "b", "<<EOF\nset -e\n  NEW\n# why b\n  b y\nc z\nEOF"),
        (HEREDOC, None, "<<EOF\nset -e\n# why b\n  b y\nc z\nNEW\nEOF"),
    ],
)
def test_a_command_is_added_as_the_others_are_written(before: str, name: str | None, after: str) -> None:
    document, script = read(before)
    command = next((command for command in script.top if command.name == name), None)
    assert body(splice(document, [insert_command(document, script, command, "NEW")])) == after


@pytest.mark.parametrize(("text", "name"), [("a; b", "b"), ("a || b", None), ("a | b", None), ("a || b", "b")])
def test_a_command_is_not_added_where_it_would_not_always_run(text: str, name: str | None) -> None:
    document, script = read(text)
    command = next((command for command in script.top if command.name == name), None)
    with pytest.raises(EditConflict):
        insert_command(document, script, command, "NEW")
