"""What is read from the machine's own configuration."""

from __future__ import annotations

from tests.engine.machine import parse_deb822, parse_one_line


def test_deb822_sources_are_read_and_disabled_ones_left_out() -> None:
    text = (
        "Types: deb deb-src\n# a comment\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\n"
        "Components: main contrib\n\n"
        "Types: deb\nEnabled: no\nURIs: http://other.example\nSuites: sid\nComponents: main\n"
    )
    assert [(source.uri, source.suite) for source in parse_deb822(text)] == [
        ("http://mirror.example/debian", "bookworm"),
        ("http://mirror.example/debian", "bookworm-updates"),
    ]


def test_one_line_sources_are_read_with_options_and_without_comments() -> None:
    text = (
        "# deb http://no.example sid main\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib\n"
    )
    assert [(source.suite, source.components) for source in parse_one_line(text)] == [("bookworm", ("main", "contrib"))]
