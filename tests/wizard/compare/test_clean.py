"""What is left of ours on disk."""

from __future__ import annotations

from pathlib import Path

from wizard.compare.clean import find_leftovers, remove


def test_copies_of_comparisons_and_of_samples_are_found_and_removed(tmp_path: Path) -> None:
    for folder in ("repo-12ab/compare/20260101-000000-999999999", "demo/flask-ocr-x1"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "file").write_bytes(b"12345")
    (tmp_path / "repo-12ab" / "history.sqlite").write_bytes(b"kept")
    found = find_leftovers(None, tmp_path)
    assert [(item.kind, item.bytes, item.in_use) for item in found] == [("private copy", 5, False)] * 2
    assert remove(None, found) == ()
    assert find_leftovers(None, tmp_path) == ()
    assert (tmp_path / "repo-12ab" / "history.sqlite").exists()
