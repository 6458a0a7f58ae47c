from __future__ import annotations

import ast

import pytest

from wizard.compare.edits import choose_source, covered, edited


def test_the_most_often_changed_source_is_chosen() -> None:
    counts = {"README.md": 90, "app/views.py": 12, "app/models.py": 3}
    assert choose_source(["README.md", "app/models.py", "app/views.py"], counts) == "app/views.py"


def test_without_history_the_file_nearest_to_the_root_is_chosen() -> None:
    assert choose_source(["pkg/deep/a.py", "main.py", "pkg/b.py"], {}) == "main.py"


@pytest.mark.parametrize(
    "path", ["requirements.txt", "pyproject.toml", "package.json", "setup.py", "logo.png", "Makefile"]
)
def test_manifests_and_unknown_kinds_are_never_edited(path: str) -> None:
    assert choose_source([path], {path: 100}) is None


def test_the_edit_is_a_comment_in_the_language_of_the_file() -> None:
    assert edited("a.py", b"x = 1", "t") == b"x = 1\n# dockwiz t\n"
    assert edited("a.ts", b"let x\r\n", "t") == b"let x\r\n// dockwiz t\r\n"
    assert edited("a.css", b"", "t") == b"/* dockwiz t */\n"
    assert edited("a.html", b"<p>\n", "t") == b"<p>\n<!-- dockwiz t -->\n"


def test_an_edited_program_means_the_same() -> None:
    source = b"def f():\n    return 1\n"
    assert ast.dump(ast.parse(edited("a.py", source, "t"))) == ast.dump(ast.parse(source))


@pytest.mark.parametrize(
    ("source", "taken"),
    [
        (".", ["a.py", "src/b.py", "src/deep/c.py"]),
        ("/", ["a.py", "src/b.py", "src/deep/c.py"]),
        ("./src/", ["src/b.py", "src/deep/c.py"]),
        ("src", ["src/b.py", "src/deep/c.py"]),
        ("*.py", ["a.py"]),
        ("sr?/*.py", ["src/b.py"]),
        ("a", []),
    ],
)
def test_which_files_a_copy_takes(source: str, taken: list[str]) -> None:
    assert list(covered(["a.py", "src/b.py", "src/deep/c.py"], [source])) == taken
