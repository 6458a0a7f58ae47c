"""What is left of ours on disk and on the engine, and what is not ours."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from tests.conftest import Engine as DockerEngine
from wizard.build.api import EngineApi
from wizard.build.marks import BUILD_LABELS
from wizard.compare.clean import comparison_of_cache, find_leftovers, remove
from wizard.demo_copies import at_work


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


def test_the_copy_of_a_sample_is_in_use_while_a_dockwiz_is_at_work_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKWIZ_STATE", str(tmp_path))
    copy = tmp_path / "demo" / "flask-ocr-12345678"
    (copy / "templates").mkdir(parents=True)
    with at_work(copy):
        # A second one, in a folder of the copy, ends first.
        with at_work(copy / "templates"):
            assert [item.in_use for item in find_leftovers(None, tmp_path)] == [True]
        assert [item.in_use for item in find_leftovers(None, tmp_path)] == [True]
    assert [item.in_use for item in find_leftovers(None, tmp_path)] == [False]
    assert list(copy.iterdir()) == [copy / "templates"], "nothing is written into it"
    with at_work(tmp_path / "repo" / "demo"), at_work(tmp_path / "nowhere"):
        assert [item.in_use for item in find_leftovers(None, tmp_path)] == [False]


@pytest.mark.engine
def test_the_image_of_a_build_is_ours_and_what_was_made_of_it_is_not(
    engine: DockerEngine, api: EngineApi, tmp_path: Path
) -> None:
    name = f"dockwiz-test-{uuid.uuid4().hex[:12]}"
    ours, further, derived = f"{name}:dockwiz", f"{name}:1.0", f"{name}:derived"
    labels = [f"--label={key}={value}" for key, value in BUILD_LABELS.items()]

    def build(tag: str, dockerfile: str, *options: str) -> None:
        (tmp_path / "Dockerfile").write_text(dockerfile)
        engine.docker("buildx", "build", "-q", "--provenance=false", *options, "-t", tag, tmp_path)

    build(ours, f"FROM debian:bookworm-slim\nENV ONCE={name}\nCMD sleep 300\n", *labels)
    build(derived, f"FROM {ours}\nENV MORE=1\n")
    container = engine.docker("run", "-d", "--name", name, ours).strip()
    try:
        found = tuple(item for item in find_leftovers(api, tmp_path) if name in item.name or container in item.id)
        assert [(item.kind, item.name) for item in found] == [("image", ours)]
        # A container of the person's needs it.
        assert "container" in remove(api, found)[0]
        engine.docker("rm", "-f", name)
        engine.docker("tag", ours, further)
        assert remove(api, found) == ()
        left = engine.docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", name).split()
        assert sorted(left) == [further, derived]
    finally:
        engine.run(["docker", "rm", "-f", name])
        engine.run(["docker", "image", "rm", "-f", ours, further, derived])


def test_the_cache_mounts_of_comparisons_are_ours_and_others_of_that_name_are_not() -> None:
    """In the words of engine 28.5."""
    said = 'cached mount /cache from exec /bin/sh -c echo d > /cache/file with id "{}"'
    ours = "dockwiz-20260101-000000000000-999-before-1/zzz"
    assert comparison_of_cache(said.format(ours)) == ("20260101-000000000000-999", ours)
    for other in ("dockwiz-images/zzz", "dockwiz-test:9b799620/debian-bookworm-apt-lists", "debian-bookworm-apt-cache"):
        assert comparison_of_cache(said.format(other)) is None
    assert comparison_of_cache("cached mount /cache from exec /bin/sh -c true") is None
