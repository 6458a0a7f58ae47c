"""The walk over a build context."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from wizard.ignorefile import NO_IGNORE_FILE, Entry, IgnoreFileError, parse, walk


def make(root: Path, *files: str) -> Path:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text("12345")
    return root


def test_entries_come_depth_first_in_the_order_of_their_bytes(tmp_path: Path) -> None:
    make(tmp_path, "b/x", "b-a", "B", "a/z/y", "é")
    assert [entry.path for entry in walk(tmp_path, NO_IGNORE_FILE)] == [
        "B",
        "a",
        "a/z",
        "a/z/y",
        "b",
        "b/x",
        "b-a",
        "é",
    ]


def test_an_entry_has_its_kind_and_size_in_bytes(tmp_path: Path) -> None:
    make(tmp_path, "a/file")
    (tmp_path / "link").symlink_to("a/file")
    os.mkfifo(tmp_path / "pipe")
    assert list(walk(tmp_path, NO_IGNORE_FILE)) == [
        Entry("a", "dir", 0),
        Entry("a/file", "file", 5),
        Entry("link", "link", 6),
        Entry("pipe", "other", 0),
    ]


def test_a_socket_is_neither_file_nor_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        assert [entry.kind for entry in walk(tmp_path, NO_IGNORE_FILE)] == ["other"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    make(tmp_path, "outside/secret", "root/a/x")
    (tmp_path / "root/out").symlink_to(tmp_path / "outside")
    (tmp_path / "root/a/loop").symlink_to("..")
    (tmp_path / "root/broken").symlink_to("nowhere")
    kinds = {entry.path: entry.kind for entry in walk(tmp_path / "root", NO_IGNORE_FILE)}
    assert kinds == {"a": "dir", "a/loop": "link", "a/x": "file", "broken": "link", "out": "link"}


def test_the_root_may_be_a_link(tmp_path: Path) -> None:
    make(tmp_path, "real/x")
    (tmp_path / "context").symlink_to("real")
    assert [entry.path for entry in walk(tmp_path / "context", NO_IGNORE_FILE)] == ["x"]


def test_an_excluded_folder_is_sent_once_something_in_it_is_kept(tmp_path: Path) -> None:
    make(tmp_path, "docs/api/v1/z.md", "docs/x.md", "web/y")
    kept = list(walk(tmp_path, parse(b"*\n!docs/api/v1/z.md")))
    assert kept == [
        Entry("docs", "dir", 0),
        Entry("docs/api", "dir", 0),
        Entry("docs/api/v1", "dir", 0),
        Entry("docs/api/v1/z.md", "file", 5),
    ]


def test_an_undecodable_name_is_kept_as_it_is(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.txt")
    make(tmp_path, name)
    assert [entry.path for entry in walk(tmp_path, NO_IGNORE_FILE)] == [name]
    assert list(walk(tmp_path, parse(b"caf?.txt"))) == []
    assert [entry.path for entry in walk(tmp_path, parse(b"caf\xe9.txt"))] == [name]


def test_a_folder_deeper_than_the_recursion_limit_is_walked(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(1500):
        folder = folder / "d"
        folder.mkdir()
    try:
        assert sum(1 for _ in walk(tmp_path, NO_IGNORE_FILE)) == 1500
    finally:  # pytest's own cleaning is recursive
        while folder != tmp_path:
            folder.rmdir()
            folder = folder.parent


def test_a_missing_root_or_a_file_has_no_entries(tmp_path: Path) -> None:
    make(tmp_path, "file")
    assert list(walk(tmp_path / "missing", NO_IGNORE_FILE)) == []
    assert list(walk(tmp_path / "file", NO_IGNORE_FILE)) == []


def test_a_folder_that_cannot_be_listed_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "d" * 200
    monkeypatch.chdir(tmp_path)
    for _ in range(25):  # longer than a path may be
        Path(name).mkdir()
        os.chdir(name)
    entries = list(walk(tmp_path, NO_IGNORE_FILE))
    assert {entry.kind for entry in entries[:-1]} == {"dir"}
    assert entries[-1].kind == "unreadable"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_without_permission_is_reported_unless_excluded(tmp_path: Path) -> None:
    make(tmp_path, "closed/x", "open/y")
    (tmp_path / "closed").chmod(0)
    try:
        entries = list(walk(tmp_path, NO_IGNORE_FILE))
        assert entries[0] == Entry("closed", "unreadable", 0)
        assert [entry.path for entry in walk(tmp_path, parse(b"closed\n!closed/**"))] == ["open", "open/y"]
        assert [entry.path for entry in walk(tmp_path, parse(b"closed"))] == ["open", "open/y"]
    finally:
        (tmp_path / "closed").chmod(0o755)


def test_a_hostile_pattern_does_not_hang(tmp_path: Path) -> None:
    make(tmp_path, "a" * 200)
    started = time.perf_counter()
    assert len(list(walk(tmp_path, parse(b"*a*a*a*a*a*a*a*a*b\n**/*a*a*a*a*a*a*c*d")))) == 1
    assert time.perf_counter() - started < 5


def test_many_folders_of_any_depth_do_not_hang() -> None:
    ignore = parse(b"**/a/" * 12 + b"b\n" + b"**/*a*/" * 8 + b"c")
    started = time.process_time()
    assert ignore.explain("a/" * 30 + "d") == (False, None)
    assert ignore.explain("a/" * 30 + "b")[0]
    assert ignore.explain("a/" * 11 + "b") == (False, None)
    assert ignore.explain("x/a/" * 8 + "c")[0]
    assert ignore.explain("x/a/" * 7 + "c") == (False, None)
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "huge",
    [
        b"".join(b"a%d/b.py\n" % number for number in range(30_000)),
        b"".join(b"a%d/*.py\n" % number for number in range(2_000)),
        b"!a\nb\n" * 8_000,
        b"".join(b"a%d/**\n" % number for number in range(8_000)),
        b"**" * 20_000 + b"/a/**/b/**/c\n",
        b"**?" * 5_000 + b"b\n",
    ],
    ids=["names", "globs", "exceptions", "folders", "stars", "marks"],
)
def test_what_no_person_writes_takes_time_in_proportion_to_its_size(huge: bytes, tmp_path: Path) -> None:
    make(tmp_path, "x/y.py")
    started = time.process_time()
    assert [entry.path for entry in walk(tmp_path, parse(huge))] == ["x", "x/y.py"]
    assert time.process_time() - started < 6


@pytest.mark.parametrize("line", [b"*" * 1_000_000, b"**/" * 300_000, b"[a-" * 100_000, b"\x00" * 500_000])
def test_a_line_that_buildkit_does_not_read_is_one_clear_error_with_its_number(line: bytes) -> None:
    started = time.process_time()
    with pytest.raises(IgnoreFileError) as refused:
        parse(b"a\n" + line)
    assert str(refused.value).startswith(".dockerignore:2: bufio.Scanner: token too long")
    assert time.process_time() - started < 1
