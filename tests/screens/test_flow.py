"""From the first look to files written and put back; and every bad input as a screen that says what to do."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from screens.app import run_wizard
from screens.cli import main
from screens.farewell import farewell
from screens.session import Page
from tests.screens.driving import DOCKERFILE, check_golden, frame, make_app, press, running
from wizard.errors import BadInput
from wizard.samples import lay_out

pytestmark = pytest.mark.usefixtures("no_engine")


async def test_nothing_is_written_before_enter_on_the_diff(shop: Path) -> None:
    before = {path: path.read_bytes() for path in shop.rglob("*") if path.is_file()}
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "space", "space", "enter", "escape", "enter")
        assert {path: path.read_bytes() for path in shop.rglob("*") if path.is_file()} == before


async def test_write_only_writes_and_undo_puts_every_byte_back(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "j", "space", "enter", "w")
        assert (shop / ".dockerignore").read_bytes() == b".git\n.venv\n"
        assert (shop / "Dockerfile").read_text() != DOCKERFILE
        assert "written; u undoes it" in frame(app)
        await press(pilot, "u")
        assert not (shop / ".dockerignore").exists()
        assert (shop / "Dockerfile").read_text() == DOCKERFILE
        assert "not written yet" in frame(app)


async def test_after_writing_the_plan_is_still_what_was_written(tmp_path: Path) -> None:
    repo = lay_out("flask-ocr", tmp_path / "flask-ocr")
    app = make_app(repo, rules=None)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "enter", "w")
        assert sorted(app.session.applied) == [".dockerignore", "Dockerfile"]
        assert not app.session.pending
        assert "written; u undoes it" in frame(app)


async def test_what_an_earlier_run_wrote_can_be_put_back_from_the_welcome(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "enter", "w")
    app = make_app(shop)
    async with running(app) as pilot:
        assert "dockwiz wrote Dockerfile here before: u puts that back." in frame(app)
        await press(pilot, "u")
        assert (shop / "Dockerfile").read_text() == DOCKERFILE
        assert "here before" not in frame(app)
        await press(pilot, "enter", "enter")
        assert "Copy the manifests before the sources" in frame(app)


async def test_an_undo_that_would_lose_later_edits_is_refused_on_the_welcome(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "enter", "w")
    edited = f"{(shop / 'Dockerfile').read_text()}# mine\n"
    (shop / "Dockerfile").write_text(edited)
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "u")
        assert "an undo would lose that" in frame(app)
        assert (shop / "Dockerfile").read_text() == edited


async def test_changing_the_selection_after_writing_writes_the_new_plan_over_the_original(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "enter", "w", "escape", "space", "j", "space", "enter", "w")
        assert (shop / "Dockerfile").read_text() == DOCKERFILE
        assert (shop / ".dockerignore").exists()
        await press(pilot, "u")
        assert not (shop / ".dockerignore").exists()


async def test_a_file_that_changed_under_the_wizard_is_noticed_before_writing(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "enter")
        (shop / "Dockerfile").write_text(DOCKERFILE + "# mine\n")
        await press(pilot, "w")
        assert "Changed on disk since the plan was made" in frame(app)
        assert (shop / "Dockerfile").read_text() == DOCKERFILE + "# mine\n"


async def test_without_an_engine_everything_up_to_apply_works_and_build_says_what_is_missing(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "enter", "enter")
        assert app.screen.PAGE is Page.BUILD  # type: ignore[attr-defined]
        assert "docker" in frame(app).lower()
        assert "r  tries again" in frame(app)
        assert (shop / "Dockerfile").read_text() != DOCKERFILE
        await press(pilot, "u")
        assert (shop / "Dockerfile").read_text() == DOCKERFILE


async def test_several_dockerfiles_are_asked_about(shop: Path) -> None:
    (shop / "Dockerfile.dev").write_text("FROM python:3.11-slim\nCOPY . .\n")
    app = make_app(shop)
    async with running(app) as pilot:
        check_golden("choose-80x24", frame(app))
        await press(pilot, "j", "enter")
        assert app.session.dockerfile == "Dockerfile.dev"
        await press(pilot, "enter")
        assert "-- Dockerfile.dev" in frame(app)


@pytest.mark.parametrize(
    ("name", "content"),
    [("none", None), ("empty", b""), ("binary", b"\x00\xff\xfe\x80" * 40), ("wrong", b"FROM a\nFORM b\n")],
)
async def test_a_dockerfile_that_cannot_be_read_is_a_screen_with_what_to_do(
    name: str, content: bytes | None, shop: Path
) -> None:
    (shop / "Dockerfile").unlink()
    if content is not None:
        (shop / "Dockerfile").write_bytes(content)
    app = make_app(shop)
    async with running(app) as pilot:
        assert "inspect" in app.flow.problems, name
        assert " x " in frame(app)
        assert "r Look again" in frame(app)
        (shop / "Dockerfile").write_text(DOCKERFILE)
        await press(pilot, "r")
        assert "Read Dockerfile. Press enter." in frame(app)


def test_a_path_that_is_not_there_is_refused_before_the_terminal_is_touched(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        run_wizard(tmp_path / "missing")


async def test_after_leaving_what_was_written_is_said_with_the_command_that_works_from_here(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "enter", "w")
    for here, path in ((shop, ""), (shop.parent, "shop "), (Path("/"), f"{shop.relative_to('/')} ")):
        monkeypatch.chdir(here)
        command = f"dockwiz undo {path}--yes"
        assert f"written: Dockerfile (put back with `{command}`)\n" in farewell(app.session, app.flow.problems)
    assert main(command.split()[1:]) == 0
    assert (shop / "Dockerfile").read_text() == DOCKERFILE


async def test_a_crash_of_ours_ends_the_application_without_a_traceback_on_the_terminal(shop: Path) -> None:
    app = make_app(shop)
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 (the error comes out at the end of the block)
        async with running(app) as pilot:
            app.flow.jobs.start("git", lambda: 1 / 0)
            await pilot.pause(0.1)
    assert isinstance(app.crash, ZeroDivisionError)


async def test_going_back_and_forth_keeps_the_selection(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "space", "enter", "escape", "escape", "enter")
        assert "> [ ] Copy the manifests" in frame(app)


async def test_all_safe_is_the_default_again_also_for_what_only_shows_up_behind_others(tmp_path: Path) -> None:
    app = make_app(lay_out("flask-ocr", tmp_path / "flask-ocr"), rules=None)

    def selected() -> list[str]:
        assert app.session.plan is not None
        return [step.proposal.rule for step in app.session.plan.selected]

    async with running(app) as pilot:
        await press(pilot, "enter", "enter")
        default = selected()
        assert "split-stages" in default
        await press(pilot, "x")
        assert selected() == []
        await press(pilot, "a")
        assert selected() == default


async def test_enter_says_that_it_only_builds_where_nothing_is_to_be_written(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "enter")
        assert "enter Apply+Build" in frame(app)
        await press(pilot, "w", "g")
        assert "enter Build" in frame(app)


async def test_on_a_narrow_screen_sentences_are_wrapped_and_not_cut(shop: Path) -> None:
    app = make_app(shop)
    async with running(app, (60, 20)) as pilot:
        await press(pilot, "enter", "enter", "x", "enter")
        assert "the build would run on the files as they are." in " ".join(frame(app).split())
        await press(pilot, "escape", "a", "enter", "enter")
        assert "Your files are written (Dockerfile); u puts them back." in " ".join(frame(app).split())


async def test_what_waits_for_the_plan_is_not_written_once_the_person_goes_on_choosing(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "enter")
        release = threading.Event()
        app.flow.jobs.start("plan", release.wait)
        app.flow.apply(then_build=True)
        assert app.session.plan is not None
        app.flow.toggle(app.session.plan.steps[0].proposal)
        release.set()
        await press(pilot)
        assert (shop / "Dockerfile").read_text() == DOCKERFILE
        assert not app.session.applied


async def test_a_key_pressed_while_files_are_put_back_writes_nothing_later(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "enter", "w")
        app.flow.undo()
        app.flow.apply(then_build=True)
        await press(pilot)
        assert (shop / "Dockerfile").read_text() == DOCKERFILE
        await press(pilot, "2", "j", "space")
        assert (shop / "Dockerfile").read_text() == DOCKERFILE
        assert not (shop / ".dockerignore").exists()


async def test_a_plan_that_failed_takes_the_waiting_consent_with_it(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "enter")
        release = threading.Event()

        def fails() -> None:
            release.wait()
            raise BadInput("no such file", path="requirements.txt")

        app.flow.jobs.start("plan", fails)
        app.flow.apply(then_build=False)
        release.set()
        await press(pilot)
        assert "No such file" in frame(app)
        app.flow.plan()
        await press(pilot)
        assert (shop / "Dockerfile").read_text() == DOCKERFILE


async def test_looking_again_after_writing_shows_the_files_as_they_are_now(shop: Path) -> None:
    """As after `e`: what was written is there, and the rest can still be added to it."""
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "enter", "w", "1")
        written = (shop / "Dockerfile").read_bytes()
        app.flow.inspect()
        await press(pilot)
        assert app.session.workspace.read("Dockerfile") == written
        assert "COPY requirements.txt ." in frame(app)
        await press(pilot, "enter", "space", "enter")
        assert "Written before: Dockerfile; u undoes it." in frame(app)
        await press(pilot, "w")
        assert "written; u undoes it" in frame(app)
        assert (shop / ".dockerignore").exists()
        assert (shop / "Dockerfile").read_bytes() == written


async def test_what_was_written_before_looking_again_stays_known_until_it_is_undone(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "enter", "w")
        app.flow.inspect()
        await press(pilot)
        assert "written: Dockerfile (" in farewell(app.session, app.flow.problems)
        await press(pilot, "1")
        assert "written: Dockerfile" in frame(app)
        assert "nothing has been changed" not in frame(app)
        await press(pilot, "2", "space", "enter", "w")
        twice = farewell(app.session, app.flow.problems)
        assert "written: .dockerignore, Dockerfile (" in twice
        assert "--yes`, 2 times)" in twice
        await press(pilot, "u")
        assert not (shop / ".dockerignore").exists()
        assert "written: Dockerfile (" in farewell(app.session, app.flow.problems)
        await press(pilot, "u")
        assert (shop / "Dockerfile").read_text() == DOCKERFILE
        assert farewell(app.session, app.flow.problems) == ""
        assert "not written yet" in frame(app)


async def test_on_the_build_page_what_was_written_before_looking_again_can_be_put_back(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "enter", "enter")
        app.flow.inspect()
        await press(pilot)
        assert app.page_in_sight is Page.BUILD
        await press(pilot, "u")
        assert (shop / "Dockerfile").read_text() == DOCKERFILE


async def test_a_full_disk_is_a_line_on_the_page_and_no_crash(shop: Path) -> None:
    app = make_app(shop)
    async with running(app) as pilot:
        await press(pilot, "enter", "enter", "enter")

        def full() -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "journal")

        app.flow.jobs.start("apply", full)
        await press(pilot)
        assert "No space left on device" in frame(app)
        assert "journal" in frame(app)
        assert app.crash is None
