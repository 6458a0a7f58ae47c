"""Reading a .dockerignore, and what it says about a path."""

from __future__ import annotations

import pytest

from wizard.ignorefile import NO_IGNORE_FILE, IgnoreFileError, ignore_path, parse


def excluded(patterns: str, path: str) -> bool:
    return parse(patterns.encode()).explain(path)[0]


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        (b"\xef\xbb\xbf*.py\n", ["*.py"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"# comment\n  # pattern\n\n \t\n", ["# pattern"]),
        (b"\xc2\xa0docs\xe2\x80\x83", ["docs"]),
        (b"/docs/\n./docs\nweb/../docs\n//docs", ["docs"] * 4),
        (b"/\n.\n../docs", ["/", ".", "../docs"]),
        (b"! docs\n!/docs\n/!docs", ["docs"] * 3),
        (b"!!docs", ["!docs"]),
        (b"caf\xe9", ["caf\ufffd"]),
        (b"\x1fdocs\n\xc3\xa9", ["\x1fdocs", "é"]),
    ],
)
def test_a_line_is_trimmed_and_cleaned_as_go_does(content: bytes, texts: list[str]) -> None:
    assert [pattern.text for pattern in parse(content).patterns] == texts


def test_patterns_know_their_line_and_whether_they_are_exceptions() -> None:
    patterns = parse(b"# first\n\n*\n!src\n").patterns
    assert [(pattern.text, pattern.line, pattern.negated) for pattern in patterns] == [
        ("*", 3, False),
        ("src", 4, True),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("!", 'illegal exclusion pattern: "!"'),
        ("!/", 'illegal exclusion pattern: "!"'),
        ("/!", 'illegal exclusion pattern: "!"'),
        ("[a-", "syntax error in pattern"),
        ("[]a]", "syntax error in pattern"),
        ("[a-]", "syntax error in pattern"),
        ("a/\\", "syntax error in pattern"),
        ("!docs\\", "syntax error in pattern"),
        ("?[", "syntax error in pattern"),
        ("*.*[", "syntax error in pattern"),
        ("x" * 65536, "bufio.Scanner: token too long"),
    ],
)
def test_a_pattern_that_buildkit_refuses_is_named_with_its_line(line: str, message: str) -> None:
    with pytest.raises(IgnoreFileError) as refused:
        parse(f"docs\n# a comment\n{line}\n".encode(), "web/Dockerfile.dockerignore")
    error = refused.value
    assert (error.message, error.path, error.line, error.exit_code) == (message, "web/Dockerfile.dockerignore", 3, 2)
    place = "3" if "too long" in message else "3:1"
    assert str(error).startswith(f"web/Dockerfile.dockerignore:{place}: {message}")


@pytest.mark.parametrize(
    ("line", "column"), [("  a\tb", 4), ("a b\x0b!", 4), ("*.p\x7f", 4), (" # \0", 4), ("é/[a-", 1), ("\t [a-", 3)]
)
def test_the_column_is_that_of_the_pattern_or_of_the_character_that_cannot_be_sent(line: str, column: int) -> None:
    with pytest.raises(IgnoreFileError) as refused:
        parse(f"docs\n{line}\n".encode())
    assert (refused.value.line, refused.value.column) == (2, column)


@pytest.mark.parametrize("content", ["a\tb\né\n", "# a\tb\nq\n", "a\t\n", "\ta\n"])
def test_a_tab_is_sent_with_patterns_that_are_encoded_and_none_is_that_is_trimmed(content: str) -> None:
    assert parse(content.encode()).patterns


def test_a_class_with_undecodable_bytes_is_refused() -> None:
    with pytest.raises(IgnoreFileError, match="syntax error in pattern"):
        parse(b"[\xe9]")


@pytest.mark.parametrize(
    "pattern", ["[b-a]", "b*q[", "q\\8", "a{2}{3}*", "x\\y", "[[:word:][:no:]]", "*{1001}", "a|{2}*"]
)
def test_a_pattern_that_fails_only_when_tried_is_refused_then(pattern: str) -> None:
    ignore = parse(f"docs\n{pattern}\n".encode())
    assert ignore.explain("docs") == (True, 1)
    with pytest.raises(IgnoreFileError, match=r"^\.dockerignore:2: syntax error in pattern"):
        ignore.explain("web")


def test_an_exception_that_has_nothing_to_undo_is_never_tried() -> None:
    assert parse(b"![b-a]").explain("docs") == (False, None)


@pytest.mark.parametrize(
    ("patterns", "inside", "outside"),
    [
        ("test_\\d", "test_1", "test_d"),
        ("[!x]", "!", "y"),
        ("[^x]", "y", "x"),
        ("[[:alpha:]]", "q", "1"),
        ("[[:^alpha:]]", "1", "q"),
        ("\\x61*", "ab", "x61"),
        ("\\x{e9}.txt", "é.txt", "e.txt"),
        ("\\101", "A", "a"),
        ("a{2}?", "aab", "ab"),
        ("{a,b}*", "{a,b}c", "ac"),
        ("a|b*", "xxb", "cx"),
        ("{0,2}a*", "xa", "b"),
        ("\\Q\\E{0,2}a*", "xa", "b"),
        ("zz\\Q*", "zz[^/]*$", "zzz"),
        ("\\pLx", "éx", "1x"),
        ("\\P{Lu}x", "éx", "Éx"),
        ("\\w\\W", "a-", "é-"),
        ("[\\D]", "a", "1"),
        ("\\bfoo", "foo", "foobar"),
        ("f*\\z", "foo", "b"),
        ("[a*]", "a^]", "a"),
        ("a.b*", "a.bc", "axbc"),
        ("a$b?", "a$bc", "a$b"),
        ("foo**", "foobar/baz", "afoo"),
        ("**foo", "bar/afoo", "foobar"),
        ("a?**", "ab/c", "b"),
        ("**/a/**", "x/a/b", "x/b"),
        ("a/**/b", "a/b", "ab"),
    ],
)
def test_a_pattern_keeps_the_syntax_of_re2(patterns: str, inside: str, outside: str) -> None:
    assert excluded(patterns, inside)
    assert not excluded(patterns, outside)


def test_explain_names_the_line_that_decides() -> None:
    ignore = parse(b"# keep one page\ndocs\n!docs/api/*.md\ndocs/api/draft.md\n")
    assert ignore.explain("docs/x.txt") == (True, 2)
    assert ignore.explain("docs/api/z.md") == (False, 3)
    assert ignore.explain("docs/api/draft.md") == (True, 4)
    assert ignore.explain("web") == (False, None)


def test_an_exception_that_cannot_match_inside_an_excluded_folder_is_not_looked_for() -> None:
    assert parse(b"docs\n!docs/api").explain("docs/api/z.md") == (False, 2)
    assert parse(b"docs\n!web/z.md").explain("docs/z.md") == (True, 1)


def test_without_patterns_nothing_is_excluded() -> None:
    assert NO_IGNORE_FILE.explain("docs/x.md") == (False, None)


def test_the_file_next_to_the_dockerfile_replaces_the_one_of_the_context() -> None:
    files = {".dockerignore", "docker/Dockerfile.dockerignore", "Dockerfile.dev.dockerignore", "docker/.dockerignore"}
    assert ignore_path("docker/Dockerfile", files.__contains__) == "docker/Dockerfile.dockerignore"
    assert ignore_path("Dockerfile.dev", files.__contains__) == "Dockerfile.dev.dockerignore"
    assert ignore_path("Dockerfile", files.__contains__) == ".dockerignore"
    assert ignore_path("docker/Other", files.__contains__) == ".dockerignore"
    assert ignore_path("docker/Other", lambda _: False) is None
